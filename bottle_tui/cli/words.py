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


def local(written: str | datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment on the reader's clock; "" for none, and for what is none."""
    try:
        at = datetime.fromisoformat(written) if isinstance(written, str) else written
        return f"{at.astimezone():{form}}" if at else ""
    except (ValueError, OverflowError):
        return ""


def day_clock(now: datetime, at: datetime) -> str:
    """The time of day, with the date where it is another day: "12:41", "2026-03-03 23:10"."""
    today = f"{at.astimezone():%Y-%m-%d}" == f"{now.astimezone():%Y-%m-%d}"
    return local(at, "%H:%M" if today else "%Y-%m-%d %H:%M")


def gap(each: Gap) -> str:
    """Why a count is too low, e.g. "not everything is counted from 12:01 to 12:05: …"."""
    start, end = local(each.start, "%Y-%m-%d %H:%M") or "the beginning", local(each.end, "%Y-%m-%d %H:%M")
    when = f"at {start}" if each.start == each.end else f"from {start} to {end}"
    count = f"{each.count} " if each.count else ""
    return f"not everything is counted {when}: {count}{WHY.get(each.why, each.why)}"


def used(use: Use | None) -> str:
    """What a grant has admitted: "used 412×, last 12:39", "never used"."""
    if use is None or not use.requests:
        return "never used"
    return f"used {use.requests}×" + (f", last {local(use.last, '%m-%d %H:%M')}" if use.last else "")
