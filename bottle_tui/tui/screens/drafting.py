"""Routes and pipelock lists through the operator's editor: the text out, the change back as a card, `a` applies it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from bottle_tui.core.arming import Part, Target
from bottle_tui.core.operations import Edited, EditRoutes, Operation
from bottle_tui.core.views import Card
from bottle_tui.errors import BottleError
from bottle_tui.tui import editor, findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.handing import hand_over
from bottle_tui.tui.presentation.draft import draft_view
from bottle_tui.tui.presentation.questions import confirmation
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.signals import Ended
from bottle_tui.tui.workers.work import work

if TYPE_CHECKING:
    from bottle_tui.tui.screens.view import View


class Drafting:
    """Owns the change that is on screen and not yet applied, and a text that was refused, to go on with it."""

    def __init__(self, view: "View") -> None:
        self._view = view
        self.forget()

    def forget(self) -> None:
        """Nothing is on screen."""
        self.operation: Operation | None = None
        self.card: Card | None = None
        self.seen: frozenset[Part] = frozenset()
        self._typed: tuple[str, str, str] | None = None
        self._top = self._most = 0

    def start(self, slug: str, kind: str) -> None:
        """Read what is in force; or go on with the text that was refused."""
        if self._typed and self._typed[:2] == (slug, kind):
            self.edit(findings.TextRead(slug, kind, self._typed[2]))
            return
        looks = self._view.deeds.services.looks
        read = looks.routes_text if kind == "routes" else looks.pipelock_text
        self._work(
            lambda: findings.TextRead(slug, kind, read(slug)), lambda line: findings.DraftLost(slug, kind, "", line)
        )

    def edit(self, read: findings.TextRead) -> None:
        """Hand the terminal to the editor; what comes back is looked at by the services."""
        slug, kind = read.slug, read.kind
        try:
            text = hand_over(self._view.deeds.app, lambda: editor.edited(read.text, ".yaml"))
        except Ended:
            return
        except SuspendNotSupported:
            self._view.tell(f"no terminal to hand over; elsewhere: bottle-tui {kind} edit {slug}")
            return
        except BottleError as error:
            self._view.tell(str(error))
            return
        finally:
            self._view.sentry.resized()
        if text == read.text and self._typed is None:
            self._view.tell("nothing is changed")
            return
        looks = self._view.deeds.services.looks
        made = looks.routes_edited if kind == "routes" else looks.pipelock_edited

        def previewed() -> findings.DraftRead:
            operation = made(text)
            return findings.DraftRead(slug, operation, looks.preview(slug, operation))

        self._work(previewed, lambda line: findings.DraftLost(slug, kind, text, line))

    def _work(
        self, ask: Callable[[], findings.TextRead | findings.DraftRead], failed: Callable[[str], findings.DraftLost]
    ) -> None:
        work(self._view.deeds.app, ask, failed, group="draft", to=self._view)

    def show(self, read: findings.DraftRead) -> None:
        """The change is known."""
        self.forget()
        self.operation, self.card = read.operation, read.card

    def refused(self, lost: findings.DraftLost) -> None:
        """The text has changed nothing: it is kept, to be edited again."""
        self._typed = (lost.slug, lost.kind, lost.text) if lost.text else None
        again = "; the same key goes on with your text" if lost.text else ""
        self._view.tell(f"{lost.line}{again}")

    def scroll(self, by: int) -> None:
        """Down or up, within what there is."""
        self._top = max(0, min(self._top + by, self._most))

    def rows(self, width: int, height: int) -> tuple[Row, ...]:
        """The card, as far as there is room."""
        assert self.card is not None, "only drawn while there is one"
        view = draft_view(self.card, width, height, self._top, self.card.created)
        self.seen, self._most = view.parts, view.max_scroll
        self._top = min(self._top, self._most)
        return view.rows

    def target(self, board: Board) -> Target | None:
        """What `a` applies: this operation with the change that is drawn."""
        card = self.card
        if card is None or card.change is None or card.change.unchanged or board.read_only or card.id in board.applying:
            return None
        return Target(card.id, card.change.digest, len(card.risks))

    def apply(self, target: Target) -> None:
        """`a` stood alone on it; a danger asks for one `y` more."""
        card, operation = self.card, self.operation
        if card is None or operation is None:
            return
        if not any(risk.level == "danger" for risk in card.risks):
            self._carry_out(operation, card, target, acknowledged=False)
            return

        def answered(yes: bool | None) -> None:
            if yes and self.card is card:
                self._carry_out(operation, card, target, acknowledged=True)

        dialog = Confirm(self._view.sentry, target, confirmation(card, self._view.size.width))
        self._view.app.push_screen(dialog, answered)

    def _carry_out(self, operation: Operation, card: Card, target: Target, *, acknowledged: bool) -> None:
        self._view.begin(card.id, "applying", f"{card.tool} for {card.slug}: pipelock, egress, proof")
        assert isinstance(operation, Edited), "only what comes out of the editor is drafted"
        kind = "routes" if isinstance(operation, EditRoutes) else "pipelock"
        kept = findings.DraftLost(card.slug, kind, operation.text, "it is not applied")
        self._view.deeds.carry_out(
            card.slug, operation, target.digest, acknowledged, lambda: self._view.post_message(kept)
        )
        self.forget()
