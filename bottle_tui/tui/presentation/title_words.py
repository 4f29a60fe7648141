"""What the title and the tabs say beside whether it is in force: how many wait, whose clock is off, what ends soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bottle_tui.core.text import visible
from bottle_tui.core.timers import Ending
from bottle_tui.core.views import SKEW
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.bottle_rows import is_not_known
from bottle_tui.tui.presentation.rows import Row, Span, cut, cut_middle, row, width_of
from bottle_tui.tui.presentation.times import age, ago, stale

SOON = timedelta(minutes=5)
"""Before its end a grant counts down in every view."""
_HOST = 10
"""Cells of a host that still say which one it is."""
_SLUG = 12


def waiting(board: Board) -> Span:
    """How many wait; grey and with its age when nobody has listed them for ten seconds."""
    count = len(board.asking)
    if board.cards_at is None:
        return Span(" ? waiting", "muted")
    if stale(board.cards_at, board.now):
        return Span(f" {count} waiting {ago(board.cards_at, board.now)} ago", "muted")
    return Span(f" {count} waiting", "accent" if count else "muted")


def skew(board: Board) -> Row:
    """The bottle whose clock is off most, whatever else there is to say; nothing when none is."""
    known = [bottle for bottle in board.ours if not is_not_known(bottle, board) and abs(bottle.skew) > SKEW]
    if not known:
        return ()
    worst = max(known, key=lambda bottle: abs(bottle.skew))
    more = f" (+{len(known) - 1})" if len(known) > 1 else ""
    return row(Span(f"{cut(visible(worst.slug), _SLUG)}'s clock {worst.skew:+.0f} s{more}", "warn"))


def soonest(board: Board) -> tuple[Ending | None, datetime | None, int]:
    """The next grant that ends within `SOON`, by which moment of its gate it is now, and how many do."""
    ahead = {bottle.slug: timedelta(seconds=bottle.skew) for bottle in board.ours}
    found = []
    for ending in board.standing.running_out(board.only, board.now):
        now = board.now + ahead.get(ending.slug, timedelta())
        if ending.at is not None and now < ending.at <= now + SOON:
            found.append((ending.at - now, now, ending))
    if not found:
        return None, None, 0
    _, now, ending = min(found, key=lambda each: each[0])
    return ending, now, len(found)


def countdown(board: Board, room: int, *, named: bool = False) -> Row:
    """What ends soon, in at most `room` cells; nothing where that would not be said, or not with the host `named`."""
    return next((span for span in _countdowns(board, room, named) if width_of(span) <= room), ())


def _countdowns(board: Board, room: int, named: bool) -> Iterator[Row]:
    ending, now, count = soonest(board)
    if ending is None or ending.at is None or now is None:
        return
    left = age(now, ending.at)
    more = f" (+{count - 1})" if count > 1 else ""
    host, tail = visible(ending.host), f" ends in {left}{more}"
    yield row(Span(host + tail, "warn"))
    if room - len(tail) >= _HOST:
        yield row(Span(cut_middle(host, room - len(tail)) + tail, "warn"))
    if named:
        return
    yield row(Span(f"{count} grants end, {left}" if count > 1 else f"a grant ends in {left}", "warn"))
    yield row(Span(f"{count} end{'s' * (count == 1)} {left}", "warn"))


def dotted(*parts: Row) -> Row:
    """With a dot between those that say anything."""
    spans: list[Span] = []
    for part in parts:
        dot = spans and part and spans[-1].text.strip()
        spans += [*([Span(" · ", "faint")] if dot else []), *part]
    return tuple(spans)
