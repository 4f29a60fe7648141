"""Requests under way: what they were admitted by, what they have moved, and how they are cut."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mitmproxy.http import HTTPFlow

from sidecar_addon.gate.events import Events
from sidecar_addon.matching import Request
from sidecar_addon.table import Grant, Route

_STATS_ROOM = 10_000


@dataclass
class Flight:
    """One admitted request, until both its directions are over."""

    id: str
    client: str
    request: Request
    route: Route
    grant: Grant
    started: float
    answered: float | None = None
    status: int | None = None
    reason: str | None = None
    """Set when it was refused further on: by pipelock, or at the TLS handshake upstream."""
    cut: str | None = None
    bytes_up: int = 0
    bytes_down: int = 0
    request_over: bool = False
    response_over: bool = False

    def fields(self) -> dict[str, Any]:
        """What every event of this request says."""
        return {
            "id": self.id,
            "method": self.request.method,
            "scheme": self.request.scheme,
            "host": self.request.host,
            "port": self.request.port,
            "path": self.request.path,
            "route": self.route.host,
            "grant": self.grant.id,
            "proposal": self.grant.proposal,
        }


@dataclass
class ScanStats:
    """What scanning has cost on one host so far: milliseconds until the first byte of the answers."""

    requests: int = 0
    bytes: int = 0
    ms: int = 0


@dataclass
class Flights:
    """Every flight by its flow. `abort` ends all transports of a client connection at once."""

    events: Events
    monotonic: Callable[[], float]
    abort: Callable[[str], None]
    stats: dict[str, ScanStats] = field(default_factory=dict)
    _by_flow: dict[str, Flight] = field(default_factory=dict)
    _by_client: dict[str, dict[str, Flight]] = field(default_factory=dict)
    """The same ones. Many connections end at once, each with many requests: none of them looks at all there are."""

    def __len__(self) -> int:
        """How many are under way and not cut."""
        return sum(flight.cut is None for flight in self)

    def __iter__(self) -> Iterator[Flight]:
        return iter(list(self._by_flow.values()))

    def admit(self, flow: HTTPFlow, flight: Flight) -> None:
        """A request was let through."""
        self._by_flow[flow.id] = flight
        self._by_client.setdefault(flight.client, {})[flow.id] = flight
        self.events.emit("allowed", **flight.fields(), reason=None)

    def of(self, flow: HTTPFlow) -> Flight | None:
        """The flight of a flow that was admitted and is not over."""
        return self._by_flow.get(flow.id)

    def cut(self, flights: Iterable[Flight], reason: str) -> int:
        """Abort these flights' connections; how many requests that ends."""
        clients = {flight.client for flight in flights}
        ended = [flight for client in clients for flight in self._by_client.get(client, {}).values()]
        for flight in ended:
            flight.cut = flight.cut or reason
        for client in clients:
            with contextlib.suppress(KeyError):
                self.abort(client)
        return len(ended)

    def over(self, flow: HTTPFlow, *, request: bool = False, response: bool = False) -> None:
        """One direction has ended; the flight with it when both have."""
        flight = self.of(flow)
        if flight is None:
            return
        flight.request_over = flight.request_over or request
        flight.response_over = flight.response_over or response
        if flight.request_over and flight.response_over:
            self._finish(flow.id, flight)

    def gone(self, client: str) -> None:
        """A client connection is closed: whatever was under way on it is over."""
        for identity, flight in list(self._by_client.get(client, {}).items()):
            self._finish(identity, flight)

    def by_host(self) -> dict[str, int]:
        """How many are under way and not cut, by host."""
        return dict(Counter(flight.request.host for flight in self if flight.cut is None))

    def _finish(self, identity: str, flight: Flight) -> None:
        del self._by_flow[identity]
        of_client = self._by_client[flight.client]
        del of_client[identity]
        if not of_client:
            del self._by_client[flight.client]
        now = self.monotonic()
        if flight.route.pipelock == "scanned":
            self._count(flight, (flight.answered or now) - flight.started)
        self.events.emit(
            "finished",
            **flight.fields(),
            reason=flight.reason,
            status=flight.status,
            bytes_up=flight.bytes_up,
            bytes_down=flight.bytes_down,
            ms=round((now - flight.started) * 1000),
            cut=flight.cut,
        )

    def _count(self, flight: Flight, seconds: float) -> None:
        host = flight.request.host
        if host not in self.stats and len(self.stats) >= _STATS_ROOM:
            return
        stats = self.stats.setdefault(host, ScanStats())
        stats.requests += 1
        stats.bytes += flight.bytes_up + flight.bytes_down
        stats.ms += round(seconds * 1000)
