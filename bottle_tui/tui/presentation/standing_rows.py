"""What stands while nothing waits, one line each: what runs and how long ago that was heard, what was decided."""

from bottle_tui.core.decided import Decided
from bottle_tui.core.text import visible
from bottle_tui.core.views import BottleStatus
from bottle_tui.core.words import plain
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.bottle_rows import STATE_STYLES, heard, is_not_known
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, cut_middle, fit, fit_row, row, width_of
from bottle_tui.tui.presentation.times import age, day_clock

_NOTE = 12
"""Columns below which the beginning of a note tells nothing."""
_BY_HAND = frozenset({"routes", "pipelock"})
"""Verbs of operations whose own name says what was done."""


def running_rows(board: Board, width: int) -> list[Row]:
    """The bottles, those first that do not simply run; the stopped ones in one line."""
    ours = [bottle for bottle in board.ours if board.only in (None, bottle.slug)]
    stopped = [visible(bottle.slug) for bottle in ours if bottle.state == "stopped"]
    there = [bottle for bottle in ours if bottle.state != "stopped"]
    there.sort(key=lambda bottle: (bottle.state == "running" and not is_not_known(bottle, board), bottle.slug))
    rows = [running_row(bottle, board, width) for bottle in there]
    if stopped:
        rows.append(row(Span("  " + cut(f"{len(stopped)} stopped: {', '.join(stopped)}", width - 3), "muted")))
    return rows


def running_row(bottle: BottleStatus, board: Board, width: int) -> Row:
    """Its state, for how long it is up, and how old that knowledge is."""
    grey = is_not_known(bottle, board)
    state, style = ("not known", "muted") if grey else (plain(bottle.state), STATE_STYLES[bottle.state])
    up = f"up {age(bottle.created, board.now)}" if bottle.created else ""
    heard_ago = heard(bottle, board, "heard " if width >= 80 else "")
    cells = row(
        Span("  " + fit(visible(bottle.slug), 11) + " "),
        Span(fit(state, 12) + " ", style),  # type: ignore[arg-type]  # of a pair of literals
        Span(fit(up, 10) + " ", "muted"),
        Span(fit(heard_ago, 16 if width >= 80 else 11) + " ", "muted"),
    )
    room = width - width_of(cells) - 1
    note = board.applying.get(bottle.slug, "") or visible(bottle.note)
    return fit_row((*cells, Span(cut(note, room) if room >= _NOTE else "", "muted")), width)


def decided_row(decided: Decided, board: Board, width: int) -> Row:
    """When, in which bottle, what; by whom where there is room; and how much of it was used since."""
    mark, style = _mark(decided)
    words, weight = _use(decided)
    when = fit(day_clock(decided.at, board.now, brief=True), 5)
    what = visible(decided.what if decided.verb in _BY_HAND else f"{decided.verb} {decided.what}".rstrip())
    by = f"by {visible(decided.actor)}" if width >= 80 and decided.actor else ""
    head = row(Span(f" {mark} ", style), Span(f"{when} ", "muted"), Span(fit(visible(decided.slug), 10) + " "))
    tail = row(Span(fit(by, 14) + " " if width >= 80 else "", "muted"), Span(f"{words:>14} ", weight))
    room = width - width_of((*head, *tail))
    return fit_row((*head, Span(fit(cut_middle(what, room - 1), room)), *tail), width)


def _mark(decided: Decided) -> tuple[str, Style]:
    if not decided.ok:
        return "✗", "danger"
    return ("·", "muted") if decided.verb == "rejected" else ("✓", "ok")


def _use(decided: Decided) -> tuple[str, Style]:
    if not decided.ok:
        return "not in force", "danger"
    if not decided.brings:
        return "", "muted"
    if decided.used is None:
        return "use not known", "muted"
    return (f"used {decided.used}×", "plain") if decided.used else ("never used", "muted")
