"""What happened while nobody was here. Any key leaves; none decides."""

from datetime import datetime
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import ModalScreen

from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.away import away_rows
from bottle_tui.tui.presentation.rows import Row, Span, row, rule, spread
from bottle_tui.tui.widgets.rows import Rows


class Away(ModalScreen[None]):
    """Drawn from the board, which goes on below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "leave", "back", id="away-leave", tooltip="To the inbox"),
    ]
    board: reactive[Board | None] = reactive(None, init=False, repaint=False)

    def __init__(self, left: datetime, board: Board | None) -> None:
        super().__init__()
        self.left = left
        self.set_reactive(Away.board, board)

    def compose(self) -> ComposeResult:
        yield Rows(id="page")

    def watch_board(self) -> None:
        self.fill()

    @on(Rows.Resized)
    def fill(self) -> None:
        """Draw it from what the board knows now."""
        page = self.query_one("#page", Rows)
        width, height = page.size.width, page.size.height
        if self.board is None or not height:
            return
        standing, room = self.board.standing, max(height - 2, 1)
        known = (standing.absence, standing.absence_trouble) if standing.left == self.left else (None, "")
        shown = away_rows(self.board, self.left, *known, width, room)[:room]
        blank: list[Row] = [()] * (room - len(shown))
        keys = spread(row(Span(" enter ", "key"), Span("to the inbox")), (), width)
        page.rows = (rule("while you were away", "", width), *shown, *blank, keys)

    def deciding_keys(self) -> frozenset[str]:
        """None."""
        return frozenset()

    def on_key(self, event: events.Key) -> None:
        """Any key leaves, and does nothing else."""
        event.stop()
        event.prevent_default()
        self.dismiss(None)

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)
