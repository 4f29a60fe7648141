"""The inbox: the keys that look, the keys that decide, and what they act on."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core import reminder
from bottle_tui.core.arming import Decision, Refusal, Target
from bottle_tui.core.edits import Edit
from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import problem, targets
from bottle_tui.tui.dialogs.batch import Batch
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.dialogs.denied import Denied
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.dialogs.reason import Reason
from bottle_tui.tui.presentation.card import asked_row, confirmation, plain_card, whole_change, whole_words
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.facts import drawn_card, evidence_lines
from bottle_tui.tui.presentation.lists import fold_rows
from bottle_tui.tui.presentation.rows import row
from bottle_tui.tui.screens.inbox_card import CardPane
from bottle_tui.tui.screens.inbox_list import Listing
from bottle_tui.tui.screens.inbox_narrow import NarrowingView
from bottle_tui.tui.widgets.rows import Rows

MUTED_FOR = timedelta(minutes=15)


def _own(card: Card) -> bool:
    """Whether the operator filed it and has not decided it: it is withdrawn, not rejected; no agent waits for it."""
    return card.by_operator and card.status == "pending"


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
        self._again = ("", 0)

    def body(self) -> ComposeResult:
        with Container(id="body"):
            with Container(id="left"):
                yield Rows(id="inbox")
                yield Rows(id="side")
            yield Rows(id="card")

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

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[int]]]:
        places = targets(board)
        bottle = Target(board.here, "quarantine") if board.here and not board.read_only else None
        return {
            "card": (places["card"], self.pane.seen),
            "result": (places["result"], frozenset()),
            "bottle": (bottle, frozenset()),
        }

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        at = self.sentry.now()
        guard = self.sentry.guard
        can = {key: guard.refusal(key, at) is None for key in "arX"}
        last = board.last
        keys = self.narrowing_hints(board)
        back = Hint("o", "reopen") if last and last.reopen else Hint("u", "undo", bool(last and last.undo))
        shown = board.open_card is not None
        marked = f" {len(board.marked)} marked" if board.marked else ""
        size = self.size.width
        first = [
            Hint("a", f"approve{marked}", can["a"] and problem(board) is None),
            Hint("r", f"reject{marked}", can["r"]),
            keys["="]._replace(text="fit to seen" if size >= 84 else "fit seen" if size >= 80 else "fit"),
            *(keys[key] for key in ("path", "m", "w")),
        ]
        more = [keys["t"], keys["s"]]
        zoom = Hint("enter", "unfold" if board.fold else "back" if self.pane.zoomed else "zoom")
        move = Hint("j/k", "scroll" if self.pane.is_open else "next")
        edit = [keys["e"], Hint("p", "denied")]
        leave = [Hint("?", "help"), Hint("q", "quit")]
        if size < 80:
            return first, [*more, *edit, *leave]
        second = [
            move,
            zoom,
            *edit,
            Hint("X", "quarantine", can["X"]),
            *leave,
            keys["0"],
            back,
            Hint("d", "diff", shown),
            Hint("v", "words", shown),
            Hint("c", "copy", shown),
            Hint(":", "all actions"),
            Hint("b", "all bottles" if board.only else "one bottle"),
            Hint("tab", "pane"),
        ]
        return [*first, *more], second

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

    def _withdraw(self, card: Card) -> None:
        line = f"{card.host} for {card.slug}: not filed after all, nothing was granted"
        self.begin(card.id, "withdrawing", line)
        self.deeds.withdraw(card.id, line)

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
        board = self.board
        card = board.open_card if board else None
        if board is None or card is None:
            self.tell("space: open the one you mean first")
            return
        digest, refusal = board.markable(card.id), self.sentry.guard.refusal("a", self.sentry.now())
        if card.id in board.marks:
            self.post_message(m.Marked(card.id))
        elif problem(board) or refusal:
            self.tell(f"space: {problem(board) or (refusal.value if refusal else '')}")
        elif not digest:
            self.tell("space: one with !! is decided alone")
        else:
            self.post_message(m.Marked(card.id, digest))

    def _decide_marked(self, key: str, board: Board) -> None:
        cards = board.marked
        target = Target("marked", board.marks.digest)

        def confirmed(yes: bool | None) -> None:
            now = self.board
            if yes and now and now.marks.digest == target.digest and len(now.marked) == len(cards):
                for card in cards:
                    change = Target(card.id, card.change.digest if card.change else "")
                    self._approve(card, change, now.edits.of(card.id), acknowledged=False)
                self.post_message(m.Marked())
            elif yes:
                self.tell("one of them has changed meanwhile: nothing done")

        def rejected(reason: str | None) -> None:
            if not reason:
                self.tell("not rejected")
                return
            for card in cards:
                self.begin(card.id, "rejecting", f"{card.host} for {card.slug}: rejecting")
                self.deeds.reject(card.id, reason)
            self.post_message(m.Marked())

        if key == "a":
            self.app.push_screen(Batch(self.sentry, target, cards), confirmed)
        else:
            hosts = ", ".join(dict.fromkeys(visible(card.host) for card in cards))
            self.app.push_screen(Reason(self.sentry, row(f"reject {len(cards)} marked: {hosts}")), rejected)

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
        elif (board := self.board) and (card := board.open_card) and _own(card) and targets(board)["card"]:
            self._withdraw(card)

    @on(Rows.Picked, "#inbox")
    def _picked(self, event: Rows.Picked) -> None:
        if self.board and (id := self.listing.at(self.board, event.index)):
            self.post_message(m.Moved(to=id))

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls; it never decides."""
        self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls; it never decides."""
        self.action_move(-1)

    def action_diff(self) -> None:
        """Every line."""
        if self.board and (card := self.board.open_card):
            self.app.push_screen(Reading("the change", lambda width: whole_change(card, width)))

    def action_words(self) -> None:
        """All of them."""
        if self.board and (card := self.board.open_card):
            self.app.push_screen(Reading("the agent's words", lambda width: whole_words(card, width)))

    def action_only(self) -> None:
        """One bottle or all."""
        if self.board and self.board.only:
            self.post_message(m.Filtered(None))
        elif self.board and (card := self.board.open_card):
            self.post_message(m.Filtered(card.slug))

    def action_copy(self) -> None:
        """One line for the agent that does not listen, while the result line says so; else the card."""
        deaf = self.board.deaf if self.board else None
        if deaf is None:
            self.action_copy_card()
            return
        self.app.copy_to_clipboard(reminder.line(deaf.id))
        self.tell("copied: one line to paste to the agent (y copies the card)")

    def action_copy_card(self) -> None:
        """The card as plain text."""
        if self.board and (card := drawn_card(self.board)):
            self.app.copy_to_clipboard(plain_card(card, self.board.now, evidence=evidence_lines(self.board)))
            self.tell("copied: the card as plain text")

    # Deciding

    def why_not(self, key: str, refusal: Refusal) -> str:
        why = problem(self.board) if self.board else None
        if refusal is Refusal.NOTHING and why and key in "ar":
            return f"{key}: {why}"
        return super().why_not(key, refusal)

    def decide(self, decision: Decision) -> None:
        board = self.board
        card = board.open_card if board else None
        if board is None or decision.key not in "ar":
            super().decide(decision)
            return
        if card is None or targets(board)["card"] != decision.target:
            self.tell(f"{decision.key}: {Refusal.TOO_NEW.value}")
        elif board.marked:
            self._decide_marked(decision.key, board)
        elif decision.key == "r":
            self._withdraw(card) if _own(card) else self._reject(card)
        elif why := problem(board):
            self.tell(f"a: {why}")
        elif any(risk.level == "danger" for risk in card.risks):
            self._confirm(card, decision.target, board.edits.of(card.id))
        else:
            self._approve(card, decision.target, board.edits.of(card.id), acknowledged=False)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        card = board.open_card
        if key not in "ar" or card is None:
            return super().offer(key, board)
        why = problem(board) if key == "a" else None
        target = targets(board)["card"]
        if why or target is None:
            return None, why or "nothing here to decide"
        return target, f"{'approve' if key == 'a' else 'reject'} {card.host or card.tool} for {card.slug}"

    def _approve(self, card: Card, target: Target, edit: Edit, *, acknowledged: bool) -> None:
        self.begin(card.id, "applying", f"{card.host} for {card.slug}: pipelock, egress, proof")
        self.deeds.approve(card.id, target.digest, acknowledged, edit)

    def _confirm(self, card: Card, target: Target, edit: Edit) -> None:
        def answered(yes: bool | None) -> None:
            board = self.board
            if yes and board and targets(board)["card"] == target and board.edits.of(card.id) == edit:
                self._approve(card, target, edit, acknowledged=True)

        self.app.push_screen(Confirm(self.sentry, target, confirmation(card, self.size.width)), answered)

    def _reject(self, card: Card) -> None:
        def answered(reason: str | None) -> None:
            if reason:
                self.begin(card.id, "rejecting", f"{card.host} for {card.slug}: rejecting")
                self.deeds.reject(card.id, reason)
            else:
                self.tell("not rejected")

        self.app.push_screen(Reason(self.sentry, asked_row(card, self.size.width)), answered)
