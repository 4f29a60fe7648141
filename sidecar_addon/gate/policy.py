"""The policy in force: the table in memory, how often one was loaded, and which grants have ended by themselves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sidecar_addon.gate.tokens import TokenStore, matching
from sidecar_addon.gate.uses import Uses
from sidecar_addon.matching import Conditions, Decision, Request, decide
from sidecar_addon.table import Grant, Route, Table

HOLD_LIMIT = timedelta(seconds=20)


class Policy:
    """What decides. `table` is None until one was loaded: then everything is denied."""

    def __init__(
        self, tokens: TokenStore, uses: Uses, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self.table: Table | None = None
        self.generation = 0
        self.tokens = tokens
        self.uses = uses
        self.ended: set[str] = set()
        self._now = now
        self._monotonic = monotonic
        self._deadlines: dict[str, float] = {}
        self._moments: dict[str, datetime] = {}
        self._next: tuple[datetime, float] | None = None
        """The earliest of both kinds still to come, so that a request need not look at every grant."""
        self._hold_end = 0.0

    def load(self, table: Table) -> None:
        """Put a table in force. Deadlines of grants that stay never move later on the monotonic clock."""
        now, tick = self._now(), self._monotonic()
        before, moments = self._deadlines, _moments(table)
        deadlines = {identity: tick + (moment - now).total_seconds() for identity, moment in moments.items()}
        for identity, deadline in deadlines.items():
            if self._moments.get(identity) == moments[identity]:
                deadlines[identity] = min(deadline, before[identity])
        self._deadlines, self._moments = deadlines, moments
        self.ended &= moments.keys()
        self.ended = {identity for identity in self.ended if deadlines[identity] <= tick}
        wait = (table.hold_until - now) if table.hold_until else timedelta(0)
        self._hold_end = tick + min(wait, HOLD_LIMIT).total_seconds()
        self.table = table
        self.generation += 1
        self._look_ahead()
        self.end_due()

    def end_due(self) -> set[str]:
        """Notice grants whose time is over by either clock; the ids that ended now."""
        now, tick = self._now(), self._monotonic()
        if self._next is None or (now < self._next[0] and tick < self._next[1]):
            return set()
        due = {
            identity
            for identity, moment in self._moments.items()
            if identity not in self.ended and (now >= moment or tick >= self._deadlines[identity])
        }
        self.ended |= due
        self._look_ahead()
        return due

    def _look_ahead(self) -> None:
        coming = self._moments.keys() - self.ended
        self._next = (
            (min(self._moments[identity] for identity in coming), min(self._deadlines[identity] for identity in coming))
            if coming
            else None
        )

    def hold_left(self) -> float:
        """Seconds for which new requests still wait; 0 when they don't."""
        return max(0.0, self._hold_end - self._monotonic())

    def decide(self, request: Request, *, spent: Grant | None = None) -> Decision:
        """The decision as of now. `spent` is a grant of which this request has already taken a use."""
        if self.table is None:
            return Decision(False, "gate_error")
        self.end_due()
        return decide(self.table, request, self._conditions(spent))

    def still_admits(self, request: Request, grant_id: str) -> str | None:
        """None while the grant with this id, as it is now, admits the request; else why not: the reason of a cut."""
        if self.table is None or self.table.quarantined:
            return "quarantined"
        route = self.table.route_for(request.host)
        grant = next((grant for grant in route.grants if grant.id == grant_id), None) if route else None
        if route is None or grant is None:
            return "revoked"
        alone = replace(self.table, routes=(replace(route, grants=(grant,)),), source=None)
        decision = decide(alone, request, self._conditions(grant))
        if decision.allowed or decision.reason == "token_missing":
            return None
        return "expired" if decision.reason == "expired" else "revoked"

    def _conditions(self, spent: Grant | None) -> Conditions:
        return Conditions(
            now=self._now(),
            uses_left=lambda grant: 1 if spent is not None and grant.id == spent.id else self.uses.left(grant),
            tokens_ready=self.token_ready,
            ended=self.ended,
        )

    def token_ready(self, route: Route) -> bool:
        """Whether the route's slot holds what the route names."""
        return matching(self.tokens, route) is not None


def _moments(table: Table) -> dict[str, datetime]:
    """When each grant ends: its own time, or its route's `passthrough_until`, the earlier."""
    found: dict[str, datetime] = {}
    for route, grant in table.grants():
        ends = [moment for moment in (grant.expires_at, route.passthrough_until) if moment is not None]
        if ends:
            found[grant.id] = min(ends)
    return found
