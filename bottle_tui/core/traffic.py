"""Requests by host, added up from the rows kept per minute. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bottle_tui.core.rollup import Row


@dataclass
class HostTraffic:
    """One host's sums. `last` is the moment of its latest event, as the gate wrote it."""

    host: str
    allowed: int = 0
    denied: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    bytes_up: int = 0
    bytes_down: int = 0
    last: str | None = None


def by_host(rows: Iterable[Row]) -> list[HostTraffic]:
    """Sums by host, the busiest first."""
    found: dict[str, HostTraffic] = {}
    for row in rows:
        _add(found.setdefault(row.host, HostTraffic(row.host)), row)
    return sorted(found.values(), key=lambda each: (-(each.allowed + each.denied), each.host))


def _add(total: HostTraffic, row: Row) -> None:
    if row.reason is None:
        total.allowed += row.count
    else:
        total.denied += row.count
        total.reasons[row.reason] = total.reasons.get(row.reason, 0) + row.count
    total.bytes_up += row.bytes_up
    total.bytes_down += row.bytes_down
    total.last = max(total.last or "", row.last) or None
