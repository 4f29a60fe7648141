"""What the deciding keys are about on this board, and why one may not decide. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bottle_tui.core.arming import Target
from bottle_tui.core.folding import Folding
from bottle_tui.core.joining import head_of, joined
from bottle_tui.core.selection import Selection
from bottle_tui.core.views import Card
from bottle_tui.tui.board import results
from bottle_tui.tui.board.moment import Board
from bottle_tui.tui.board.results import Result


def problem(board: Board) -> str | None:
    """Why the open card cannot be approved, None when it can."""
    card = board.open_card
    if board.fold:
        return f"{len(board.fold.ids)} asks in this row: enter shows them"
    if card is None:
        return "nothing waits" if board.cards_at else "still asking what waits"
    if board.read_only:
        return "read-only"
    if card.id in board.applying:
        return f"{board.applying[card.id]}…"
    if card.status not in ("pending", "failed"):
        return "no longer waiting"
    if card.tool == "capability-block":
        return "this version cannot rebuild yet"
    if board.edits.is_computing(card.id):
        return "computing…"
    return None if card.change is not None else card.problem or "the change cannot be computed"


def is_own(card: Card | None) -> bool:
    """Whether the operator filed it and it is not in force: it is withdrawn, not rejected; no agent waits for it."""
    return card is not None and card.by_operator and card.status in ("pending", "failed")


def targets(board: Board) -> Mapping[str, Target | None]:
    """What the deciding keys are about, by place on screen."""
    card, last = board.open_card, board.last
    live = card is not None and card.status in ("pending", "failed") and card.id not in board.applying
    shown = Target(card.id, _digest(board, card), len(card.risks)) if card else None
    return {
        "card": shown if live and not board.read_only else None,
        "result": Target(last.id, last.text) if last and last.kind != "busy" and not board.read_only else None,
    }


def of_bottle(board: Board, slug: str | None) -> Target | None:
    """What `X` is about: that bottle, when it is one to cut off."""
    return Target(slug, "quarantine") if slug and not board.read_only else None


def _digest(board: Board, card: Card) -> str:
    """Of what is drawn; while an edit is computed it is nothing that could be approved."""
    if board.edits.is_computing(card.id):
        return f"computing {board.edits.of(card.id)}"
    return card.change.digest if card.change else ""


def started(board: Board, id: str, verb: str, text: str) -> Board:
    """A worker has begun; after a decision the next oldest opens."""
    open_ones = [(card.id, card.created) for card in board.waiting if card.id not in board.applying]
    selection = board.selection.decided(id, open_ones)
    return replace(
        board,
        applying=MappingProxyType({**board.applying, id: verb}),
        selection=selection,
        folding=_unfolded(board, selection),
        results=results.added(board.results, Result(board.now, text, "busy", id)),
    )


def _unfolded(board: Board, selection: Selection) -> Folding:
    """After a decision the next ask of the same bottle opens, out of the fold behind the decided one."""
    before, next_one = board.open_card, board.cards.get(selection.selected or "")
    if before is None or next_one is None or next_one.id == before.id or next_one.slug != before.slug:
        return board.folding
    return board.folding.beside(head_of(joined(selection.order, board.cards), next_one.id) or next_one.id)


def ended(board: Board, id: str, result: Result) -> Board:
    """A worker has ended."""
    applying = {key: verb for key, verb in board.applying.items() if key != id}
    return replace(board, applying=MappingProxyType(applying), results=results.ended(board.results, id, result))
