"""The gate as a mitmproxy addon: hooks only. Every hook is wrapped, because mitmproxy lets a request through when a
hook raises: an exception in a decision denies, one in an answer cuts it."""

import asyncio
import contextlib
import secrets as random
import sys
import traceback
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData

from sidecar_addon.gate import headers, requests, secrets
from sidecar_addon.gate.answers import Answers
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flight, Flights
from sidecar_addon.gate.identity import same
from sidecar_addon.gate.judge import Verdict, judge, judge_connect
from sidecar_addon.gate.local_page import HOST, LocalPage
from sidecar_addon.gate.password import asks_password, knows_password
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.refusal import Refusal
from sidecar_addon.gate.settings import Settings
from sidecar_addon.gate.tokens import matching
from sidecar_addon.hosts import HostError, normalise
from sidecar_addon.matching import Request

_NOWHERE = Request("?", "?", "?", 0, "?")


class GateAddon:
    """Decides in `requestheaders`, before anything is dialled, resolved or streamed."""

    name = "gate"

    def __init__(self, settings: Settings, policy: Policy, flights: Flights, events: Events) -> None:
        self._settings = settings
        self._policy = policy
        self._flights = flights
        self._events = events
        self._page = LocalPage(policy, settings.monotonic)
        self._answers = Answers(flights)
        self._tunnels: WeakKeyDictionary[Client, tuple[str, int]] = WeakKeyDictionary()
        self._changed = asyncio.Event()

    def table_changed(self) -> None:
        """Wake the requests that wait for a hold to end; they look at the new table."""
        self._changed.set()
        self._changed = asyncio.Event()

    # ---- decisions -------------------------------------------------------------------------------------------------

    def http_connect(self, flow: HTTPFlow) -> None:
        """Refuse at once what needs no reason inside the tunnel."""
        try:
            self._connect(flow)
        except Exception:  # noqa: BLE001  the gate's decision: whatever fails, deny
            self._fail_closed(flow)

    async def requestheaders(self, flow: HTTPFlow) -> None:
        """Decide. Without a verdict the request is denied."""
        try:
            await self._decide(flow)
        except Exception:  # noqa: BLE001  the gate's decision: whatever fails, deny
            self._fail_closed(flow)

    def request(self, flow: HTTPFlow) -> None:
        """The agent has sent everything; its trailers have not gone on yet."""
        flight = self._flights.of(flow)
        if flight is None:
            return
        with self._cutting(flow, flight):
            if requests.secret_in_trailers(flow, self._settings.dlp_patterns, self._held()):
                flow.request.trailers = None
                flight.reason = "secret_in_request"
                self._events.denied(**flight.fields() | {"reason": "secret_in_request"})
                self._flights.cut([flight], "secret_in_request")
            self._flights.over(flow, request=True)

    # ---- answers ---------------------------------------------------------------------------------------------------

    def responseheaders(self, flow: HTTPFlow) -> None:
        """The head of an answer is there."""
        flight = self._flights.of(flow)
        if flight is not None:
            with self._cutting(flow, flight):
                self._answers.begin(flow, flight)

    def response(self, flow: HTTPFlow) -> None:
        """An answer is complete."""
        flight = self._flights.of(flow)
        if flight is not None:
            with self._cutting(flow, flight):
                self._answers.end(flow, flight)
                if not flow.websocket:
                    self._flights.over(flow, response=True)

    def error(self, flow: HTTPFlow) -> None:
        """No answer, or not all of one. `GateStream` sends the response that is set here, if none has begun."""
        flight = self._flights.of(flow)
        if flight is None:
            return
        with self._cutting(flow, flight):
            message = flow.error.msg if flow.error else "?"
            if flow.response is None:
                flow.response = self._answers.failed(flow, flight, message)
            if flight.cut is None and self._policy.hold_left() and "Client disconnected" not in message:
                flight.cut = "pipelock_restart"
            self._flights.over(flow, request=True, response=True)

    def websocket_message(self, flow: HTTPFlow) -> None:
        """Count a message, keep no older one, and never pass the gate's own credential to the agent."""
        flight = self._flights.of(flow)
        if flight is None:
            return
        with self._cutting(flow, flight):
            message = flow.websocket.messages[-1]
            del flow.websocket.messages[:-1]
            token = flow.metadata.get("token")
            if message.from_client:
                flight.bytes_up += len(message.content)
                return
            flight.bytes_down += len(message.content)
            if token is not None and token.encode() in message.content:
                message.drop()
                self._flights.cut([flight], "token_reflected")

    def websocket_end(self, flow: HTTPFlow) -> None:
        """A WebSocket is closed."""
        self._flights.over(flow, request=True, response=True)

    def client_disconnected(self, client: Client) -> None:
        """Whatever was under way on this connection is over."""
        self._flights.gone(client.id)

    # ---- connections -----------------------------------------------------------------------------------------------

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The last gate: nothing but the parent is ever dialled."""
        if data.server.address != self._settings.parent:
            data.server.error = "the gate dials nothing but its parent proxy"

    def tls_failed_client(self, data: TlsData) -> None:
        """An agent that does not trust the gate's CA would retry in silence: say it."""
        host = data.conn.sni or self._tunnels.get(data.conn, ("?", 0))[0]
        self._events.merged("client_refused_tls", (host,), host=host)

    def not_http(self, context: Context) -> Refusal:
        """Bytes that are no HTTP came through a tunnel."""
        host, port = self._tunnels.get(context.client, ("?", 0))
        return self._denied(Verdict("not_http", Request("?", "?", host, port, ""), "these bytes are no HTTP"))

    # ---- how -------------------------------------------------------------------------------------------------------

    def _connect(self, flow: HTTPFlow) -> None:
        request = flow.request
        if not self._has_password(flow):
            return
        verdict = judge_connect(self._policy, request.data.host, request.data.port)
        named = request.headers.get_all("host")
        if verdict.reason is None and (len(named) > 1 or not self._same_target(named, verdict.request)):
            verdict = Verdict("host_mismatch", verdict.request, "the Host of this CONNECT names another host or port")
        if verdict.reason is not None:
            flow.response = self._denied(verdict).response()
            return
        self._tunnels[flow.client_conn] = (request.data.host, request.data.port)

    def _same_target(self, named: list[str], asked: Request) -> bool:
        return all(same(text, normalise(asked.host), asked.port) for text in named)

    async def _decide(self, flow: HTTPFlow) -> None:
        tunnel = self._tunnels.get(flow.client_conn)
        if tunnel is None and not self._has_password(flow):
            return
        if flow.error is not None or headers.bad_bytes(flow.request.headers):
            self._refuse(flow, Verdict("not_http", self._asked(flow, tunnel), "this is no well-formed HTTP request"))
            return
        if tunnel is None and flow.request.data.host.lower() == HOST:
            self._answer_page(flow)
            return
        await self._hold()
        claims = requests.claims_of(flow, tunnel)
        verdict = judge(self._policy, claims)
        verdict = self._searched(flow, verdict)
        spent = None
        if verdict.reason is None and verdict.grant is not None and verdict.grant.uses is not None:
            spent = verdict.grant
            if not await asyncio.to_thread(self._policy.uses.spend, spent):
                verdict = Verdict("used_up", verdict.request, None, verdict.route, verdict.grant)
            else:
                verdict = judge(self._policy, claims, spent=spent)
        if verdict.reason is None:
            self._admit(flow, verdict)
        else:
            self._refuse(flow, verdict)

    def _searched(self, flow: HTTPFlow, verdict: Verdict) -> Verdict:
        """The verdict on a request that the table allows (or would, were it no WebSocket), after a look for secrets."""
        route = verdict.route
        if verdict.reason not in (None, "websocket_not_scannable") or route is None:
            return verdict
        requests.clean(flow, verdict.request)
        if route.has_auth:
            headers.strip_credentials(flow.request, route)
        found = requests.secret_in(flow, self._settings.dlp_patterns, self._held())
        if found is None:
            return verdict
        return Verdict("secret_in_request", verdict.request, f"it looks like: {found}", route, verdict.grant)

    def _admit(self, flow: HTTPFlow, verdict: Verdict) -> None:
        route, grant = verdict.route, verdict.grant
        if route is None or grant is None:
            raise AssertionError("allowed without a grant")
        requests.compose(flow, verdict.request)
        if route.has_auth:
            token = matching(self._policy.tokens, route)
            if token is None or verdict.request.scheme != "https":
                raise AssertionError("allowed without its token")
            headers.inject(flow.request, route, token)
            flow.metadata["token"] = token.value
        flight = Flight(
            random.token_hex(10), flow.client_conn.id, verdict.request, route, grant, self._settings.monotonic()
        )
        self._flights.admit(flow, flight)
        flow.request.stream = _counter(flight)

    def _refuse(self, flow: HTTPFlow, verdict: Verdict) -> None:
        flow.request.headers.pop("expect", None)  # or the agent would be told to send the body first
        flow.response = self._denied(verdict).response()

    def _denied(self, verdict: Verdict) -> Refusal:
        """Say it in an event, and give the refusal to answer with."""
        identity, asked = random.token_hex(10), self._shown(verdict)
        reason = verdict.reason or "gate_error"
        background = {"background": True} if asked.host in self._settings.background_hosts else {}
        self._events.denied(
            id=identity,
            method=asked.method,
            scheme=asked.scheme,
            host=asked.host,
            port=asked.port,
            path=asked.path,
            route=verdict.route.host if verdict.route else None,
            grant=verdict.grant.id if verdict.grant else None,
            proposal=verdict.grant.proposal if verdict.grant else None,
            reason=reason,
            **background,
        )
        return Refusal(identity, reason, asked.host, asked.path, asked.method, asked.port, verdict.detail)

    def _shown(self, verdict: Verdict) -> Request:
        """The request as events and answers may show it: without a secret that stands in its path or host."""
        asked = verdict.request
        path, host = asked.path, asked.host
        if self._is_secret(path):
            path = "/[redacted]"
        if self._is_secret(host):
            host = verdict.route.host if verdict.route else "[redacted]"
        return replace(asked, path=path, host=host)

    def _is_secret(self, text: str) -> bool:
        return secrets.find([text], self._settings.dlp_patterns, self._held()) is not None

    def _fail_closed(self, flow: HTTPFlow) -> None:
        """An exception came up in a decision: deny, and leave its place (no values) in the log for the operator."""
        kind, _, trace = sys.exc_info()
        place = traceback.extract_tb(trace)[-1]
        self._events.emit("gate_error", error=kind.__name__ if kind else "?", place=f"{place.filename}:{place.lineno}")
        flow.request.stream = False
        flow.metadata.pop("token", None)
        try:
            asked = self._asked(flow, self._tunnels.get(flow.client_conn))
        except Exception:  # noqa: BLE001  the same decision: what cannot even be named is denied as well
            asked = _NOWHERE
        self._refuse(flow, Verdict("gate_error", asked))

    def _asked(self, flow: HTTPFlow, tunnel: tuple[str, int] | None) -> Request:
        host, port = tunnel or (flow.request.data.host, flow.request.data.port)
        path = flow.request.data.path.partition(b"?")[0].decode("utf-8", "backslashreplace")
        with contextlib.suppress(HostError):
            host = normalise(host)
        return Request(
            requests.method_sent(flow), "https" if flow.client_conn.tls_established else "http", host, port, path
        )

    def _has_password(self, flow: HTTPFlow) -> bool:
        if knows_password(flow.request.headers, self._settings.proxy_password):
            return True
        flow.response = asks_password()
        return False

    def _answer_page(self, flow: HTTPFlow) -> None:
        target = flow.request.data.path.decode("utf-8", "replace")
        flow.response = self._page.answer(requests.method_sent(flow), target)
        self._events.merged("local_page", (target.partition("?")[0][:40],), path=target.partition("?")[0][:40])

    async def _hold(self) -> None:
        while left := self._policy.hold_left():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    def _held(self) -> list[str]:
        return [token.value for token in self._policy.tokens.all().values()]

    def _cutting(self, flow: HTTPFlow, flight: Flight) -> "_Cutting":
        return _Cutting(self, flight)

    def cut_after_error(self, flight: Flight, error: BaseException) -> None:
        """An exception came up while an answer passed: nothing more of it passes."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        self._events.emit("gate_error", error=type(error).__name__, place=f"{place.filename}:{place.lineno}")
        self._flights.cut([flight], "gate_error")


class _Cutting:
    """A block in which an exception cuts the flight instead of letting mitmproxy go on."""

    def __init__(self, gate: GateAddon, flight: Flight) -> None:
        self._gate = gate
        self._flight = flight

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if not isinstance(error, Exception):
            return False
        self._gate.cut_after_error(self._flight, error)
        return True


def _counter(flight: Flight) -> Any:
    def stream(chunk: bytes) -> bytes:
        if flight.cut is not None:
            return b""
        flight.bytes_up += len(chunk)
        return chunk

    return stream
