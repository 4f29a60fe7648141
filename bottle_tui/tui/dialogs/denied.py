"""Denied and not asked for: a list to look through. Choosing a group files it as the operator's own proposal."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.selection import viewport
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.standing import Key, key_of
from bottle_tui.tui.presentation.denied import detail_rows, heard, list_rows
from bottle_tui.tui.presentation.rows import Row, Span, fit_row, row, rule, spread
from bottle_tui.tui.widgets.rows import Rows

DETAIL = 10


class Denied(ModalScreen[DeniedGroup | None]):
    """Ends in a group, or None. It decides nothing: what is chosen opens as a card."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", id="denied-leave", tooltip="Back to the inbox"),
        Binding("enter,p", "choose", "as a card", id="denied-choose", tooltip="Open it as a card; nothing is granted"),
        Binding("j,down", "move(1)", "next", id="denied-next", tooltip="The next group"),
        Binding("k,up", "move(-1)", "previous", id="denied-previous", tooltip="The group before"),
        Binding("pagedown,space", "move(10)", "further", id="denied-page-down", tooltip="Ten groups down"),
        Binding("pageup", "move(-10)", "back", id="denied-page-up", tooltip="Ten groups up"),
        Binding("g,home", "move(-100000)", "first", id="denied-first", tooltip="The first group"),
        Binding("G,end", "move(100000)", "last", id="denied-last", tooltip="The last group"),
    ]

    def __init__(self, board: Callable[[], Board | None]) -> None:
        super().__init__()
        self.board = board
        self.selected: Key | None = None
        self._index = 0
        self._top = 0
        self._note = ""

    def compose(self) -> ComposeResult:
        yield Rows(id="page")

    def on_mount(self) -> None:
        self.set_interval(1.0, self.fill)

    @on(Rows.Resized)
    def fill(self) -> None:
        """Draw it anew from what the board knows now; the cursor stays on its group."""
        board, page = self.board(), self.query_one("#page", Rows)
        width, height = page.size.width, page.size.height
        if board is None or not height:
            return
        groups = board.denied
        keys = [key_of(group) for group in groups]
        self._index = keys.index(self.selected) if self.selected in keys else max(min(self._index, len(keys) - 1), 0)
        self.selected = keys[self._index] if keys else None
        detail = detail_rows(groups[self._index], board.now, width) if groups else []
        room = max(height - 2 - min(len(detail), DETAIL), 1)
        self._top = viewport(self._top, self._index, self._index, room, len(keys))
        listed = list_rows(board, self.selected, width)[self._top : self._top + room]
        if not groups:
            listed = [row(), row(Span("  Nothing was denied that nobody has asked for.", "muted"))]
        blank: list[Row] = [()] * max(room - len(listed), 0)
        page.rows = (rule("denied, not asked", heard(board), width), *listed, *blank, *detail[:DETAIL],
                     self._keys(width))  # fmt: skip
        page.cursor = 1 + self._index - self._top if groups else None

    def _keys(self, width: int) -> Row:
        if self._note:
            return fit_row(row(Span(f" {self._note}", "warn")), width)
        left = row(Span(" enter ", "key"), Span("as a card  "), Span("j/k ", "key"), Span("next"))
        return spread(left, row(Span("esc ", "key"), Span("back ")), width)

    def deciding_keys(self) -> frozenset[str]:
        """None."""
        return frozenset()

    def action_move(self, by: int) -> None:
        """Another group."""
        board = self.board()
        groups = board.denied if board else ()
        if groups:
            self._index = min(max(self._index + by, 0), len(groups) - 1)
            self.selected, self._note = key_of(groups[self._index]), ""
            self.fill()

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        self.action_move(self._top + event.index - 1 - self._index)

    def action_choose(self) -> None:
        """This one, when a route can admit it."""
        board = self.board()
        group = next((each for each in board.standing.groups if key_of(each) == self.selected), None) if board else None
        if group is None or board is None:
            return
        if board.read_only or group.fit is None:
            self._note = "read-only" if board.read_only else "no route can admit that"
            self.fill()
            return
        self.dismiss(group)

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)
