"""Traffic per minute, added up: what a row is, and many of them as few. Pure; `counting` makes them of events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

OTHERS = "(others)"
"""The host of rows that stand for many, where there were too many kinds to keep apart."""


@dataclass(frozen=True)
class Row:
    """One host, method, path prefix, grant and reason in one minute (or more, once added up)."""

    minute: str
    """`2026-01-31T12:41`, UTC."""
    host: str
    method: str
    prefix: str
    """The first two segments, see `prefixes.prefix_of`; "" where the gate kept none."""
    grant: str | None
    reason: str | None
    """None: allowed."""
    count: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    first: str = ""
    last: str = ""

    @property
    def kind(self) -> tuple[str, str, str, str | None, str | None]:
        """What it is about, whenever it was."""
        return (self.host, self.method, self.prefix, self.grant, self.reason)


@dataclass(frozen=True)
class Gap:
    """A time for which not everything was counted. `start` None: from the bottle's beginning on."""

    start: str | None
    end: str
    why: str
    """dropped (`count` events) | rotated | restarted (bytes of what was under way) | not_drained."""
    count: int | None = None


def added(rows: Iterable[Row]) -> list[Row]:
    """Rows of the same minute and kind as one, in the order of time."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row.minute, *row.kind)
        found[key] = _sum(found[key], row) if key in found else row
    return sorted(found.values(), key=lambda row: (row.minute, -row.count))


def summed(rows: Iterable[Row]) -> list[Row]:
    """Rows of the same kind as one, whatever the minute; the most frequent first."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        found[row.kind] = _sum(found[row.kind], row) if row.kind in found else row
    return sorted(found.values(), key=lambda row: (-row.count, row.host, row.prefix))


def _sum(one: Row, other: Row) -> Row:
    return Row(
        min(one.minute, other.minute),
        *one.kind,
        count=one.count + other.count,
        bytes_up=one.bytes_up + other.bytes_up,
        bytes_down=one.bytes_down + other.bytes_down,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
    )


def bounded(rows: Sequence[Row], most: int) -> list[Row]:
    """At most about `most` rows: what was denied least goes first into rows for many, never what a grant admitted."""
    if len(rows) <= most:
        return list(rows)
    kept = [row for row in rows if row.reason is None]
    denied = sorted((row for row in rows if row.reason is not None), key=lambda row: -row.count)
    room = max(0, most - len(kept))
    folded = [replace(row, host=OTHERS, method="", prefix="", grant=None) for row in denied[room:]]
    if len(kept) > most:
        kept = [replace(row, prefix="") for row in kept]
    return added([*kept, *denied[:room], *folded])
