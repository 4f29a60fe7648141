"""The left of the inbox: who asks, pinned under the cursor, and on wide screens the bottles below."""

from textual.screen import Screen

from bottle_tui.core.selection import viewport
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.bottle_rows import bottle_header, bottle_row
from bottle_tui.tui.presentation.budget import list_height
from bottle_tui.tui.presentation.denied import ending_rows, pane_rows
from bottle_tui.tui.presentation.facts import drawn_card
from bottle_tui.tui.presentation.inbox_rows import inbox_rows
from bottle_tui.tui.presentation.rows import Row, rule
from bottle_tui.tui.widgets.rows import Rows

WIDE = 140


class Listing:
    """Owns which rows of the list are in view."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._top = 0
        self._was: tuple[str | None, int] = (None, 0)

    def fill(self, board: Board, width: int, height: int) -> None:
        """Draw it beside or above the card, in its share of `height` rows."""
        inbox = self._screen.query_one("#inbox", Rows)
        wide = width >= WIDE
        count = len(board.lines)
        side = self._side(board, wide)
        card = drawn_card(board) or board.cards.get(board.selection.selected or "")
        shown = height - side if wide else min(list_height(height, count, card, width), count)
        shown = max(shown, 1)
        inbox.styles.height = shown
        index = board.line_index
        same = board.selection.selected == self._was[0]
        self._top = viewport(self._top, index, self._was[1] if same else index, shown, count)
        self._was = (board.selection.selected, index)
        inbox.rows = tuple(inbox_rows(board, inbox.size.width, self._top, shown))
        inbox.cursor = index - self._top if count else None

    def _side(self, board: Board, wide: bool) -> int:
        side = self._screen.query_one("#side", Rows)
        rows: list[Row] = []
        if wide and board.ours:
            width = side.size.width
            rows = [rule("bottles", "", width), bottle_header(width)]
            rows += [bottle_row(bottle, board, width, selected=False) for bottle in board.ours[:12]]
        if wide:
            rows += pane_rows(board, side.size.width, 8) + ending_rows(board, side.size.width, 6)
        side.rows = tuple(rows)
        side.styles.height = len(rows)
        return len(rows)

    def at(self, board: Board, row: int) -> str | None:
        """The id of the (first) proposal on that row of the list."""
        index = self._top + row
        return board.lines[index].ids[0] if 0 <= index < len(board.lines) else None
