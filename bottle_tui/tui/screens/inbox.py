"""The inbox: who asks, the card of the open one, and the keys that decide on it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Decision, Refusal, Target
from bottle_tui.core.selection import viewport
from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.dialogs.reason import Reason
from bottle_tui.tui.presentation.budget import list_height
from bottle_tui.tui.presentation.card import (
    asked_row,
    card_view,
    confirmation,
    plain_card,
    whole_card,
    whole_change,
    whole_words,
    worst_first,
)
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.lists import bottle_header, bottle_row, empty_rows, inbox_rows
from bottle_tui.tui.presentation.rows import Row, rule, wrapped
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.widgets.rows import Rows


class InboxView(View):
    """Owns where the operator looks: the list or the card, zoomed or not, and how far it is scrolled."""

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
        Binding("d", "diff", "whole diff", id="diff", tooltip="Every line that would change"),
        Binding("v", "words", "the words", id="words", tooltip="All that the agent wrote"),
        Binding("b", "only", "one bottle or all", id="only", tooltip="Show this bottle alone, or all again"),
        Binding("c,y", "copy", "copy", id="copy", tooltip="The card as plain text, to the clipboard"),
    ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.in_card = False
        self.zoomed = False
        self.line_top = 0
        self._scrolled: tuple[str, str] | None = None
        self._top = 0
        self._was: tuple[str | None, int] = (None, 0)
        self._seen: frozenset[int] = frozenset()
        self._max_scroll = 0

    def body(self) -> ComposeResult:
        with Container(id="body"):
            with Container(id="left"):
                yield Rows(id="inbox")
                yield Rows(id="side")
            yield Rows(id="card")

    # Drawing

    def fill(self, board: Board, width: int, height: int) -> None:
        card = board.open_card
        key = (card.id, card.change.digest if card.change else "") if card else None
        if key != self._scrolled:
            self._scrolled, self.line_top = key, 0
        self.set_class(self.zoomed and card is not None, "-zoomed")
        self.set_class(card is None, "-empty")
        self._fill_list(board, width, height)
        pane = self.query_one("#card", Rows)
        if card is None:
            pane.rows = tuple(empty_rows(board, pane.size.width))
            self._seen = frozenset()
        elif self.zoomed:
            self._fill_zoomed(card, board, pane)
        else:
            place = f"{board.selection.index + 1} of {len(board.selection.order)}"
            view = card_view(card, place, board.now, pane.size.width, pane.size.height, self.line_top)
            pane.rows, self._seen, self._max_scroll = view.rows, view.seen, view.max_scroll
        pane.set_class(self.in_card, "-active")

    def _fill_zoomed(self, card: Card, board: Board, pane: Rows) -> None:
        rows = whole_card(card, "", board.now, pane.size.width)
        height = max(pane.size.height, 1)
        self._max_scroll = max(len(rows) - height, 0)
        self.line_top = min(self.line_top, self._max_scroll)
        more = len(rows) - height - self.line_top
        shown = rows[self.line_top : self.line_top + height]
        if more > 0:
            shown = (*shown[:-1], rule("", f"{more + 1} more lines: j", pane.size.width))
        pane.rows = shown
        # In the whole card the risks come right after the facts: they are seen once the view has gone past them.
        drawn = "\n".join("".join(span.text for span in line) for line in shown)
        from_card = card_view(card, "", board.now, pane.size.width, 10_000)
        self._seen = frozenset(i for i in from_card.seen if _risk_start(card, i, pane.size.width) in drawn)

    def _fill_list(self, board: Board, width: int, height: int) -> None:
        inbox = self.query_one("#inbox", Rows)
        wide = width >= 140
        count = len(board.selection.order)
        side = self._side(board, wide)
        shown = height - side if wide else min(list_height(height, count, board.open_card), count)
        shown = max(shown, 1)
        inbox.styles.height = shown
        index = board.selection.index
        same = board.selection.selected == self._was[0]
        self._top = viewport(self._top, index, self._was[1] if same else index, shown, count)
        self._was = (board.selection.selected, index)
        inbox.rows = tuple(inbox_rows(board, inbox.size.width, self._top, shown))
        inbox.cursor = index - self._top if count else None

    def _side(self, board: Board, wide: bool) -> int:
        """The bottles below the inbox, on wide screens; how many rows they take."""
        side = self.query_one("#side", Rows)
        rows: list[Row] = []
        if wide and board.ours:
            width = side.size.width
            rows = [rule("bottles", "", width), bottle_header(width)]
            rows += [bottle_row(bottle, board, width, selected=False) for bottle in board.ours[:12]]
        side.rows = tuple(rows)
        side.styles.height = len(rows)
        return len(rows)

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[int]]]:
        targets = board.targets()
        card = board.open_card
        live = card is not None and not board.read_only
        bottle = Target(card.slug, "quarantine") if card and live else None
        return {
            "card": (targets["card"], self._seen),
            "result": (targets["result"], frozenset()),
            "bottle": (bottle, frozenset()),
        }

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        at = self.sentry.now()
        guard = self.sentry.guard
        can = {key: guard.refusal(key, at) is None for key in "arX"}
        last = board.last
        first = [
            Hint("a", "approve", can["a"] and board.problem() is None),
            Hint("r", "reject", can["r"]),
            Hint("o", "reopen") if last and last.reopen else Hint("u", "undo", bool(last and last.undo)),
            Hint("X", "quarantine", can["X"]),
            Hint("d", "diff", board.open_card is not None),
            Hint("v", "words", board.open_card is not None),
            Hint("c", "copy", board.open_card is not None),
        ]
        move = "scroll" if self.in_card or self.zoomed else "next"
        second = [
            Hint("j/k", move),
            Hint("enter", "back" if self.zoomed else "zoom"),
            Hint("?", "help"),
            Hint("q", "quit"),
            Hint(":", "all actions"),
            Hint("b", "all bottles" if board.only else "one bottle"),
            Hint("tab", "pane"),
        ]
        return first, second

    # Looking

    def action_move(self, by: int) -> None:
        """In the list: another card. In the card: scroll."""
        if self.in_card or self.zoomed:
            self.line_top = max(0, min(self.line_top + by, self._max_scroll))
            self.draw()
        else:
            self.post_message(m.Moved(by))

    def action_pane(self) -> None:
        """The other pane."""
        self.in_card = not self.in_card
        self.draw()

    def action_zoom(self) -> None:
        """The whole card, or back."""
        self.zoomed = not self.zoomed
        self.line_top = 0
        self.sentry.resized()
        self.draw()

    def action_back(self) -> None:
        """One step back towards the list."""
        if self.zoomed:
            self.action_zoom()
        elif self.in_card:
            self.action_pane()

    @on(Rows.Picked, "#inbox")
    def _picked(self, event: Rows.Picked) -> None:
        board = self.board
        if board and 0 <= self._top + event.index < len(board.selection.order):
            self.post_message(m.Moved(to=board.selection.order[self._top + event.index]))

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
        """The card as plain text."""
        if self.board and (card := self.board.open_card):
            self.app.copy_to_clipboard(plain_card(card, self.board.now))
            self.tell("copied: the card as plain text")

    # Deciding

    def why_not(self, key: str, refusal: Refusal) -> str:
        problem = self.board.problem() if self.board else None
        if refusal is Refusal.NOTHING and problem and key in "ar":
            return f"{key}: {problem}"
        return super().why_not(key, refusal)

    def decide(self, decision: Decision) -> None:
        board = self.board
        card = board.open_card if board else None
        if board is None or decision.key not in "ar":
            super().decide(decision)
            return
        if card is None or board.targets()["card"] != decision.target:
            self.tell(f"{decision.key}: {Refusal.TOO_NEW.value}")
        elif decision.key == "r":
            self._reject(card)
        elif problem := board.problem():
            self.tell(f"a: {problem}")
        elif any(risk.level == "danger" for risk in card.risks):
            self._confirm(card, decision.target)
        else:
            self._approve(card, decision.target, acknowledged=False)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        card = board.open_card
        if key not in "ar" or card is None:
            return super().offer(key, board)
        problem = board.problem() if key == "a" else None
        target = board.targets()["card"]
        if problem or target is None:
            return None, problem or "nothing here to decide"
        return target, f"{'approve' if key == 'a' else 'reject'} {card.host or card.tool} for {card.slug}"

    def _approve(self, card: Card, target: Target, *, acknowledged: bool) -> None:
        self.begin(card.id, "applying", f"{card.host} for {card.slug}: pipelock, egress, proof")
        self.deeds.approve(card.id, target.digest, acknowledged)

    def _confirm(self, card: Card, target: Target) -> None:
        def answered(yes: bool | None) -> None:
            board = self.board
            if yes and board and board.targets()["card"] == target:
                self._approve(card, target, acknowledged=True)

        self.app.push_screen(Confirm(self.sentry, target, confirmation(card, self.size.width)), answered)

    def _reject(self, card: Card) -> None:
        def answered(reason: str | None) -> None:
            if reason:
                self.begin(card.id, "rejecting", f"{card.host} for {card.slug}: rejecting")
                self.deeds.reject(card.id, reason)
            else:
                self.tell("not rejected")

        self.app.push_screen(Reason(self.sentry, asked_row(card, self.size.width)), answered)


def _risk_start(card: Card, index: int, width: int) -> str:
    """How the last line of a risk reads in the whole card: when that is drawn, the risk was seen."""
    return wrapped(visible(worst_first(card.risks)[index].text), width - 6)[-1]
