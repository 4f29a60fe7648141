"""Log lines as rows: when, who, what became of it, and the words, cut to the width."""

from datetime import datetime

from bottle_tui.core.text import visible
from bottle_tui.core.views import LogLine
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, fit, row, spread

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


def log_row(line: LogLine, width: int, *, merged: bool, find: str = "", wide: bool = False) -> Row:
    """One line of the log. `find` is highlighted; `wide` shows the raw text instead of its summary."""
    kind = str(line.facts.get("kind", ""))
    mark, mark_style = MARKS.get(kind, ("✗", "danger") if kind.endswith("_block") else (" ", "muted"))
    style: Style = "faint" if line.noise else LEVEL_STYLES.get(line.level, "plain")
    if kind in ("finished", "text") and not line.noise:
        style = "muted"
    start = [Span(f" {fit(time_of(line), 8)} ", "muted")]
    if merged:
        start.append(Span(fit(visible(line.sidecar), 10), "muted"))
    start.append(Span(f"{mark} ", "faint" if line.noise else mark_style))
    room = width - sum(len(span.text) for span in start)
    text = cut(visible(line.text if wide else summary_of(line)), room)
    return (*start, *_highlighted(text, find, style))


def _highlighted(text: str, find: str, style: Style) -> list[Span]:
    at = text.casefold().find(find.casefold()) if find else -1
    if at < 0:
        return [Span(text, style)]
    return [Span(text[:at], style), Span(text[at : at + len(find)], "match"), Span(text[at + len(find) :], style)]


def found(line: LogLine, find: str) -> bool:
    """Whether the filter lets it through."""
    return not find or find.casefold() in line.text.casefold() or find.casefold() in summary_of(line).casefold()


def log_tabs(roles: tuple[str, ...], open_role: str, slug: str, width: int, state: tuple[Span, ...]) -> Row:
    """The sidecars' tabs, the bottle, and how the stream is."""
    spans = [Span(" "), Span(visible(slug), "strong"), Span("  ")]
    for role in roles:
        spans += [Span(f"[{role}]", "title") if role == open_role else Span(f" {role} ", "muted"), Span(" ")]
    return spread(tuple(spans), row(*state, Span(" ")), width)


def stream_state(
    count: int, dropped: int, follow: bool, find: str, ended: str, *, narrow: bool = False
) -> tuple[Span, ...]:
    """Following or paused, how many lines are kept, how many were dropped, what is filtered."""
    spans: list[Span] = []
    if ended:
        return (Span(cut(visible(ended), 60), "warn"),)
    if find:
        spans += [Span("/", "key"), Span(visible(find), "match"), Span("  ")]
    if dropped:
        spans.append(Span(f"{dropped} dropped  ", "warn"))
    if narrow:
        return (*spans, Span("●", "ok") if follow else Span("‖ paused", "warn"))
    spans.append(Span(f"{count} lines  ", "muted"))
    spans.append(Span("● following", "ok") if follow else Span("‖ paused", "warn"))
    return tuple(spans)
