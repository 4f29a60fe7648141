"""The last decisions of one bottle or all, by their ledgers, and how much was used of what they brought. Files only."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bottle_tui.core import decided, deeds, ledger, touched
from bottle_tui.core.decided import Decided
from bottle_tui.core.deeds import Deed
from bottle_tui.core.rollup import Row
from bottle_tui.errors import BottleError
from bottle_tui.ports import BottleHome, World
from bottle_tui.services import traffic
from bottle_tui.services.stamp import time_of
from sidecar_addon.times import iso

MOST = 12
READ_BYTES = 1024 * 1024
"""Of each ledger's end."""
_DECISIONS = frozenset(
    {"approved", "rejected", "reopened", "revoked", "routes", "pipelock", "quarantined", "released"}
)  # fmt: skip
_BRINGS = frozenset({"approved", "routes"})
_GRANT = re.compile(r'"id":"([^"]+)"')


@dataclass
class Decisions:
    """Remembers each bottle's, until its ledger or its traffic is another: a list may be read all day."""

    world: World
    slug: str | None = None
    _kept: dict[str, tuple[object, list[Decided]]] = field(default_factory=dict)

    def latest(self) -> list[Decided]:
        """The newest first, whoever decided and whenever. A bottle that cannot be read has none."""
        names = [self.slug] if self.slug else self.world.home.slugs()
        for gone in set(self._kept) - set(names):
            del self._kept[gone]
        return decided.latest((each for name in names for each in self._of(name)), MOST)

    def _of(self, name: str) -> list[Decided]:
        home = self.world.home.bottle(name)
        stamp = (time_of(home.path / ledger.FILE), time_of(home.path / traffic.CURSOR))
        if name not in self._kept or self._kept[name][0] != stamp:
            try:
                self._kept[name] = (stamp, of_bottle(self.world, name))
            except BottleError:
                return []
        return self._kept[name][1]


def of_bottle(world: World, slug: str) -> list[Decided]:
    """Of one bottle."""
    home = world.home.bottle(slug)
    records = _records(home)
    brought = {name for record in records for name in _brought(record)}
    chosen = [each for each in deeds.deeds(records, {}) if each.verb in _DECISIONS and each.ok is not None][:MOST]
    if not chosen:
        return []
    counts = home.read(traffic.CURSOR) is not None
    rows = [row for row in traffic.kept(world, slug, chosen[-1].at)[0] if row.reason is None] if counts else []
    return [_decided(slug, deed, brought, rows if counts else None) for deed in chosen]


def _records(home: BottleHome) -> list[dict[str, Any]]:
    data = home.read(ledger.FILE) or b""
    if len(data) > READ_BYTES:
        data = data[-READ_BYTES:].partition(b"\n")[2]
    return [found for line in data.splitlines() if (found := ledger.parsed(line))]


def _brought(record: Mapping[str, Any]) -> set[str]:
    """What brought the grants that stand in the table after a record and not before it."""
    before, after = (_grants(record.get(side)) for side in ("before", "after"))
    return {_bringer(grant) for grant in after - before}


def _grants(files: object) -> set[str]:
    text = files.get(touched.ROUTES) if isinstance(files, dict) else None
    return set(_GRANT.findall(text)) if isinstance(text, str) else set()


def _bringer(grant: str) -> str:
    """A grant has the id of the proposal or operation that brought it, `<id>.2` where that was approved before."""
    return grant.partition(".")[0]


def _decided(slug: str, deed: Deed, brought: Iterable[str], rows: list[Row] | None) -> Decided:
    names = {name for name in (deed.proposal, *deed.grants) if name is not None} & set(brought)
    brings = deed.ok is True and deed.verb in _BRINGS and bool(names)
    used = None if rows is None else _used(names, str(iso(deed.at)), rows)
    return Decided(slug, deed.at, deed.actor, deed.said, deed.what, deed.ok is True, brings, used if brings else None)


def _used(names: Iterable[str], since: str, rows: Iterable[Row]) -> int:
    known = set(names)
    return sum(row.count for row in rows if row.last >= since and _bringer(row.grant or "") in known)
