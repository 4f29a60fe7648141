"""The gate as a mitmproxy addon: hooks only. Every hook is wrapped, because mitmproxy lets a request through when a
hook raises: an exception in a decision denies, one in an answer cuts it."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData

from sidecar_addon.gate import requests
from sidecar_addon.gate.admission import Admission, asked_by
from sidecar_addon.gate.answers import Answers
from sidecar_addon.gate.crowd import Crowd
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flight, Flights
from sidecar_addon.gate.identity import same
from sidecar_addon.gate.judge import Verdict, judge_connect
from sidecar_addon.gate.local_page import HOST, LocalPage
from sidecar_addon.gate.password import asks_password, knows_password
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.refusal import Refusal
from sidecar_addon.gate.settings import Settings
from sidecar_addon.hosts import normalise
from sidecar_addon.matching import Request

_UNNAMED = Request("?", "?", "?", 0, "?")


class GateAddon:
    """Decides in `requestheaders`, before anything is dialled, resolved or streamed."""

    name = "gate"

    def __init__(self, settings: Settings, policy: Policy, flights: Flights, events: Events, crowd: Crowd) -> None:
        self._settings = settings
        self._policy = policy
        self._flights = flights
        self._events = events
        self._crowd = crowd
        self._page = LocalPage(policy, settings.monotonic)
        self._answers = Answers(flights)
        self._admission = Admission(settings, policy, flights, events)
        self._tunnels: WeakKeyDictionary[Client, tuple[str, int]] = WeakKeyDictionary()

    def table_changed(self) -> None:
        """A new table is in force."""
        self._admission.table_changed()

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
            tunnel = self._tunnels.get(flow.client_conn)
            if tunnel is None and not self._has_password(flow):
                return
            await self._admission.turn()
            if tunnel is None and flow.error is None and flow.request.data.host.lower() == HOST:
                self._answer_page(flow)
                return
            await self._admission.decide(flow, tunnel)
        except Exception:  # noqa: BLE001  the gate's decision: whatever fails, deny
            self._fail_closed(flow)

    async def request(self, flow: HTTPFlow) -> None:
        """The agent has sent everything; its trailers have not gone on yet."""
        if flow.request.trailers:
            await self._admission.turn()
        with self._cutting(flow) as flight:
            if flight is not None and self._admission.secret_in_trailers(flow, flight.route):
                flow.request.trailers = None
                flight.reason = "secret_in_request"
                self._events.denied(**flight.fields() | {"reason": "secret_in_request"})
                self._flights.cut([flight], "secret_in_request")
            self._flights.over(flow, request=True)

    # ---- answers ---------------------------------------------------------------------------------------------------

    def responseheaders(self, flow: HTTPFlow) -> None:
        """The head of an answer is there."""
        with self._cutting(flow) as flight:
            if flight is not None:
                self._answers.begin(flow, flight)

    def response(self, flow: HTTPFlow) -> None:
        """An answer is complete."""
        with self._cutting(flow) as flight:
            if flight is not None:
                self._answers.end(flow, flight)
            if not flow.websocket:
                self._flights.over(flow, response=True)

    def error(self, flow: HTTPFlow) -> None:
        """No answer, or not all of one. `GateStream` sends the response that is set here, if none has begun."""
        with self._cutting(flow) as flight:
            if flight is not None:
                self._answers.broken(flow, flight, flow.error.msg if flow.error else "?", self._policy.hold_left() > 0)
            self._flights.over(flow, request=True, response=True)

    def websocket_message(self, flow: HTTPFlow) -> None:
        """A message has come, and goes on after this."""
        with self._cutting(flow) as flight:
            if flight is not None:
                self._answers.message(flow, flight)

    def websocket_end(self, flow: HTTPFlow) -> None:
        """A WebSocket is closed."""
        with self._cutting(flow) as flight:
            if flight is not None:
                self._answers.closed(flow, flight)
        self._flights.over(flow, request=True, response=True)

    def client_connected(self, client: Client) -> None:
        """The agent has opened a connection; one that has an error here is closed."""
        try:
            has_room = self._crowd.has_room(client)
        except Exception:  # noqa: BLE001  the gate's decision: whatever fails, deny
            self._say(sys.exception())
            has_room = False
        if not has_room:
            client.error = "too many connections are open"

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
        asked = Request("?", "?", host, port, "")
        return self._admission.denied(Verdict("not_http", asked, "these bytes are no HTTP"))

    # ---- how -------------------------------------------------------------------------------------------------------

    def _connect(self, flow: HTTPFlow) -> None:
        request = flow.request
        if not self._has_password(flow):
            return
        verdict = judge_connect(self._policy, request.data.host, request.data.port)
        named = request.headers.get_all("host")
        if verdict.reason is None and (len(named) > 1 or not _same_target(named, verdict.request)):
            verdict = Verdict("host_mismatch", verdict.request, "the Host of this CONNECT names another host or port")
        if verdict.reason is None:
            self._tunnels[flow.client_conn] = (request.data.host, request.data.port)
        else:
            flow.response = self._admission.denied(verdict).response()

    def _has_password(self, flow: HTTPFlow) -> bool:
        if knows_password(flow.request.headers, self._settings.proxy_password):
            return True
        flow.response = asks_password()
        return False

    def _answer_page(self, flow: HTTPFlow) -> None:
        target = flow.request.data.path.decode("utf-8", "replace")
        flow.response = self._page.answer(requests.method_sent(flow), target)
        page = target.partition("?")[0][:40]
        self._events.merged("local_page", (page,), path=page)

    def _fail_closed(self, flow: HTTPFlow) -> None:
        """An exception came up in a decision: deny, and leave its place (no values) in the log for the operator."""
        self._say(sys.exception())
        flow.request.stream = False
        flow.metadata.pop("token", None)
        try:
            asked = asked_by(flow, self._tunnels.get(flow.client_conn))
        except Exception:  # noqa: BLE001  the same decision: what cannot even be named is denied as well
            asked = _UNNAMED
        self._admission.refuse(flow, Verdict("gate_error", asked))

    @contextmanager
    def _cutting(self, flow: HTTPFlow) -> Iterator[Flight | None]:
        """The flow's flight; an exception in the block cuts it instead of letting mitmproxy go on."""
        flight = self._flights.of(flow)
        try:
            yield flight
        except Exception as error:  # noqa: BLE001  the gate's decision on an answer: whatever fails, nothing more passes
            self._say(error)
            if flight is not None:
                self._flights.cut([flight], "gate_error")

    def _say(self, error: BaseException | None) -> None:
        frames = traceback.extract_tb(error.__traceback__ if error else None)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
        self._events.emit("gate_error", error=type(error).__name__, place=place)


def _same_target(named: list[str], asked: Request) -> bool:
    return all(same(text, normalise(asked.host), asked.port) for text in named)
