"""Asks that are marked and decided together: shown once more as one list, each with the change it was marked with."""

from typing import TYPE_CHECKING

from bottle_tui.core.arming import Target
from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import is_own, problem
from bottle_tui.tui.dialogs.batch import Batch
from bottle_tui.tui.dialogs.reason import Reason
from bottle_tui.tui.presentation.rows import row
from bottle_tui.tui.screens.inbox_decisions import Decisions

if TYPE_CHECKING:
    from bottle_tui.tui.screens.view import View


class Marking:
    """Sets marks where `a` would be let through, and carries out what was decided about all of them."""

    def __init__(self, view: "View", decisions: Decisions) -> None:
        self._view = view
        self._decisions = decisions

    def mark(self, board: Board | None) -> None:
        """Mark the open card, if it could be approved this very moment; or take its mark away."""
        view, card = self._view, board.open_card if board else None
        if board is None or card is None:
            view.tell("space: open the one you mean first")
            return
        digest, refusal = board.markable(card.id), view.sentry.guard.refusal("a", view.sentry.now())
        if card.id in board.marks:
            view.post_message(m.Marked(card.id))
        elif problem(board) or refusal:
            view.tell(f"space: {problem(board) or (refusal.of_drawn if refusal else '')}")
        elif not digest:
            view.tell("space: one with !! is decided alone")
        else:
            view.post_message(m.Marked(card.id, digest))

    def mark_all(self, board: Board | None) -> None:
        """All of the bottle under the cursor, folded ones unfolded; none that could not be marked on its own."""
        slug = board.here if board and (board.open_card or board.fold) else ""
        if board is None or not slug:
            self._view.tell("*: nothing waits")
        elif board.read_only:
            self._view.tell("*: read-only")
        elif not board.markable_of(slug):
            self._view.tell(f"*: none of {visible(slug)}'s can be marked; one with !! is decided alone")
        else:
            self._view.post_message(m.AllMarked(slug))

    def decide(self, key: str, board: Board) -> None:
        """`a` or `r` stood alone while some are marked."""
        if key == "a":
            self._approve(board)
        elif board.marks.has_unseen():
            self._reject_looked_at(board)
        else:
            self._reject(board.marked)

    def _approve(self, board: Board) -> None:
        cards, target = board.marked, Target("marked", board.marks.digest)

        def confirmed(yes: bool | None) -> None:
            now = self._view.board
            if yes and now and now.marks.digest == target.digest and len(now.marked) == len(cards):
                for card in cards:
                    change = Target(card.id, card.change.digest if card.change else "")
                    self._decisions.approve(card, change, now.edits.of(card.id), acknowledged=False)
                self._view.post_message(m.Marked())
            elif yes:
                self._view.tell("one of them has changed meanwhile: nothing done")

        self._view.app.push_screen(Batch(self._view.sentry, target, cards), confirmed)

    def _reject_looked_at(self, board: Board) -> None:
        """Some were marked with their whole bottle: none is refused before all of them have been on screen."""
        marked, target = board.marked, Target("marked", board.marks.digest)

        def confirmed(yes: bool | None) -> None:
            now = self._view.board
            if yes and now and now.marks.digest == target.digest and len(now.marked) == len(marked):
                self._reject(marked)
            elif yes:
                self._view.tell("one of them has changed meanwhile: nothing done")

        self._view.app.push_screen(Batch(self._view.sentry, target, marked, "reject"), confirmed)

    def _reject(self, marked: tuple[Card, ...]) -> None:
        """No agent reads why the operator's own are taken back: a reason is for the others."""
        cards = [card for card in marked if not is_own(card)]

        def rejected(reason: str | None) -> None:
            if not reason:
                self._view.tell("not rejected")
                return
            for card in cards:
                self._decisions.reject(card, reason)
            self._withdraw(marked)

        if not cards:
            self._withdraw(marked)
            return
        hosts = ", ".join(dict.fromkeys(visible(card.host) for card in cards))
        asked = row(f"reject {len(cards)} marked: {hosts}")
        self._view.app.push_screen(Reason(self._view.sentry, asked), rejected)

    def _withdraw(self, marked: tuple[Card, ...]) -> None:
        """The operator's own among them; no mark is left."""
        for card in marked:
            if is_own(card):
                self._decisions.withdraw(card)
        self._view.post_message(m.Marked())
