"""The tools at work: file first, then wait with progress beats, then answer. Between MCP and the queue."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import mcp_types as types
from mcp.server import ServerRequestContext

from sidecar_addon import asks, proposals
from sidecar_addon.asks import ProposalError
from sidecar_addon.proposals import Proposal
from sidecar_addon.supervise import allowlist, answers, tools
from sidecar_addon.supervise.queue import Queue, QueueFull
from sidecar_addon.times import iso

MAX_WAITING_CALLS = 64
CALLS_AT_ONCE = 60
CALLS_A_SECOND = 2.0

type Context = ServerRequestContext[Any, Any]


class Calls:
    """Handlers of `tools/list` and `tools/call`."""

    def __init__(self, queue: Queue, emit: Callable[[dict[str, Any]], None], proxy: str, beat: float) -> None:
        self._queue = queue
        self._emit = emit
        self._proxy = proxy
        self._beat = beat
        self._waiting: dict[str, int] = {}
        self._allowance = float(CALLS_AT_ONCE)
        self._counted_at = time.monotonic()
        self.closing = False
        """Set when the server stops: waiting calls answer `pending` at once."""

    async def list_tools(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """All five."""
        return types.ListToolsResult(tools=tools.ALL)

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """One call; what is wrong with it comes back as a tool error that the model can read."""
        if not self._within_rate():
            return _failure("Too many calls in a short time. Wait some seconds, then call again once.")
        arguments = dict(params.arguments or {})
        try:
            if params.name in asks.TOOLS:
                return await self._ask(context, params.name, arguments)
            if params.name == tools.PROPOSAL_STATUS.name:
                return await self._status(context, arguments)
            if params.name == tools.LIST_EGRESS_ROUTES.name:
                return await self._list_routes(arguments)
        except ProposalError as error:
            return _failure(f"Not filed. {error}" if params.name in asks.TOOLS else str(error))
        except OSError as error:
            return _failure(f"Not filed: the queue cannot be written ({error.strerror}). Tell the user.")
        known = ", ".join(tool.name for tool in tools.ALL)
        return _failure(f"There is no tool {params.name[:80]!a}; there are: {known}.")

    async def _ask(self, context: Context, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        args = asks.normalise(tool, arguments)
        asks.check_grantable(args, self._queue.state.grantable_tokens or {})
        proposal = self._queue.same_ask(tool, args)
        if proposal is None and "auth" in args:
            await self._refuse_auth_under_a_wildcard(args["host"])
            proposal = self._queue.same_ask(tool, args)
        if proposal is None:
            try:
                proposal = self._queue.file(tool, args, _author(context))
            except QueueFull as full:
                return _failure(
                    f"Not filed: {full}, and no more may wait. See how they stand with proposal-status before you "
                    f"ask for more: {', '.join(full.ids)}."
                )
        # From here on the proposal is on disk: whatever happens to this call, it is not lost.
        await self._wait(context, proposal, self._queue.state.wait_seconds)
        return await self._answer(context, proposal)

    async def _refuse_auth_under_a_wildcard(self, host: str) -> None:
        """A wildcard's route carries no credential. Asked of the gate; without its answer the host refuses it later."""
        try:
            wildcard = allowlist.wildcard_over(await allowlist.fetch(self._proxy, allowlist.QUICK), host)
        except allowlist.GateUnreachable:
            return
        if wildcard is not None:
            raise ProposalError(
                f"auth: {host} is covered by the route {wildcard}, and a wildcard carries no credential. "
                "Ask without auth, or tell the user that the operator has to add an exact route for it."
            )

    async def _status(self, context: Context, arguments: dict[str, Any]) -> types.CallToolResult:
        unknown = arguments.keys() - {"id", "wait_seconds"}
        if unknown:
            raise ProposalError(
                f"proposal-status: {sorted(unknown)[0][:64]!a} is not known here; known: id, wait_seconds"
            )
        identity = str(arguments.get("id", "")).strip().upper()
        proposal = self._queue.proposal(identity) if proposals.is_id(identity) else None
        if proposal is None:
            waiting = ", ".join(self._queue.open_ids()) or "none"
            return _failure(f"There is no proposal of that id. Waiting now: {waiting}.")
        seconds = arguments.get("wait_seconds") or 0
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
            raise ProposalError("wait_seconds: must be a number of seconds, 0 or more")
        await self._wait(context, proposal, min(seconds, self._queue.state.wait_seconds))
        return await self._answer(context, proposal)

    async def _list_routes(self, arguments: dict[str, Any]) -> types.CallToolResult:
        if arguments:
            raise ProposalError("list-egress-routes: takes no arguments")
        try:
            table = await allowlist.fetch(self._proxy)
        except allowlist.GateUnreachable as error:
            return _failure(f"The allowlist is not known: {error}. Try again in a little while.")
        text, data = allowlist.cut(table)
        return _result(text, data)

    async def _wait(self, context: Context, proposal: Proposal, seconds: float) -> None:
        """Until it is decided, or decided anew, or the time is over, or the client is gone."""
        before = self._queue.decision(proposal.id)
        started = time.monotonic()
        if sum(self._waiting.values()) >= MAX_WAITING_CALLS:
            return
        with self._counted(proposal.id):
            while not self._queue.is_final(proposal.id) and self._queue.decision(proposal.id) == before:
                left = started + seconds - time.monotonic()
                if left <= 0 or self.closing:
                    return
                changed = self._queue.changed
                with anyio.move_on_after(min(self._beat, left)):
                    await changed.wait()
                    continue
                if await _gone(context):
                    return
                await self._progress(context, proposal, time.monotonic() - started, seconds)

    async def _progress(self, context: Context, proposal: Proposal, waited: float, seconds: float) -> None:
        message = f"proposal {proposal.id} for {answers.subject(proposal)} waits for the operator"
        await context.session.report_progress(min(waited, seconds), float(seconds), message)

    async def _answer(self, context: Context, proposal: Proposal) -> types.CallToolResult:
        queue = self._queue
        decision = queue.decision(proposal.id)
        rejected = decision is not None and decision.status == "rejected"
        remembered = queue.remembered_until(proposal.id) if rejected else None
        answer = answers.of(proposal, decision, queue.state, queue.now(), remembered)
        if not await _gone(context):
            queue.mark_read(proposal.id)
        return _result(answer.text, answer.data)

    @contextmanager
    def _counted(self, identity: str) -> Iterator[None]:
        """Says on the event line that a call waits, and that none waits any more."""
        self._waiting[identity] = self._waiting.get(identity, 0) + 1
        if self._waiting[identity] == 1:
            self._emit({"event": "waiting", "id": identity, "since": iso(self._queue.now())})
        try:
            yield
        finally:
            self._waiting[identity] -= 1
            if not self._waiting[identity]:
                del self._waiting[identity]
                self._emit({"event": "waiting_ended", "id": identity})

    def _within_rate(self) -> bool:
        now = time.monotonic()
        self._allowance = min(CALLS_AT_ONCE, self._allowance + (now - self._counted_at) * CALLS_A_SECOND)
        self._counted_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True


async def _gone(context: Context) -> bool:
    """Whether the client has hung up, as far as the transport can tell."""
    ask: Callable[[], Awaitable[bool]] | None = getattr(context.request, "is_disconnected", None)
    return ask is not None and await ask()


def _author(context: Context) -> str:
    """The client's own word for itself: foreign text, cut."""
    client = context.session.client_params
    if client is None:
        return "agent"
    text = f"{client.client_info.name} {client.client_info.version}".encode("utf-8", "replace").decode()
    return text.strip()[: proposals.MAX_AUTHOR] or "agent"


def _result(text: str, data: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=data)


def _failure(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)
