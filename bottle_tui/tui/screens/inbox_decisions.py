"""What `a` and `r` do with the open card: each bound to the change that was shown."""

from typing import TYPE_CHECKING

from bottle_tui.core.arming import Decision, Refusal, Target
from bottle_tui.core.edits import Edit
from bottle_tui.core.views import Card
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import is_own, problem, targets
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.dialogs.reason import Reason
from bottle_tui.tui.presentation.questions import asked_row, confirmation

if TYPE_CHECKING:
    from bottle_tui.tui.screens.view import View


class Decisions:
    """Asks once more where it must, and hands the decision to a worker."""

    def __init__(self, view: "View") -> None:
        self._view = view

    def decide(self, board: Board, decision: Decision) -> None:
        """`a` or `r` stood alone."""
        card, target = board.open_card, decision.target
        if card is None or targets(board)["card"] != target:
            self._view.tell(f"{decision.key}: {Refusal.TOO_NEW.value}")
        elif decision.key == "r":
            self.withdraw(card) if is_own(card) else self._reject(card)
        elif why := problem(board):
            self._view.tell(f"a: {why}")
        elif any(risk.level == "danger" for risk in card.risks):
            self._confirm(card, target, board.edits.of(card.id))
        else:
            self.approve(card, target, board.edits.of(card.id), acknowledged=False)

    def offer(self, key: str, board: Board, card: Card) -> tuple[Target | None, str]:
        """What that key would decide, and the sentence for it; None and why not."""
        why = problem(board) if key == "a" else None
        target = targets(board)["card"]
        if why or target is None:
            return None, why or "nothing here to decide"
        verb = "approve" if key == "a" else "withdraw" if is_own(card) else "reject"
        return target, f"{verb} {card.host or card.tool} for {card.slug}"

    def approve(self, card: Card, target: Target, edit: Edit, *, acknowledged: bool) -> None:
        """With the change that was shown."""
        self._view.begin(card.id, "applying", f"{card.host} for {card.slug}: pipelock, egress, proof")
        self._view.deeds.approve(card.id, target.digest, acknowledged, edit)

    def _confirm(self, card: Card, target: Target, edit: Edit) -> None:
        def answered(yes: bool | None) -> None:
            board = self._view.board
            if yes and board and targets(board)["card"] == target and board.edits.of(card.id) == edit:
                self.approve(card, target, edit, acknowledged=True)

        dialog = Confirm(self._view.sentry, target, confirmation(card, self._view.size.width))
        self._view.app.push_screen(dialog, answered)

    def reject(self, card: Card, reason: str) -> None:
        """With a reason that the agent reads."""
        self._view.begin(card.id, "rejecting", f"{card.host} for {card.slug}: rejecting")
        self._view.deeds.reject(card.id, reason)

    def _reject(self, card: Card) -> None:
        def answered(reason: str | None) -> None:
            if reason:
                self.reject(card, reason)
            else:
                self._view.tell("not rejected")

        self._view.app.push_screen(Reason(self._view.sentry, asked_row(card, self._view.size.width)), answered)

    def withdraw(self, card: Card) -> None:
        """The operator's own, before it was decided."""
        line = f"{card.host} for {card.slug}: not filed after all, nothing was granted"
        self._view.begin(card.id, "withdrawing", line)
        self._view.deeds.withdraw(card.id, line)
