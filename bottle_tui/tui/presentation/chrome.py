"""What stands around every view: the title, the result line, the keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bottle_tui.core.text import visible
from bottle_tui.core.views import BottleStatus
from bottle_tui.core.words import plain
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation import silence, tabs, title_words
from bottle_tui.tui.presentation.bottle_rows import is_not_known
from bottle_tui.tui.presentation.result_rows import deaf_row, result_row
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, fit_row, row, spread, width_of, wrapped
from bottle_tui.tui.presentation.times import ago, clock, stale
from bottle_tui.tui.presentation.title_words import dotted

RESULT_ROWS = 3


class Hint(NamedTuple):
    """A key in the footer. `on` is False where it would do nothing now."""

    key: str
    text: str
    on: bool = True


def next_bottle(slugs: Sequence[str]) -> tuple[Hint, ...]:
    """The key to the next bottle, where there is another one."""
    return (Hint("b", "next bottle"),) if len(slugs) > 1 else ()


def enforcement(board: Board) -> Span:
    """One phrase: whether what was approved is in force everywhere, and how old that knowledge is."""
    ours = board.ours
    if said := silence.silent(board):
        return said
    if not ours and (since := silence.unknown_since(board)):
        return Span(f"? not known for {ago(since, board.now)}", "muted")
    if not ours:
        return Span("no bottle runs" if board.bottles_at else "asking the engine…", "muted")
    there = [bottle for bottle in ours if bottle.state != "stopped"]
    moments = [bottle.as_of for bottle in there or ours if bottle.as_of is not None]
    if stale(board.bottles_at, board.now):
        return _not_known("", min(filter(None, (*moments, board.bottles_at)), default=None), board.now)
    if board.asleep:
        return Span("? not known: time jumped, asking anew", "muted")
    if not there:
        return Span("all stopped", "muted")
    return _of_those_there(there, board) or Span(f"in force ✓ {ago(min(moments), board.now)} ago", "ok")


def _of_those_there(there: Sequence[BottleStatus], board: Board) -> Span | None:
    """What is known to be wrong is red; what nobody has confirmed is grey, what is under way yellow; None where it is
    none of them."""
    lost = [bottle for bottle in there if is_not_known(bottle, board)]
    starts = [bottle for bottle in there if bottle not in lost and bottle.state == "starting"]
    off = [bottle for bottle in there if bottle not in (*lost, *starts) and bottle.state != "running"]
    count = len(lost) + len(starts) + len(off)
    more = f" and {count - 1} more" if count > 1 else ""
    if off:
        return Span(f"✗ {visible(off[0].slug)}: {plain(off[0].state)}{more}", "danger")
    if not lost:
        return Span(f"… {visible(starts[0].slug)}: starting{more}", "warn") if starts else None
    moments = [bottle.as_of for bottle in lost if bottle.as_of is not None]
    since = min(moments) if len(moments) == len(lost) else None
    if len(lost) == len(there):
        return _not_known("", since, board.now)
    said = _not_known(f"{visible(lost[0].slug)}: ", since, board.now)
    return Span(said.text + more, said.style)


def _not_known(which: str, since: datetime | None, now: datetime) -> Span:
    return Span(f"? {which}not known{f' for {ago(since, now)}' if since else ''}", "muted")


def runtime_span(board: Board) -> Span:
    """Where the bottles run; in local mode that nothing is contained."""
    style: Style = "alarm" if "NOT CONTAINED" in board.runtime else "muted"
    text = visible(board.runtime)
    return Span(f" {text} " if style == "alarm" and text else text, style)


def title_row(board: Board, view: str, width: int) -> Row:
    """How many wait, how many run, whether it is in force; where; the time. Narrow: the tabs too."""
    counted, bottles = silence.counts(board)
    lost = silence.unknown_since(board) is not None and not board.asking
    right = row(runtime_span(board), " " if width < 80 else Span(f"  {clock(board.now)} ", "muted"))
    extra = row(Span("READ-ONLY", "warn")) if board.read_only else ()
    waiting = row(counted if lost else title_words.waiting(board))
    so, skew = row(enforcement(board)), title_words.skew(board)
    short = row(_short(so[0]))
    left = [dotted(waiting, row(bottles), so, skew, extra), dotted(waiting, so, skew, extra),
            dotted(waiting, short, skew, extra), dotted(row(" "), short, skew, extra),
            dotted(waiting, short, extra), (*short, Span(" "), *extra)]  # fmt: skip
    room = width - width_of(right) - 1
    left = left[width < 80 :]
    if not tabs.counts_down(board, view, width):
        whole = left[: 2 - (width < 80)]
        left = [*(_with_end(board, each, room, named=named) for named in (True, False) for each in whole), *left]
    return spread(next((each for each in left if each and width_of(each) <= room), left[-1]), right, width)


def _with_end(board: Board, left: Row, room: int, *, named: bool) -> Row:
    """It with what ends soon, where that fits beside all of it; else nothing."""
    words = title_words.countdown(board, room - width_of(left) - 3, named=named)
    return dotted(left, words) if words else ()


def _short(so: Span) -> Span:
    """Without its age, or what follows from it."""
    if " ✓" in so.text:
        return Span(so.text.partition(" ✓")[0] + " ✓", so.style)
    return Span(so.text.replace(", not known", ""), so.style)


def last_rows(board: Board, width: int, *, copies: bool = False) -> tuple[Row, ...]:
    """The last result; what went wrong gets up to three rows, so that nothing that matters is cut.

    `copies`: whether `c` copies a line here for the agent that does not listen; it is named then, whatever came later.
    """
    last, deaf = board.last, board.deaf
    if last is None:
        return (fit_row((), width),)
    if copies and deaf and deaf[0] is not last:
        return (deaf_row(deaf[0], len(deaf) - 1, width), *last_rows(board, width))
    if last.kind != "bad":
        return (result_row(last, width, board.now, copies=copies),)
    lines = wrapped(f"✗ {clock(last.at)} {visible(last.text)}", width - 2)
    shown = lines[:RESULT_ROWS] if len(lines) <= RESULT_ROWS else [*lines[: RESULT_ROWS - 1], " ".join(lines[2:])]
    return tuple(fit_row(row(Span(f" {cut(line, width - 2)}", "danger")), width) for line in shown)


def footer_rows(first: Sequence[Hint], second: Sequence[Hint], notice: str, width: int) -> tuple[Row, Row]:
    """Two lines of keys; what has just to be said takes the first one."""
    top = row(Span(f" {cut(visible(notice), width - 2)}", "warn")) if notice else _hints(first, width)
    return fit_row(top, width), fit_row(_hints(second, width), width)


def _hints(hints: Sequence[Hint], width: int) -> Row:
    spans: list[Span] = [Span(" ")]
    used = 1
    for hint in hints:
        size = len(hint.key) + len(hint.text) + 3
        if used + size - 2 >= width:
            break
        spans += [Span(hint.key, "key" if hint.on else "faint")]
        spans += [Span(f" {hint.text}  ", "plain" if hint.on else "faint")]
        used += size
    return tuple(spans)


def too_small(width: int, height: int) -> Row:
    """The one line of a terminal that is too small."""
    return fit_row(row(Span(cut(f"bottle-tui needs 60×24; this is {width}×{height}", width), "warn")), width)
