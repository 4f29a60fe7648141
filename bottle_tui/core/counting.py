"""Gate events in, rows of traffic out: drained twice and counted once. Pure; `services/traffic` keeps them."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bottle_tui.core.prefixes import prefix_of
from bottle_tui.core.redaction import redacted
from bottle_tui.core.rollup import Gap, Row, added, bounded

MOST_KINDS = 2_000
"""Rows of one batch."""
KEPT_KEYS = 512
"""Of the newest events, to tell what comes out of order from what was counted."""
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_BEGINNINGS = ("gate_ready", "routes_loaded", "routes_rejected", "token_loaded")
_LONGEST = 200
_REFUSED = ("denied", "denied_more")


@dataclass(frozen=True)
class Cursor:
    """How far a log was counted: what is at or before `floor`, and of what is later, what is in `seen`."""

    number: int = 0
    incarnation: str = ""
    floor: str = ""
    seen: tuple[tuple[str, str], ...] = ()
    """(time, key) of the newest events, oldest first."""
    closed: bool = False
    """Whether that incarnation was counted to its end."""

    @property
    def reached(self) -> str:
        """The time of the newest event that was counted."""
        return self.seen[-1][0] if self.seen else self.floor


@dataclass(frozen=True)
class Batch:
    """What one drain has found, and the cursor after it."""

    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]
    cursor: Cursor


def absorb(cursor: Cursor, events: Iterable[Mapping[str, Any]], incarnation: str) -> Batch:
    """Count what is new. The same events again give an empty batch."""
    listed = list(events)
    timed = [event for event in listed if _TIME.fullmatch(str(event.get("time", "")))]
    keys = [(str(event["time"]), _key(event)) for event in timed]
    from_start = bool(listed) and listed[0].get("event") in _BEGINNINGS
    gap, start = _joined(cursor, keys, incarnation, from_start=from_start)
    known = {key for _, key in start.seen}
    fresh: list[Mapping[str, Any]] = []
    taken: list[tuple[str, str]] = []
    for moment_and_key, event in zip(keys, timed, strict=True):
        moment, key = moment_and_key
        if moment > start.floor and key not in known:
            known.add(key)
            fresh.append(event)
            taken.append(moment_and_key)
    seen = sorted([*start.seen, *taken])
    floor = seen[-KEPT_KEYS - 1][0] if len(seen) > KEPT_KEYS else start.floor
    after = replace(start, number=cursor.number + 1, floor=floor, seen=tuple(seen[-KEPT_KEYS:]))
    gaps = [*([gap] if gap else []), *_said(fresh, first_start=not start.reached)]
    return Batch(tuple(bounded(added(_rows(fresh)), MOST_KINDS)), tuple(gaps), after)


def reaches_back(cursor: Cursor, events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the events go back to what was counted before, so that nothing between is missing."""
    if not cursor.seen:
        return True
    known = {key for _, key in cursor.seen}
    return any(_key(event) in known for event in events)


def _joined(
    cursor: Cursor, keys: Sequence[tuple[str, str]], incarnation: str, *, from_start: bool
) -> tuple[Gap | None, Cursor]:
    """The gap between what was counted and what is there, if any, and the cursor to go on from."""
    begins = keys[0][0] if keys else ""
    start = cursor if cursor.incarnation == incarnation else Cursor(cursor.number, incarnation)
    if start is not cursor and cursor.incarnation and not cursor.closed:
        return Gap(cursor.reached or None, begins or cursor.reached, "not_drained"), start
    if not keys or (not start.reached and from_start):
        return None, start
    if not start.reached:
        return Gap(None, begins, "rotated"), start
    known = {key for _, key in start.seen}
    missing = not any(key in known for _, key in keys)
    return (Gap(start.reached, begins, "rotated") if missing else None), start


def _said(events: Iterable[Mapping[str, Any]], *, first_start: bool) -> list[Gap]:
    """Gaps that the gate itself tells of."""
    gaps: list[Gap] = []
    for event in events:
        moment = str(event["time"])
        if event.get("event") == "dropped":
            gaps.append(Gap(moment, moment, "dropped", _count(event, "count")))
        elif event.get("event") == "gate_ready":
            if not first_start:
                gaps.append(Gap(moment, moment, "restarted"))
            first_start = False
    return gaps[-100:]


def _key(event: Mapping[str, Any]) -> str:
    """Equal for the same line."""
    identity = event.get("id")
    if isinstance(identity, str) and identity:
        return f"{event.get('event')} {identity[:_LONGEST]}"
    parts = (str(event.get(name)) for name in ("event", "time", "host", "method", "reason", "count", "path"))
    return hashlib.blake2b(" ".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _rows(events: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One row a minute and kind. Sums are lists until the end: a drain may have 100,000 events to add."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for event in events:
        kind = _kind(event)
        if kind is None:
            continue
        moment = str(event["time"])
        count, up, down = _amounts(event)
        sums = found.setdefault((moment[:16], *kind), [0, 0, 0, moment, moment])
        sums[0] += count
        sums[1] += up
        sums[2] += down
        sums[3] = min(sums[3], moment)
        sums[4] = max(sums[4], moment)
    return [Row(*key, *sums) for key, sums in found.items()]


def _kind(event: Mapping[str, Any]) -> tuple[str, str, str, str | None, str | None] | None:
    name, host = event.get("event"), event.get("host")
    if name not in ("allowed", "denied", "denied_more", "finished") or not isinstance(host, str):
        return None
    path, grant = event.get("path"), event.get("grant")
    return (
        host[:_LONGEST],
        str(event.get("method") or "")[:20],
        _prefix(path) if isinstance(path, str) else "",
        grant[:64] if isinstance(grant, str) else None,
        str(event.get("reason") or "unknown")[:64] if name in _REFUSED else None,
    )


def _amounts(event: Mapping[str, Any]) -> tuple[int, int, int]:
    """Requests, bytes up, bytes down."""
    name = event["event"]
    if name == "finished":
        return 0, _count(event, "bytes_up"), _count(event, "bytes_down")
    return (_count(event, "count") if name == "denied_more" else 1), 0, 0


@lru_cache(maxsize=4_096)
def _prefix(path: str) -> str:
    return redacted(prefix_of(path))[:_LONGEST]


def _count(event: Mapping[str, Any], name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
