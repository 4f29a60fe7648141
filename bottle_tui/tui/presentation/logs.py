"""Log lines as rows: when, who, what became of it, and the words, cut to the width."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.log_filter import LogFilter
from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.views import LogLine
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, fit, row, rule, spread

WRAPPED_ROWS = 12
"""Of one line, wrapped; `enter` shows it whole."""

LEVEL_STYLES: dict[str, Style] = {
    "error": "danger", "fatal": "danger", "warn": "warn", "notice": "accent", "info": "plain", "debug": "muted",
}  # fmt: skip
MARKS: dict[str, tuple[str, Style]] = {
    "denied": ("✗", "danger"), "denied_more": ("✗", "danger"), "allowed": ("✓", "ok"), "finished": ("·", "muted"),
    "routes_loaded": ("✓", "accent"), "routes_rejected": ("✗", "danger"), "proposal_filed": ("▶", "accent"),
    "ack": ("✓", "accent"), "rejected": ("✗", "danger"), "host_block": ("✗", "danger"),
    "secret_block": ("!", "danger"), "startup": ("·", "accent"), "gate_ready": ("✓", "accent"),
}  # fmt: skip


def time_of(line: LogLine) -> str:
    """The time its sidecar wrote, as local time of day; blank where it wrote none."""
    written = line.event.get("time") if line.event else None
    if isinstance(written, str):
        try:
            return datetime.fromisoformat(written).astimezone().strftime("%H:%M:%S")
        except (ValueError, OverflowError):
            return ""
    return ""


def summary_of(line: LogLine) -> str:
    """Its short line."""
    summary = line.facts.get("summary")
    return summary if isinstance(summary, str) and summary else line.text


def log_rows(
    line: LogLine, width: int, *, merged: bool, find: str = "", raw: bool = False, wrap: bool = False
) -> list[Row]:
    """One line of the log: cut to one row, or wrapped onto as many as it needs, up to a limit that is said."""
    kind = str(line.facts.get("kind", ""))
    mark, mark_style = MARKS.get(kind, ("✗", "danger") if kind.endswith("_block") else (" ", "muted"))
    style: Style = "faint" if line.noise else LEVEL_STYLES.get(line.level, "plain")
    if kind in ("finished", "text") and not line.noise:
        style = "muted"
    start = [Span(f" {fit(time_of(line), 8)} ", "muted")]
    if merged:
        start.append(Span(fit(visible(line.sidecar), 10), "muted"))
    start.append(Span(f"{mark} ", "faint" if line.noise else mark_style))
    room = max(width - sum(len(span.text) for span in start), 10)
    text = line.text if raw else summary_of(line)
    if not wrap:
        return [(*start, *highlighted(cut(visible(text[: 4 * room]), room), find, style))]
    shown = visible(text[: WRAPPED_ROWS * room])
    pieces = list(_pieces(shown, room))
    left = len(text) - WRAPPED_ROWS * room
    if left > 0 or len(pieces) > WRAPPED_ROWS:
        pieces = [*pieces[: WRAPPED_ROWS - 1], cut(f"… {max(left, 0) + room} more characters: enter", room)]
    indent = Span(" " * (width - room), "muted")
    return [
        (*(start if number == 0 else [indent]), *highlighted(piece, find, style)) for number, piece in enumerate(pieces)
    ]


def _pieces(text: str, room: int) -> Iterator[str]:
    """Hard-wrapped by cells; at least one, also of nothing."""
    room = max(room, 1)  # a pane that has not been laid out yet has none
    if text.isascii():
        yield from (text[at : at + room] for at in range(0, max(len(text), 1), room))
        return
    while text:
        piece = text[:room]
        while cell_len(piece) > room:
            piece = piece[:-1]
        yield piece
        text = text[max(len(piece), 1) :]


def highlighted(text: str, find: str, style: Style) -> list[Span]:
    """Every place where the words stand is marked."""
    if not find:
        return [Span(text, style)]
    spans: list[Span] = []
    last = 0
    for match in re.finditer(re.escape(find), text, re.IGNORECASE):
        spans += [Span(text[last : match.start()], style), Span(match.group(), "match")]
        last = match.end()
    return [*spans, Span(text[last:], style)]


def whole_line(line: LogLine, width: int) -> list[Row]:
    """The line as its sidecar wrote it, nothing cut, for a page of its own."""
    text = line.text
    if line.event is not None:
        text = json.dumps(line.event, indent=1, ensure_ascii=False)
    rows = [rule("the line", f"{visible(line.sidecar)}, {len(line.text)} characters", width)]
    for each in visible_lines(text, 2_000):
        rows += [row(Span(f" {piece}")) for piece in _pieces(each, width - 2)]
    return rows


def log_tabs(roles: tuple[str, ...], open_role: str, slug: str, width: int, state: tuple[Span, ...]) -> Row:
    """The sidecars' tabs, the bottle, and how the stream is."""
    spans = [Span(" "), Span(visible(slug), "strong"), Span("  ")]
    for role in roles:
        spans += [Span(f"[{role}]", "title") if role == open_role else Span(f" {role} ", "muted"), Span(" ")]
    return spread(tuple(spans), row(*state, Span(" ")), width)


def tab_at(roles: tuple[str, ...], slug: str, x: int) -> str | None:
    """The tab that is drawn there."""
    at = 1 + cell_len(visible(slug)) + 2
    for role in roles:
        if at <= x < at + len(role) + 2:
            return role
        at += len(role) + 3
    return None


def stream_state(
    count: int,
    dropped: int,
    follow: bool,
    narrowed: LogFilter,
    ended: str,
    *,
    search: str = "",
    wrap: bool = False,
    narrow: bool = False,
    new: int = 0,
) -> tuple[Span, ...]:
    """Following or paused, how many lines are kept, new, and dropped, what is filtered and searched for."""
    spans: list[Span] = []
    if ended:
        return (Span(cut(visible(ended), 60), "warn"),)
    if narrowed:
        spans += [Span("/", "key"), Span(cut(visible(str(narrowed)), 14 if narrow else 40), "match"), Span("  ")]
    if search:
        spans += [Span("s ", "key"), Span(cut(visible(search), 10 if narrow else 30), "match"), Span("  ")]
    if dropped:
        spans.append(Span(f"{_short(dropped) if narrow else dropped} dropped  ", "warn"))
    if narrow:
        paused = f"‖ {_short(new)} new" if new else "‖ paused"
        return (*spans, Span("●", "ok") if follow else Span(paused, "warn"))
    paused = f"‖ paused, {new} new" if new else "‖ paused"
    spans.append(Span(f"{'wrapped  ' if wrap else ''}{count} lines  ", "muted"))
    spans.append(Span("● following", "ok") if follow else Span(paused, "warn"))
    return tuple(spans)


def _short(count: int) -> str:
    return str(count) if count < 10_000 else f"{count // 1000}k"
