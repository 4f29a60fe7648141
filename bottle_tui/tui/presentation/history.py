"""What was decided and what has passed, as rows."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bottle_tui.core.deeds import Deed
from bottle_tui.core.rollup import Gap
from bottle_tui.core.rollup import Row as Kind
from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.words import WHY, size
from bottle_tui.tui.presentation.diff_rows import style_of
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
    spread,
    wrapped,
)
from bottle_tui.tui.presentation.times import clock

VERB_STYLES: dict[str, Style] = {
    "approved": "ok", "rejected": "warn", "revoked": "warn", "quarantined": "danger", "ended": "muted",
    "started": "ok", "stopped": "muted", "removed": "muted",
}  # fmt: skip
MOST_GAPS = 3
MOST_LINES = 2_000
"""Of one record's page."""


def day_clock(at: datetime, now: datetime, *, brief: bool = False) -> str:
    """The time of day, with the date where it is another day; brief: the one or the other."""
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return clock(at)
    return f"{local:%m-%d}" if brief else f"{local:%m-%d %H:%M}"


def deed_row(deed: Deed, now: datetime, width: int, *, selected: bool, doing: str = "") -> Row:
    """When, who, what, about what, how it ended, and the key that takes it back."""
    mark = Span("▶ " if selected else "  ", "accent")
    brief = width < 100
    when = Span(fit(day_clock(deed.at, now, brief=brief), 6 if brief else 12), "muted")
    who = Span(fit(cut(visible(deed.actor), 9), 10), "plain") if width >= 76 else Span("")
    verb = Span(fit(visible(deed.verb), 12), VERB_STYLES.get(deed.verb, "accent") if deed.ok is not False else "danger")
    key = f"{doing}… " if doing else "u revoke " if deed.undo else "o reopen " if deed.reopen else ""
    tail = (Span(key[:1], "key"), Span(key[1:], "plain")) if not doing else (Span(key, "accent"),)
    room = width - 2 - len(when.text) - len(who.text) - 12 - len(key)
    what_room = min(max(room * 2 // 5, 20), 44, room)
    what = Span(fit(cut_middle(visible(deed.what), what_room - 1), what_room), "strong" if selected else "plain")
    result, style = _result(deed)
    return fit_row((mark, when, who, verb, what, Span(fit(result, room - what_room), style), *tail), width)


def _result(deed: Deed) -> tuple[str, Style]:
    if deed.ok is None:
        return "begun, and nothing more was heard", "warn"
    if not deed.ok:
        why = visible(deed.result)
        said = why if why.startswith("not ") else f"not in force: {why}" if why else "not done"
        return f"✗ {said}", "danger"
    if deed.verb in ("approved", "revoked", "routes", "pipelock", "started") and deed.result:
        return f"✓ {visible(deed.result)}", "muted"
    return visible(deed.result), "muted"


def ledger_head(count: int, find: str, active: bool, trouble: str, width: int) -> Row:
    """The rule above the ledger."""
    if trouble:
        return rule("decisions", cut(visible(trouble), max(width - 20, 0)), width, "warn")
    filtered = f"/{visible(find)} · " if find else ""
    return rule("decisions", f"{filtered}{count}", width, "title" if active else "muted")


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


def record_rows(records: Sequence[tuple[dict[str, Any], Sequence[str]]], width: int) -> list[Row]:
    """Whole records: every field, and the files as diffs."""
    rows: list[Row] = []
    for fields, changes in records:
        rows.append(rule(f"record {fields.get('n', '?')}", visible(str(fields.get("time", ""))), width))
        for name, value in fields.items():
            if name not in ("n", "time"):
                rows += _field(name, value, width)
        for line in changes:
            rows += [row(Span(f"  {each}", style_of(line))) for each in wrapped(visible(line), width - 3)]
        rows.append(())
        if len(rows) > MOST_LINES:
            return [*rows[:MOST_LINES], row(Span(" … the rest: `bottle-tui audit show`", "warn"))]
    return rows


def _field(name: str, value: object, width: int) -> list[Row]:
    text = _pretty(value)
    room = max(width - 20, 20)
    lines = [piece for line in visible_lines(text, 400) for piece in wrapped(line, room)]
    return [
        row(Span(f" {fit(visible(name) if at == 0 else '', 17)} ", "muted"), Span(line))
        for at, line in enumerate(lines)
    ]


def _pretty(value: object) -> str:
    if isinstance(value, str):
        if value.startswith("{"):
            try:
                return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
            except ValueError:
                return value
        return value
    return json.dumps(value, indent=2, ensure_ascii=False)


def slug_row(slugs: list[str], slug: str | None, width: int) -> Row:
    """Whose history."""
    if slug is None:
        return fit_row(row(Span(" no bottle was ever here: there is no history", "muted")), width)
    place = f" {slugs.index(slug) + 1}/{len(slugs)}" if slug in slugs and len(slugs) > 1 else ""
    return spread((Span(" "), Span(visible(slug), "strong"), Span(place, "muted")), row(Span("")), width)
