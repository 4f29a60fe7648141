"""The card of the inbox: what is drawn of it, how far it is scrolled, and which of its risks were seen."""

from itertools import accumulate

from textual.screen import Screen

from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.card import card_view
from bottle_tui.tui.presentation.empty_inbox import empty_rows
from bottle_tui.tui.presentation.facts import around, drawn_card, evidence_lines
from bottle_tui.tui.presentation.risk_rows import worst_first
from bottle_tui.tui.presentation.rows import Row, Span, rule, wrapped
from bottle_tui.tui.presentation.whole_card import whole_card
from bottle_tui.tui.widgets.rows import Rows


class CardPane:
    """Owns whether the card has the keyboard's moves, whether it is zoomed, and its scroll."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.has_cursor = False
        self.zoomed = False
        self.seen: frozenset[int] = frozenset()
        """Risks (indices, worst first) that are on screen."""
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
            pane.rows = tuple(empty_rows(board, pane.size.width))
            self.seen = frozenset()
        elif self.zoomed:
            self._fill_zoomed(card, board, pane)
        else:
            place = board.place
            view = card_view(card, place, board.now, pane.size.width, pane.size.height, self._top, around(board))
            pane.rows, self.seen, self._max_top = view.rows, view.seen, view.max_scroll
        pane.set_class(self.has_cursor, "-active")

    def _fill_zoomed(self, card: Card, board: Board, pane: Rows) -> None:
        rows = whole_card(card, "", board.now, pane.size.width, evidence_lines(board))
        height = max(pane.size.height, 1)
        self._max_top = max(len(rows) - height, 0)
        self._top = min(self._top, self._max_top)
        more = len(rows) - height - self._top
        shown = rows[self._top : self._top + height]
        if more > 0:
            shown = (*shown[:-1], rule("", f"{more + 1} more lines: j", pane.size.width))
        pane.rows = shown
        # In the whole card the risks come right after the facts: they are seen once the view has gone past them.
        drawn = range(self._top, self._top + len(shown) - (1 if more > 0 else 0))
        ends = _ends_of_risks(card, rows, pane.size.width)
        self.seen = frozenset(number for number, end in enumerate(ends) if end in drawn)


def _ends_of_risks(card: Card, rows: tuple[Row, ...], width: int) -> list[int]:
    """Where in the whole card the last line of each risk stands. By place, since its words may stand elsewhere too."""
    head = Span(f"RISKS {len(card.risks)}", "title")
    at = next((number for number, line in enumerate(rows) if head in line), 0)
    heights = (len(wrapped(visible(risk.text), width - 6)) for risk in worst_first(card.risks))
    return [at + height for height in accumulate(heights)]
