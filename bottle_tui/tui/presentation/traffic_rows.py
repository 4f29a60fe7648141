"""What has passed and what was denied, as rows; and for which times not everything was counted."""

from collections.abc import Sequence
from datetime import datetime

from bottle_tui.core.rollup import Gap
from bottle_tui.core.rollup import Row as Kind
from bottle_tui.core.text import visible
from bottle_tui.core.words import WHY, size
from bottle_tui.tui.presentation.rows import (
    Row,
    Span,
    Style,
    cut,
    cut_middle,
    fit,
    fit_row,
    row,
    rule,
    short_id,
)
from bottle_tui.tui.presentation.times import day_clock

MOST_GAPS = 3


def traffic_head(rows: Sequence[Kind], since: str, find: str, active: bool, trouble: str, width: int) -> Row:
    """The rule above the traffic: since when, how much in all."""
    if trouble:
        return rule("traffic", cut(visible(trouble), max(width - 16, 0)), width, "warn")
    passed = sum(each.count for each in rows if each.reason is None)
    denied = sum(each.count for each in rows if each.reason is not None)
    up, down = size(sum(each.bytes_up for each in rows)), size(sum(each.bytes_down for each in rows))
    filtered = f"/{visible(find)} · " if find else ""
    full = f"{filtered}{passed} admitted, {denied} denied · {up} ↑ {down} ↓"
    brief = f"{filtered}{passed} ✓ {denied} ✗"
    right = full if len(full) + len(since) + 18 <= width else brief
    return rule(f"traffic, {since}", right, width, "title" if active else "muted")


def _columns(width: int) -> list[tuple[str, int]]:
    if width < 76:
        fixed = [("METHOD", 7), ("COUNT", 6), ("UP", 8), ("DOWN", 8), ("LAST", 6)]
    elif width < 110:
        fixed = [("METHOD", 7), ("BY", 18 if width >= 92 else 10), ("COUNT", 6), ("UP", 9), ("DOWN", 9), ("LAST", 6)]
    else:
        fixed = [("METHOD", 8), ("PATH", 22), ("BY", 18), ("COUNT", 8), ("UP", 10), ("DOWN", 10), ("FIRST", 12),
                 ("LAST", 12)]  # fmt: skip
    return [("HOST", max(width - 2 - sum(size for _, size in fixed), 8)), *fixed]


RIGHT = ("COUNT", "UP", "DOWN")


def traffic_names(width: int) -> Row:
    """The names of the columns."""
    cells = (f"{name:>{room - 1}} " if name in RIGHT else fit(name, room) for name, room in _columns(width))
    return fit_row(row(Span("  " + "".join(cells), "muted")), width)


def kind_row(each: Kind, now: datetime, width: int, *, selected: bool) -> Row:
    """One host, method, path prefix and grant (or reason of the denial), added up."""
    denied = each.reason is not None
    by = visible(each.reason or "") if denied else short_id(each.grant) if each.grant else "–"
    host = visible(each.host) + ("" if width >= 110 else visible(each.prefix))
    cells: dict[str, tuple[str, Style]] = {
        "METHOD": (visible(each.method) or "–", "plain"),
        "PATH": (visible(each.prefix) or "–", "plain"),
        "BY": (by, "danger" if denied else "accent"),
        "COUNT": (f"{each.count}", "plain"),
        "UP": ("–" if denied else size(each.bytes_up), "muted"),
        "DOWN": ("–" if denied else size(each.bytes_down), "muted"),
        "FIRST": (_moment(each.first, now), "muted"),
        "LAST": (_moment(each.last, now, brief=width < 110), "muted"),
    }
    spans = [Span("▶" if selected else " ", "accent"), Span("✗" if denied else " ", "danger")]
    for name, room in _columns(width):
        if name == "HOST":
            spans.append(Span(fit(cut_middle(host, room - 1), room), "strong" if selected else "plain"))
        else:
            text, style = cells[name]
            text = cut(text, room - 1)
            spans.append(Span(f"{text:>{room - 1}} " if name in RIGHT else fit(text, room), style))
    return fit_row(tuple(spans), width)


def _moment(text: str, now: datetime, *, brief: bool = False) -> str:
    try:
        return day_clock(datetime.fromisoformat(text), now, brief=brief)
    except ValueError:
        return "–"


def gap_rows(gaps: Sequence[Gap], now: datetime, width: int) -> list[Row]:
    """Times for which not everything was counted, the latest last; never left out in silence."""
    rows = [row(Span(f"  ⋯ {cut(gap_line(each, now), width - 5)}", "warn")) for each in gaps[-MOST_GAPS:]]
    more = len(gaps) - MOST_GAPS
    if more > 0:
        rows.insert(0, row(Span(f"  ⋯ {more} earlier gap{'s' * (more != 1)}", "warn")))
    return rows


def gap_line(gap: Gap, now: datetime) -> str:
    """From when to when, and why."""
    start = _moment(gap.start, now) if gap.start else "the beginning"
    end = _moment(gap.end, now)
    when = f"at {end}" if gap.start == gap.end else f"{start}–{end}"
    count = f"{gap.count} " if gap.count else ""
    return f"gap {when}: {count}{WHY.get(gap.why, visible(gap.why))}"
