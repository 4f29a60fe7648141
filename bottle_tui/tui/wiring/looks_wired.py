"""The looking views' callables, bound to the real services of one world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottle_tui.core.operations import Operation
from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Row
from bottle_tui.core.views import Outcome
from bottle_tui.ports import World
from bottle_tui.services import history, listing, origin, pipelock, provenance, revoke, routes, save, traffic
from bottle_tui.tui.wiring.looks import Counted, Looks
from sidecar_addon.table import Grant

DRAIN_EVERY = 10.0
"""Seconds between two counts of a bottle's traffic while its routes are looked at."""


def looks(world: World) -> Looks:
    """All of them."""

    drains = _Drains(world)

    def revoked(slug: str, grant: str, shown: Grant | None) -> Outcome:
        return revoke.revoke(world, slug, grant=grant, shown=shown)

    def counted(slug: str, since: datetime | None, host: str | None) -> Counted:
        found = traffic.traffic(world, slug, since=since, host=host)
        return Counted(slug, found.rows, found.gaps, found.remark or "")

    def of_event(slug: str, event: Mapping[str, Any]) -> Provenance:
        return origin.of_subject(world, slug, event)

    def traffic_of(slug: str, grant: str) -> tuple[Row, ...]:
        return provenance.traffic_of(world, slug, grant)

    def carry_out(slug: str, operation: Operation, digest: str, acknowledged: bool) -> Outcome:
        return routes.carry_out(world, slug, operation, digest, acknowledged=acknowledged)

    return Looks(
        slugs=lambda: world.home.slugs(),
        routes=lambda slug: listing.routes(world, slug, drain=drains.due(slug)),
        revoke=revoked,
        of_grant=lambda slug, grant: provenance.of_grant(world, slug, grant),
        of_event=of_event,
        traffic_of=traffic_of,
        traffic=counted,
        deeds=lambda slug: history.listed(world, slug),
        record=lambda slug, number: history.record(world, slug, number),
        patch=lambda slug: _patch(world, slug),
        routes_text=lambda slug: routes.text(world, slug),
        pipelock_text=lambda slug: pipelock.text(world, slug),
        routes_edited=lambda text: routes.editing(world, text),
        pipelock_edited=lambda text: pipelock.editing(world, text),
        preview=lambda slug, operation: routes.preview(world, slug, operation),
        carry_out=carry_out,
    )


@dataclass
class _Drains:
    """When each bottle's traffic was last counted: a list that is read every two seconds does not count each time."""

    world: World
    at: dict[str, float] = field(default_factory=dict)

    def due(self, slug: str) -> bool:
        """Whether to count now; the answer counts as having done so."""
        now = self.world.clock.monotonic()
        due = now - self.at.get(slug, -DRAIN_EVERY) >= DRAIN_EVERY
        if due:
            self.at[slug] = now
        return due


def _patch(world: World, slug: str) -> str:
    found = save.save(world, slug)
    left = "".join(f"# not in the patch: {line}\n" for line in found.left)
    return found.diff + left
