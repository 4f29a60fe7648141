"""Something too long for its place, whole, to be scrolled: the diff, the agent's words."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from bottle_tui.tui.presentation.rows import Row, rule
from bottle_tui.tui.widgets.rows import Rows


class Reading(ModalScreen[None]):
    """Decides nothing; esc, enter or the key that opened it leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,d,v", "leave", "back", id="reading-leave", tooltip="Back to the card"),
        Binding("j,down", "scroll(1)", "down", id="reading-down", tooltip="One line down"),
        Binding("k,up", "scroll(-1)", "up", id="reading-up", tooltip="One line up"),
        Binding("pagedown,space", "page(1)", "page down", id="reading-page-down", tooltip="A page down"),
        Binding("pageup", "page(-1)", "page up", id="reading-page-up", tooltip="A page up"),
        Binding("g,home", "scroll(-100000)", "top", id="reading-top", tooltip="To the first line"),
        Binding("G,end", "scroll(100000)", "end", id="reading-end", tooltip="To the last line"),
    ]

    def __init__(self, title: str, rows_for: Callable[[int], list[Row]]) -> None:
        super().__init__()
        self.reading_title = title
        self.rows_for = rows_for
        self.top = 0

    def compose(self) -> ComposeResult:
        yield Rows(id="page")

    @on(Rows.Resized)
    def _fill(self) -> None:
        page = self.query_one("#page", Rows)
        width, height = page.size.width, page.size.height
        rows = self.rows_for(width)
        self.top = max(0, min(self.top, len(rows) - height + 2))
        shown = rows[self.top : self.top + max(height - 2, 1)]
        where = f"{self.top + 1}–{self.top + len(shown)} of {len(rows)}" if len(rows) > len(shown) else ""
        head = rule(self.reading_title, where, width)
        blank: list[Row] = [()] * max(height - 2 - len(shown), 0)
        page.rows = (head, *shown, *blank, rule("", "esc: back", width))

    def deciding_keys(self) -> frozenset[str]:
        """None."""
        return frozenset()

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        """By lines."""
        self.top += by
        self._fill()

    def action_page(self, by: int) -> None:
        """By pages."""
        self.action_scroll(by * max(self.size.height - 4, 1))
