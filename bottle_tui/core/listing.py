"""The running table as a list: one entry a grant, where it comes from, when it ends, what it has admitted. Pure.

Hosts and paths in it are foreign and are sanitised by whoever draws them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bottle_tui.core.evidence import Use
from bottle_tui.core.takeover import is_of_manifest
from sidecar_addon.table import Grant, Route, Table

type Origin = Literal["manifest", "proposal", "operator", "always"]


@dataclass(frozen=True)
class Item:
    """One grant with its route; `grant` is None for a route whose grants are gone: it denies."""

    route: Route
    grant: Grant | None = None
    origin: Origin | None = None
    always: bool = False
    """Whether the next `up` grants it again by itself (`grants.yaml`)."""
    use: Use | None = None
    """None: not counted; `requests == 0`: never used."""
    spent: int = 0
    """Of a grant with a number of uses: those the gate has counted."""

    @property
    def host(self) -> str:
        """What it is about: the grant's own narrower host on a wildcard's route."""
        return (self.grant.host if self.grant else None) or self.route.host

    @property
    def id(self) -> str:
        """The grant's id; of a route without any, its host."""
        return self.grant.id if self.grant else f"route {self.route.host}"

    def ended(self, now: datetime) -> bool:
        """Whether the gate denies by it already, though it still stands in the table."""
        grant = self.grant
        if grant is None:
            return True
        over = grant.expires_at is not None and grant.expires_at <= now
        return over or (grant.uses is not None and self.spent >= grant.uses)


@dataclass(frozen=True)
class Listing:
    """One bottle's table at one moment."""

    slug: str
    digest: str
    generation: int | None
    in_force: bool | None
    """Whether the running gate has just said this digest; None when it could not be asked."""
    quarantined: bool
    items: tuple[Item, ...]
    at: datetime
    skew: timedelta = timedelta()
    """How far the gate's clock is ahead of this host's."""
    scans: Mapping[str, tuple[int, int, int]] | None = None
    """Host → what scanning it has cost: requests, bytes, milliseconds; None when not known."""
    slots: Collection[str] | None = None
    """The credential slots that hold a token; None when not known."""
    extra: tuple[str, ...] = ()
    """Hosts that pipelock alone lets through or does not scan, in words."""
    remark: str = ""
    """Why the newest uses are not counted yet, or the gate could not be asked."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """Credential slot → the operator's variable that it was filled from."""

    def item(self, id: str | None) -> Item | None:
        """That one, None once it is gone."""
        return next((item for item in self.items if item.id == id), None)


def items(table: Table, kept: Collection[str], uses: Mapping[str, Use], spent: Mapping[str, int]) -> tuple[Item, ...]:
    """Every grant in the table's order. `kept`: ids in `grants.yaml`; `spent`: uses that the gate has counted."""
    found: list[Item] = []
    for route in table.routes:
        if not route.grants:
            found.append(Item(route))
        for grant in route.grants:
            always = grant.id in kept
            use, count = uses.get(grant.id), spent.get(grant.id, 0)
            found.append(Item(route, grant, _origin(grant, always=always), always, use, count))
    return tuple(found)


def _origin(grant: Grant, *, always: bool) -> Origin:
    if grant.proposal:
        return "proposal"
    if is_of_manifest(grant):
        return "manifest"
    return "always" if always else "operator"
