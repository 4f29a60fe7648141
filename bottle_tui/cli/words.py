"""Ages, gaps and uses as a command prints them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bottle_tui.core.words import WHY

if TYPE_CHECKING:  # a status bar asks for words many times a minute, and needs none of these
    from bottle_tui.core.evidence import Use
    from bottle_tui.core.rollup import Gap


def age(now: datetime, then: datetime | None) -> str:
    """How long ago, in one unit: "12s", "3m", "5h", "2d"."""
    if then is None:
        return "–"
    seconds = max(int((now - then).total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def gap(each: Gap) -> str:
    """Why a count is too low, e.g. "not everything is counted from 12:01 to 12:05: …"."""
    start = each.start[:16].replace("T", " ") if each.start else "the beginning"
    when = f"at {start}" if each.start == each.end else f"from {start} to {each.end[:16].replace('T', ' ')}"
    count = f"{each.count} " if each.count else ""
    return f"not everything is counted {when}: {count}{WHY.get(each.why, each.why)}"


def used(use: Use | None) -> str:
    """What a grant has admitted: "used 412×, last 12:39", "never used"."""
    if use is None or not use.requests:
        return "never used"
    return f"used {use.requests}×, last {use.last:%m-%d %H:%M}" if use.last else f"used {use.requests}×"
