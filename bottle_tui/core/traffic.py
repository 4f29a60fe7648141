"""Requests by host, added up from the gate's event lines. Pure; only as far as the lines reach back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


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


def summed(events: Iterable[dict[str, Any]]) -> list[HostTraffic]:
    """Sums by host, the busiest first. Lines of any other kind or shape are left out."""
    hosts: dict[str, HostTraffic] = {}
    for event in events:
        name, host = event.get("event"), event.get("host")
        if name in ("allowed", "denied", "denied_more", "finished") and isinstance(host, str):
            _add(hosts.setdefault(host, HostTraffic(host)), name, event)
    return sorted(hosts.values(), key=lambda each: (-(each.allowed + each.denied), each.host))


def _add(row: HostTraffic, name: str, event: dict[str, Any]) -> None:
    if name == "allowed":
        row.allowed += 1
    elif name == "finished":
        row.bytes_up += _count(event, "bytes_up")
        row.bytes_down += _count(event, "bytes_down")
    else:
        times = 1 if name == "denied" else _count(event, "count")
        reason = str(event.get("reason") or "unknown")
        row.denied += times
        row.reasons[reason] = row.reasons.get(reason, 0) + times
    moment = event.get("time")
    if isinstance(moment, str) and (row.last is None or moment > row.last):
        row.last = moment


def _count(event: dict[str, Any], key: str) -> int:
    value = event.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
