"""What was done, one line each: how it ended, how far it has come, and the key that takes it back."""

from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.text import visible
from bottle_tui.tui.board import Result
from bottle_tui.tui.presentation.rows import Row, Span, cut, cut_middle, fit, fit_row, row
from bottle_tui.tui.presentation.times import ago, clock, left

SENTENCE = 26
"""Columns of a result that are never given to what follows it: its end says whether it is in force."""


def deaf_row(result: Result, more: int, width: int) -> Row:
    """An approval whose agent does not listen, where another result stands in the line."""
    others = f" ({more} more)" if more else ""
    said = f": agent is not listening, c copies a line for it{others}"
    if width < 90:
        said = f": not listening, c copies a line{others}"
    room = width - len(said) - 10
    whole = visible(f"{result.host} for {result.slug}" if result.host else result.text)
    name = whole if cell_len(whole) <= room else cut_middle(visible(result.host) or whole, room)
    return fit_row(row(Span(f" ! {clock(result.at)} {name}{said}", "warn")), width)


def _further(result: Result, now: datetime | None, room: int, *, copies: bool) -> str:
    """How far it has come, and how long it lasts where both fit beside the sentence."""
    parts = [visible(result.delivery)] if result.delivery else []
    if now is not None and result.is_unread(now):
        wide, brief = ", c copies a line for it" if copies else "", ": c copies a line" if copies else ""
        parts.append(f"agent is not listening{wide}" if room > 90 else f"not listening{brief}")
    if now is not None and result.elsewhere:
        parts.append(f"{ago(result.at, now)} ago")
    if now is not None and result.ends is not None:
        parts.append(left(result.ends, now))
    text = " · ".join(parts)
    return text if len(visible(result.text)) + len(text) + 3 <= room or len(parts) < 2 else parts[0]


def result_row(result: Result, width: int, now: datetime | None = None, *, copies: bool = False) -> Row:
    """When, what, and the key that takes it back. `copies`: `c` copies a line for the agent that does not listen."""
    mark, style = {"ok": ("✓", "ok"), "bad": ("✗", "danger"), "busy": ("…", "accent")}[result.kind]
    key = "u undo " if result.undo else "o reopen " if result.reopen else ""
    space = width - len(key) - 1
    start = f" {mark} {clock(result.at)} "
    further = _further(result, now, space - len(start), copies=copies)
    least = min(cell_len(visible(result.text)), SENTENCE)
    further = cut(further, max(space - len(start) - least - 3, 0))
    room = space - len(start) - (len(further) + 3 if further else 0)
    text = start + cut_middle(visible(result.text), room) + (f" · {further}" if further else "")
    spans = row(Span(fit(text, space) + " ", style), Span(key[:1], "key"), Span(key[1:], "plain"))  # type: ignore[arg-type]
    return fit_row(spans, width)
