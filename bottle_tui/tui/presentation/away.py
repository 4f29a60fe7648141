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

SHOWN = 7
"""Rows under one heading, however high the screen is."""


def away_rows(
    board: Board, left: datetime, absence: Absence | None, trouble: str, width: int, height: int
) -> list[Row]:
    """All of it in so many rows: every section with its count, and of its lines as many as fit beside the others'."""
    since = Span(f" You were away for {ago(left, board.now)}, since {clock(left)}.", "strong")
    harmless = Span(" That key has decided nothing.")
    head = [row(since), row(harmless)] if width < len(since.text + harmless.text) else [row(since, harmless), row()]
    groups = [group for group in board.standing.loud(board.only) if group.last >= left]
    sections = {
        "waiting": [inbox_row(card, board, width, plain=True) for card in board.asking],
        "denied, not asked": [group_row(group, board.now, width) for group in groups],
    }
    if absence is not None:
        sections["ran out"] = [_line(each, width) for each in absence.ran_out]
        sections["decided"] = [_line(each, width) for each in absence.decided]
    tail = _flowed(absence, trouble, width)
    room = height - len(head) - len(sections) - len(tail)
    shares = _shares([len(lines) for lines in sections.values()], room)
    more = {"ran out": absence.more_ran_out, "decided": absence.more_decided} if absence else {}
    body = (
        _section(title, lines, len(lines) + more.get(title, 0), share, width)
        for (title, lines), share in zip(sections.items(), shares, strict=True)
    )
    return [*head, *(line for section in body for line in section), *tail]


def _shares(counts: list[int], room: int) -> list[int]:
    """How many rows each section gets: one after the other, in turn, until all have what they need or none is left."""
    given = [0] * len(counts)
    while room > 0 and (open_ones := [at for at, count in enumerate(counts) if given[at] < min(count, SHOWN)]):
        for at in open_ones[:room]:
            given[at] += 1
        room -= len(open_ones)
    return given


def _section(title: str, lines: list[Row], count: int, share: int, width: int) -> list[Row]:
    if share == count:
        return [rule(title, str(count or "none"), width), *lines]
    if share < 2:
        return [rule(title, f"{share} of {count}", width), *lines[:share]]
    more = row(Span(f"  and {count - share + 1} more", "muted"))
    return [rule(title, str(count), width), *lines[: share - 1], more]


def _flowed(absence: Absence | None, trouble: str, width: int) -> list[Row]:
    if absence is None:
        return [row(Span("  " + cut(visible(trouble) or "counting what flowed…", width - 3), "muted"))]
    passed = f"  {counted(absence.requests, 'request')} let through"
    flowed = f"{passed}: {size(absence.bytes_up)} up, {size(absence.bytes_down)} down"
    remark = [row(Span("  " + cut(visible(absence.remark), width - 3), "muted"))] if absence.remark else []
    return [rule("flowed", "", width), row(Span(flowed)), *remark]


def _line(each: Happened, width: int) -> Row:
    text = f"{visible(each.slug)}: {visible(each.what)}"
    return row(Span(f"  {clock(each.at)} ", "muted"), Span(cut(text, width - 9)))
