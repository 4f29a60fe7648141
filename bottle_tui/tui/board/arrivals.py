"""What the services answered comes onto the board, and moves nothing under the cursor. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from bottle_tui.core.joining import head_of, joined
from bottle_tui.core.selection import Selection
from bottle_tui.core.views import BottleStatus, Card
from bottle_tui.tui.board import results
from bottle_tui.tui.board.cursor import opened
from bottle_tui.tui.board.moment import Board
from bottle_tui.tui.board.silence import begun, unheard

MOST_LEARNED = 5
"""Asks decided elsewhere of which each is told in a line of its own; of more it is told how many."""


def listed(board: Board, cards: Iterable[Card], at: datetime) -> Board:
    """A listing arrived. A card that is gone stays while it is the open one, as it was last seen."""
    shown = {card.id: card for card in cards if board.only in (None, card.slug)}
    selection = _still_in_fold(board, shown).loaded((card.id, card.created) for card in shown.values())
    if selection.leaving and selection.leaving in board.cards:
        shown[selection.leaving] = _as_last_seen(board.cards[selection.leaving])
    slugs = {id: card.slug for id, card in shown.items()}
    rows = joined(selection.order, shown)
    first = not board.selection.order
    folding = board.folding.arrived(tuple(rows), slugs, head_of(rows, selection.selected), first=first)
    many = len(gone := decided_elsewhere(board, shown)) > MOST_LEARNED
    after = replace(
        board,
        results=results.heard_of(board.results, results.many_elsewhere(len(gone), board.now), board.now)
        if many
        else board.results,
        cards=MappingProxyType(shown),
        selection=selection,
        folding=folding,
        cards_at=at,
        cards_trouble="",
        edits=board.edits.only(frozenset(shown)),
    )
    return _opening_wanted(_with_marks_kept(after))


def decided_elsewhere(board: Board, shown: Mapping[str, Card]) -> list[str]:
    """Asks that left the listing although nobody decided them here; the open one is looked after already."""
    mine = {result.id for result in board.results}
    return [id for id in board.cards if id not in shown and id not in board.applying and id not in mine]


def _as_last_seen(card: Card) -> Card:
    return replace(card, status="superseded") if card.status in ("pending", "failed") else card


def _still_in_fold(board: Board, shown: Mapping[str, Card]) -> Selection:
    """On a folded row the cursor stays on the row when its first ask leaves."""
    rest = [id for id in board.fold.ids if id in shown] if board.fold else []
    return board.selection.at(rest[0]) if rest and board.selection.selected not in shown else board.selection


def _with_marks_kept(board: Board) -> Board:
    """A mark stands for one change: another change, a danger or a decision takes it away."""
    return replace(board, marks=board.marks.kept({card.id: board.markable(card.id) for card in board.waiting}))


def _opening_wanted(board: Board) -> Board:
    """What the operator has just filed opens as soon as it is there."""
    wanted = board.standing.wanted
    if wanted not in board.cards:
        return board
    return replace(opened(board, wanted), standing=replace(board.standing, wanted=""))


def filed(board: Board, id: str) -> Board:
    """The operator has filed this one: it opens now, or with the listing that brings it."""
    return _opening_wanted(replace(board, standing=replace(board.standing, wanted=id)))


def heard(board: Board, bottles: Iterable[BottleStatus], runtime: str, at: datetime, epoch: int = 0) -> Board:
    """The bottles' states arrived."""
    ordered = tuple(sorted(bottles, key=lambda bottle: (bottle.state == "foreign", bottle.slug)))
    line = unheard(ordered)
    silence = None if line is None else begun(board.silence, _last_heard(board), at, line)
    return replace(
        board, bottles=ordered, runtime=runtime, bottles_at=at, bottles_trouble="", bottles_epoch=epoch, silence=silence
    )


def _last_heard(board: Board) -> datetime | None:
    """When the bottle that has been quiet for longest was heard; None before anything was."""
    there = [bottle.as_of for bottle in board.ours if bottle.state not in ("stopped", "unknown")]
    known = [moment for moment in there if moment is not None]
    return min([*known, board.bottles_at]) if board.bottles_at else None


def unheard_of(board: Board, line: str, *, silent: bool) -> Board:
    """They did not arrive; `silent`: because the engine does not answer."""
    silence = begun(board.silence, _last_heard(board), board.now, line) if silent else board.silence
    return replace(board, bottles_trouble=line, silence=silence)


def learned(board: Board, card: Card) -> Board:
    """What became of a card: the open one, or the one of the result line."""
    told = results.delivered(results.recovered(board.results, card), card)
    if card.id not in board.cards and not any(result.id == card.id for result in told):
        news = results.elsewhere(card, board.now)
        return replace(board, results=results.heard_of(board.results, news, board.now))
    shown = {**board.cards, card.id: card} if card.id in board.cards else board.cards
    return replace(board, cards=MappingProxyType(dict(shown)), results=told)
