"""Letting requests in: the steps from a judged request to one that is sent on with its credential, or refused."""

import asyncio
import contextlib
import secrets as random
from dataclasses import replace
from typing import Any

from mitmproxy.http import HTTPFlow

from sidecar_addon.gate import headers, requests, secrets
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flight, Flights
from sidecar_addon.gate.identity import Claims
from sidecar_addon.gate.judge import Verdict, judge
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.refusal import Refusal
from sidecar_addon.gate.settings import Settings
from sidecar_addon.gate.tokens import matching
from sidecar_addon.hosts import HostError, normalise
from sidecar_addon.matching import Request
from sidecar_addon.table import Route

_SEARCHED = 6
"""Shorter tokens stand in ordinary text by chance, so they are not searched in what the agent sends."""


class Admission:
    """Admits or refuses one flow at a time; what raises in here, the addon turns into a denial."""

    def __init__(self, settings: Settings, policy: Policy, flights: Flights, events: Events) -> None:
        self._settings = settings
        self._policy = policy
        self._flights = flights
        self._events = events
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._turn_is_taken = False

    def table_changed(self) -> None:
        """Wake the requests that wait for a hold to end; they look at the new table."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def decide(self, flow: HTTPFlow, tunnel: tuple[str, int] | None) -> None:
        """Admit the flow, whose turn it is, or set its refusal."""
        if flow.error is not None or headers.bad_bytes(flow.request.headers):
            self.refuse(flow, Verdict("not_http", asked_by(flow, tunnel), "this is no well-formed HTTP request"))
            return
        while self._policy.hold_left():
            await self._hold()
            await self.turn()
        claims = requests.claims_of(flow, tunnel)
        verdict = self._searched(flow, judge(self._policy, claims))
        if verdict.reason is None and verdict.grant is not None and verdict.grant.uses is not None:
            # By another table its route may carry a token now: then the agent's own credentials have to go.
            verdict = self._searched(flow, await self._spend(claims, verdict))
        if verdict.reason is None:
            self._admit(flow, verdict)
        else:
            self.refuse(flow, verdict)

    async def turn(self) -> None:
        """Wait for one's turn to be looked at, and between two turns let the loop do everything else.

        A head of 64 KiB takes a while to search. A thousand of them at once would keep what the operator has decided
        from coming into force until the last was done.
        """
        async with self._turn:
            while self._turn_is_taken:
                await asyncio.sleep(0)
            self._turn_is_taken = True
            asyncio.get_running_loop().call_soon(self._free_turn)

    def _free_turn(self) -> None:
        self._turn_is_taken = False

    def refuse(self, flow: HTTPFlow, verdict: Verdict) -> None:
        """Answer with the refusal; nothing of the request goes on, and nothing more of it is asked for."""
        flow.request.headers.pop("expect", None)  # or the agent would be told to send the body first
        flow.response = self.denied(verdict).response()

    def denied(self, verdict: Verdict) -> Refusal:
        """Say a denial in an event, and give the refusal to answer with."""
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

    def secret_in_trailers(self, flow: HTTPFlow, route: Route) -> bool:
        """Whether the trailers that the agent sent hold a secret, without those that do not go on."""
        if flow.request.trailers:
            headers.clean_trailers(flow.request, route)
        return requests.secret_in_trailers(flow, self._settings.dlp_patterns, self._held()) is not None

    async def _hold(self) -> None:
        while left := self._policy.hold_left():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

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

    async def _spend(self, claims: Claims, verdict: Verdict) -> Verdict:
        """Take one use, on disk; then judge again: meanwhile the table may have changed, or others have taken the use.

        Another grant may admit the request then, and that one's use is to be taken too.
        """
        while verdict.reason is None and verdict.grant is not None and verdict.grant.uses is not None:
            grant = verdict.grant
            taken = await asyncio.to_thread(self._policy.uses.spend, grant)
            verdict = judge(self._policy, claims, spent=grant if taken else None)
            if taken and verdict.grant is not None and verdict.grant.id == grant.id:
                return verdict
            if verdict.reason is None and verdict.grant == grant:  # it could not be written
                return Verdict("used_up", verdict.request, None, verdict.route, grant)
        return verdict

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
        started = self._settings.monotonic()
        flight = Flight(random.token_hex(10), flow.client_conn.id, verdict.request, route, grant, started)
        self._flights.admit(flow, flight)
        flow.request.stream = _counter(flight)

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

    def _held(self) -> list[str]:
        tokens = self._policy.tokens.all().values()
        return [token.value for token in tokens if len(token.value) >= _SEARCHED]


def asked_by(flow: HTTPFlow, tunnel: tuple[str, int] | None) -> Request:
    """What a request that is not judged seems to ask for: for its event only."""
    host, port = tunnel or (flow.request.data.host, flow.request.data.port)
    path = flow.request.data.path.partition(b"?")[0].decode("utf-8", "backslashreplace")
    with contextlib.suppress(HostError):
        host = normalise(host)
    scheme = "https" if flow.client_conn.tls_established else "http"
    return Request(requests.method_sent(flow), scheme, host, port, path)


def _counter(flight: Flight) -> Any:
    def stream(chunk: bytes) -> bytes:
        if flight.cut is not None:
            return b""
        flight.bytes_up += len(chunk)
        return chunk

    return stream
