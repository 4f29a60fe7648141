"""The inbox: the keys that look, the keys that decide, and what they act on."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core import reminder
from bottle_tui.core.arming import Decision, Part, Refusal, Target
from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.tui import clipboard
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import is_own, of_bottle, problem, targets
from bottle_tui.tui.dialogs.denied import Denied
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.presentation.change_rows import whole_change
from bottle_tui.tui.presentation.chrome import Hint, last_rows
from bottle_tui.tui.presentation.facts import drawn_card, evidence_lines
from bottle_tui.tui.presentation.inbox_keys import inbox_hints
from bottle_tui.tui.presentation.inbox_rows import fold_rows
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.presentation.whole_card import plain_card, whole_words
from bottle_tui.tui.screens.inbox_card import CardPane
from bottle_tui.tui.screens.inbox_decisions import Decisions
from bottle_tui.tui.screens.inbox_list import Listing
from bottle_tui.tui.screens.inbox_marks import Marking
from bottle_tui.tui.screens.inbox_narrow import NarrowingView
from bottle_tui.tui.widgets.rows import Rows

MUTED_FOR = timedelta(minutes=15)


class InboxView(NarrowingView):
    """Owns the list and the card, and turns keys into messages, dialogs and deeds."""

    NAME: ClassVar[str] = "inbox"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "guarded('a')", "approve", id="approve", tooltip="Merge it, prove it is in force, tell the agent"),
        Binding("r", "guarded('r')", "reject", id="reject", tooltip="With a reason the agent reads"),
        Binding("j,down", "move(1)", "next", id="next", tooltip="The next one; in the card: scroll"),
        Binding("k,up", "move(-1)", "previous", id="previous", tooltip="The one before; in the card: scroll"),
        Binding("g,home", "move(-100000)", "first", id="first", tooltip="The first one"),
        Binding("G,end", "move(100000)", "last", id="last", tooltip="The last one"),
        Binding("tab,shift+tab", "pane", "other pane", id="pane", tooltip="Between the list and the card"),
        Binding("enter", "zoom", "zoom", id="zoom", tooltip="The whole card, nothing cut"),
        Binding("escape", "back", "back", id="back", tooltip="Back to the list"),
        Binding("l,right", "unfold", "unfold", id="unfold", tooltip="The asks of this bottle, each in a row"),
        Binding("h,left", "fold", "fold", id="fold", tooltip="All asks of this bottle in one row"),
        Binding("M", "mute", "mute", id="mute", tooltip="This bottle calls nobody for 15 min; again: it calls"),
        Binding("space", "mark", "mark", id="mark", tooltip="a and r decide all marked ones together, never !!"),
        Binding(
            "asterisk",
            "mark_all",
            "mark its bottle's",
            key_display="*",
            id="mark-all",
            tooltip="All of this bottle that may be marked, never !!; again: none of them",
        ),
        Binding("p", "propose", "denied, not asked", id="propose", tooltip="What was refused and nobody asked for"),
        Binding("d", "diff", "whole diff", id="diff", tooltip="Every line that would change"),
        Binding("v", "words", "the words", id="words", tooltip="All that the agent wrote"),
        Binding("b", "only", "one bottle or all", id="only", tooltip="Show this bottle alone, or all again"),
        Binding("c", "copy", "copy", id="copy", tooltip="The card, or a line for the agent that does not listen"),
        Binding("y", "copy_card", "copy the card", id="copy-card", tooltip="As plain text, to the clipboard"),
    ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.listing = Listing(self)
        self.pane = CardPane(self)
        self.decisions = Decisions(self)
        self.marking = Marking(self, self.decisions)
        self._again = ("", 0)

    def body(self) -> ComposeResult:
        with Container(id="body"):
            with Container(id="left"):
                yield Rows(id="inbox")
                yield Rows(id="side")
            yield Rows(id="card")

    @property
    def bottle(self) -> str | None:
        board = self.board
        return (board.here or (board.last.slug if board.last else "")) if board else None

    # Drawing

    def fill(self, board: Board, width: int, height: int) -> None:
        card = board.open_card
        self.set_class(self.pane.zoomed and card is not None, "-zoomed")
        self.set_class(card is None and board.fold is None, "-empty")
        self._rearm(board)
        self.listing.fill(board, width, height)
        self.pane.fill(board)
        if board.fold:
            pane = self.query_one("#card", Rows)
            pane.rows = tuple(fold_rows(board.fold, board, pane.size.width, pane.size.height))

    def _rearm(self, board: Board) -> None:
        """The card was asked again while it was open: it counts as new on screen."""
        now = (board.selection.selected or "", board.again)
        if now[0] == self._again[0] and now[1] > self._again[1]:
            self.rearm("card")
        self._again = now

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[Part]]]:
        places = targets(board)
        return {
            "card": (places["card"], self.pane.seen),
            "result": (places["result"], frozenset()),
            "bottle": (of_bottle(board, board.here), frozenset()),
        }

    def result_rows(self, board: Board, width: int) -> tuple[Row, ...]:
        """And of whose agent does not listen, where that is not the last result."""
        return last_rows(board, width, copies=True)

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        at, guard = self.sentry.now(), self.sentry.guard
        can = {key: guard.refusal(key, at) is None for key in "arX"}
        return inbox_hints(board, can, self.size.width, zoomed=self.pane.zoomed, scrolls=self.pane.is_open)

    # Looking

    def action_move(self, by: int) -> None:
        """In the list: another card. In the card: scroll."""
        if self.pane.is_open:
            self.pane.scroll(by)
            self.draw()
        else:
            self.post_message(m.Moved(by))

    def action_pane(self) -> None:
        """The other pane."""
        self.pane.has_cursor = not self.pane.has_cursor
        self.draw()

    def action_zoom(self) -> None:
        """The whole card, or back; a folded row is opened."""
        if self.board and self.board.fold:
            self.post_message(m.Folded(self.board.fold.slug, away=False))
            return
        self.pane.zoom()
        self.sentry.resized()
        self.draw()

    def action_propose(self) -> None:
        """The list of what was denied and not asked for; a group opens as a card."""

        def chosen(group: DeniedGroup | None) -> None:
            if group is not None:
                self.deeds.propose(group.slug, group.host, group.method)

        self.app.push_screen(Denied(lambda: self.board), chosen)

    def action_mute(self) -> None:
        """The bottle here calls nobody for a while, or calls again; its agent is told either way."""
        board = self.board
        slug = board.here if board else ""
        if board is None or board.read_only or not slug:
            self.tell("M: read-only" if board and board.read_only else "M: no bottle here")
            return
        off = slug in board.standing.muted_now(board.now)
        self.begin(slug, "muting", f"{slug}: {'it may call again' if off else 'muting it'}")
        self.deeds.mute(slug, None if off else board.now + MUTED_FOR)

    def action_mark(self) -> None:
        """Mark the open card, if it could be approved this very moment; or take its mark away."""
        self.marking.mark(self.board)

    def action_mark_all(self) -> None:
        """Mark all asks of the bottle here that may be marked; or take those marks away."""
        self.marking.mark_all(self.board)

    def action_unfold(self) -> None:
        """Each ask of this bottle in a row of its own."""
        if self.board and self.board.fold:
            self.post_message(m.Folded(self.board.fold.slug, away=False))

    def action_fold(self) -> None:
        """All asks of this bottle in one row."""
        if self.board and (card := self.board.open_card):
            self.post_message(m.Folded(card.slug, away=True))

    def action_back(self) -> None:
        """One step back towards the list."""
        if self.pane.zoomed:
            self.action_zoom()
        elif self.pane.has_cursor:
            self.action_pane()
        elif self.board and self.board.leaving:
            self.post_message(m.Moved())
        elif (board := self.board) and (card := board.open_card) and is_own(card) and targets(board)["card"]:
            self.decisions.withdraw(card)

    @on(Rows.Picked, "#inbox")
    def _picked(self, event: Rows.Picked) -> None:
        if self.board and (id := self.listing.at(self.board, event.index)):
            self.post_message(m.Moved(to=id))

    def wheel(self, by: int) -> None:
        self.action_move(by)

    def action_diff(self) -> None:
        """Every line."""
        if self.board and (card := self.board.open_card):
            self.app.push_screen(Reading("the change", lambda width: whole_change(card, width)))

    def action_words(self) -> None:
        """All of them."""
        if self.board and (card := self.board.open_card):
            self.app.push_screen(Reading(card.whose_words, lambda width: whole_words(card, width)))

    def action_only(self) -> None:
        """One bottle or all."""
        if self.board and self.board.only:
            self.post_message(m.Filtered(None))
        elif self.board and (card := self.board.open_card):
            self.post_message(m.Filtered(card.slug))

    def action_copy(self) -> None:
        """One line for the agent that does not listen, while the screen names one; else the card."""
        deaf = self.board.deaf if self.board else ()
        if not deaf:
            self.action_copy_card()
            return
        self.app.copy_to_clipboard(reminder.line(deaf[0].id))
        self.post_message(m.Reminded(deaf[0].id))
        self.tell(clipboard.said("one line to paste to the agent (y: the card)"))

    def action_copy_card(self) -> None:
        """The card as plain text."""
        if self.board and (card := drawn_card(self.board)):
            self.app.copy_to_clipboard(plain_card(card, self.board.now, evidence=evidence_lines(self.board)))
            self.tell(clipboard.said("the card as plain text"))

    # Deciding

    def why_not(self, key: str, refusal: Refusal) -> str:
        why = problem(self.board) if self.board else None
        if refusal is Refusal.NOTHING and why and key in "ar":
            return f"{key}: {why}"
        return super().why_not(key, refusal)

    def decide(self, decision: Decision) -> None:
        board = self.board
        if board is None or decision.key not in "ar":
            super().decide(decision)
        elif board.marked and targets(board)["card"] == decision.target:
            self.marking.decide(decision.key, board)
        else:
            self.decisions.decide(board, decision)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        card = board.open_card
        if key not in "ar" or card is None:
            return super().offer(key, board)
        return self.decisions.offer(key, board, card)
