"""The line of the tabs: the views there are, and on its right what ends soon, the filter, or what cannot be read."""

from bottle_tui.core.text import visible
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation import denied, title_words
from bottle_tui.tui.presentation.rows import Row, Span, cut, row, spread, width_of

WIDE = 140
VIEWS = (("1", "Inbox", "inbox"), ("2", "Bottles", "bottles"), ("3", "Routes", "routes"), ("4", "Logs", "logs"),
         ("5", "History", "history"))  # fmt: skip
_COUNTDOWN = 60
"""Cells that what ends soon takes at most."""


def tabs_row(board: Board, view: str, width: int) -> Row:
    """The open one in brackets."""
    left, right = _tabs(board, view), _beside(board, view, width)
    words = counts_down(board, view, width)
    return spread(left, (*words, Span("  " if right else " "), *right) if words else right, width)


def counts_down(board: Board, view: str, width: int) -> Row:
    """What ends soon, where it has room in the line of the tabs; else the title may say it."""
    taken = width_of(_tabs(board, view)) + width_of(_beside(board, view, width))
    return title_words.countdown(board, min(width - taken - 3, _COUNTDOWN))


def _tabs(board: Board, view: str) -> Row:
    spans: list[Span] = [Span(" ")]
    for key, name, id in VIEWS:
        count = f" {len(board.asking)}" if id == "inbox" and board.asking else ""
        if id == view:
            spans += [Span(f"[{key} {name}{count}]", "title"), Span("  ")]
        else:
            spans += [Span(f" {key} ", "key"), Span(f"{name}{count} ", "muted"), Span(" ")]
    return tuple(spans)


def _beside(board: Board, view: str, width: int) -> Row:
    trouble = board.cards_trouble or board.bottles_trouble
    if trouble:
        return row(Span(cut(visible(trouble), max(width - 40, 10)) + " ", "danger"))
    only: Row = ()
    if board.only:
        name = Span(visible(board.only), "strong")
        only = (Span("only ", "muted"), name, Span("  b ", "key"), Span("all ", "muted"))
    is_listed = view == "inbox" and width >= WIDE
    return (*denied.summary(board, view), *only) if width >= 80 and not is_listed else only


def tab_at(board: Board, view: str, x: int) -> str | None:
    """The view whose tab is drawn there."""
    at = 1
    for key, name, id in VIEWS:
        count = f" {len(board.asking)}" if id == "inbox" and board.asking else ""
        size = len(key) + len(name) + len(count) + 3
        if at <= x < at + size:
            return id
        at += size + (2 if id == view else 1)
    return None
