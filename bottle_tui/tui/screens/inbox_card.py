"""The card of the inbox: what is drawn of it, how far it is scrolled, and what of its risks is in view."""

from textual.screen import Screen

from bottle_tui.core.arming import Part
from bottle_tui.core.views import Card
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.card import card_view
from bottle_tui.tui.presentation.empty_inbox import empty_rows
from bottle_tui.tui.presentation.facts import around, drawn_card, evidence_lines
from bottle_tui.tui.presentation.whole_card import whole_view
from bottle_tui.tui.widgets.rows import Rows


class CardPane:
    """Owns whether the card has the keyboard's moves, whether it is zoomed, and its scroll."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.has_cursor = False
        self.zoomed = False
        self.seen: frozenset[Part] = frozenset()
        """What of the risks is among the rows that were handed to the pane, by construction, never by their text."""
        self._top = 0
        self._max_top = 0
        self._scrolled: tuple[str, str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether moves scroll the card instead of choosing another."""
        return self.has_cursor or self.zoomed

    def scroll(self, by: int) -> None:
        """Down or up, within what there is."""
        self._top = max(0, min(self._top + by, self._max_top))

    def zoom(self) -> None:
        """Whole, or back."""
        self.zoomed = not self.zoomed
        self._top = 0

    def fill(self, board: Board) -> None:
        """Draw the open card, or what there is to say without one."""
        card = drawn_card(board)
        key = (card.id, card.change.digest if card.change else "") if card else None
        if key != self._scrolled:
            self._scrolled, self._top = key, 0
        pane = self._screen.query_one("#card", Rows)
        if card is None:
            pane.rows = tuple(empty_rows(board, pane.size.width, pane.size.height))
            self.seen = frozenset()
        elif self.zoomed:
            self._fill_zoomed(card, board, pane)
        else:
            place = board.place
            view = card_view(card, place, board.now, pane.size.width, pane.size.height, self._top, around(board))
            pane.rows, self.seen, self._max_top = view.rows, view.parts, view.max_scroll
        pane.set_class(self.has_cursor, "-active")

    def _fill_zoomed(self, card: Card, board: Board, pane: Rows) -> None:
        width, height = pane.size
        view = whole_view(card, board.now, width, height, self._top, evidence_lines(board))
        pane.rows, self.seen, self._max_top = view.rows, view.parts, view.max_scroll
        self._top = min(self._top, self._max_top)
