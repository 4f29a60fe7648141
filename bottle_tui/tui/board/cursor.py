"""The operator looks elsewhere: another row, a folded bottle, one bottle alone; and what leaves the list. Pure."""

from dataclasses import replace
from types import MappingProxyType

from bottle_tui.core.joining import head_of, joined
from bottle_tui.core.selection import Selection
from bottle_tui.core.views import Outcome
from bottle_tui.tui.board.moment import Board


def moved(board: Board, by: int) -> Board:
    """The cursor up or down, row by row. Whatever the move, what only stayed for being looked at is left."""
    if not board.lines:
        return board
    line = board.lines[min(max(board.line_index + by, 0), len(board.lines) - 1)]
    if board.leaving and board.leaving in line.ids:
        return _left(board, board.leaving)
    return opened(board, line.ids[0])


def _left(board: Board, id: str) -> Board:
    """Another row opens in its place, if there is one."""
    after = without(board, id)
    return opened(after, after.selection.selected) if after.selection.selected else after


def opened(board: Board, id: str) -> Board:
    """That card."""
    selection = board.selection.at(id)
    rows = joined(selection.order, board.cards)
    folding = board.folding.moved(tuple(rows), board.slugs, head_of(rows, selection.selected))
    return replace(board, selection=selection, folding=folding)


def folded(board: Board, slug: str, *, away: bool) -> Board:
    """All asks of a bottle in one row, or each in its own."""
    count = sum(len(line.ids) for line in board.lines if line.slug == slug)
    folding = board.folding.close(slug, count) if away else board.folding.open(slug)
    return replace(board, folding=folding)


def filtered(board: Board, slug: str | None) -> Board:
    """One bottle, or all of them; the listing that follows fills it."""
    cards = {id: card for id, card in board.cards.items() if slug in (None, card.slug)}
    order = [(card.id, card.created) for card in cards.values()]
    selection = Selection(tuple(id for id in board.selection.order if id in cards)).loaded(order)
    slugs = {card.id: card.slug for card in cards.values()}
    folding = board.folding.arrived(tuple(joined(selection.order, cards)), slugs, selection.selected, first=True)
    return replace(board, only=slug, cards=MappingProxyType(cards), selection=selection, folding=folding)


def without(board: Board, id: str) -> Board:
    """One that has left for good."""
    cards = {other: card for other, card in board.cards.items() if other != id}
    return replace(board, cards=MappingProxyType(cards), selection=board.selection.without(id))


def gone(board: Board, outcome: Outcome) -> Board:
    """A decided card leaves at once; one that failed waits for the next listing."""
    if outcome.status in ("pending", "failed") or outcome.id not in board.cards:
        return board
    return without(board, outcome.id)
