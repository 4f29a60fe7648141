"""The summary for who comes back: what waits, what ran out, what was denied, what flowed."""

from datetime import datetime

from bottle_tui.core.absence import Absence, Happened
from bottle_tui.core.text import visible
from bottle_tui.core.words import counted, size
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.denied import group_row
from bottle_tui.tui.presentation.inbox_rows import inbox_row
from bottle_tui.tui.presentation.rows import Row, Span, cut, row, rule
from bottle_tui.tui.presentation.times import ago, clock

SHOWN = 6


def away_rows(board: Board, left: datetime, absence: Absence | None, trouble: str, width: int) -> list[Row]:
    """All of it; the lines of one section are cut to a few, and say how many there are."""
    since = Span(f" You were away for {ago(left, board.now)}, since {clock(left)}.", "strong")
    harmless = Span(" That key has decided nothing.")
    rows = [row(since), row(harmless)] if width < len(since.text + harmless.text) else [row(since, harmless), row()]
    rows += _section("waiting", [inbox_row(card, board, width, plain=True) for card in board.waiting], width)
    groups = [group for group in board.standing.loud(board.only) if group.last >= left]
    rows += _section("denied, not asked", [group_row(group, board.now, width) for group in groups], width)
    if absence is None:
        return [*rows, row(Span(f"  {visible(trouble) or 'counting what flowed…'}", "muted"))]
    rows += _section("ran out", [_line(each, width) for each in absence.ran_out], width)
    rows += _section("decided", [_line(each, width) for each in absence.decided], width)
    passed = f"  {counted(absence.requests, 'request')} let through"
    flowed = f"{passed}: {size(absence.bytes_up)} up, {size(absence.bytes_down)} down"
    rows += [rule("flowed", "", width), row(Span(flowed))]
    if absence.remark:
        rows.append(row(Span("  " + cut(visible(absence.remark), width - 3), "muted")))
    return rows


def _section(title: str, lines: list[Row], width: int) -> list[Row]:
    if not lines:
        return [rule(title, "none", width)]
    more = [row(Span(f"  and {len(lines) - SHOWN} more", "muted"))] if len(lines) > SHOWN else []
    return [rule(title, str(len(lines)), width), *lines[:SHOWN], *more]


def _line(each: Happened, width: int) -> Row:
    text = f"{visible(each.slug)}: {visible(each.what)}"
    return row(Span(f"  {clock(each.at)} ", "muted"), Span(cut(text, width - 9)))
