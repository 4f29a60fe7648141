"""What every view is drawn in: title, tabs, a body, the last result, the keys."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from bottle_tui.tui import helping
from bottle_tui.tui.board import Board
from bottle_tui.tui.moved_keys import bindings, hint
from bottle_tui.tui.presentation.chrome import Hint, footer_rows, last_rows, title_row, too_small
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.presentation.tabs import tab_at, tabs_row
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.widgets.rows import Rows

MIN_WIDTH, MIN_HEIGHT = 60, 24
NOTICE_SECONDS = 4.0


class Frame(Screen[None]):
    """Draws a board whenever it changes; what is in the body, and what the keys are about, is each view's own."""

    NAME: ClassVar[str] = ""
    board: reactive[Board | None] = reactive(None, init=False, repaint=False)
    notice: reactive[str] = reactive("", init=False, repaint=False)

    def __init__(self, sentry: Sentry) -> None:
        super().__init__()
        self.sentry = sentry
        self._notice_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Rows(id="title")
        yield Rows(id="tabs")
        yield from self.body()
        yield Rows(id="result")
        yield Rows(id="footer")

    def body(self) -> ComposeResult:
        """The widgets between the tabs and the result line."""
        yield from ()

    def fill(self, board: Board, width: int, height: int) -> None:
        """Draw the body, which has that many rows."""

    def result_rows(self, board: Board, width: int) -> tuple[Row, ...]:
        """What happened last, and the key that takes it back, where that key is about it here."""
        return last_rows(board, width)

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        """The keys that apply now."""
        return (), ()

    def drawn(self, board: Board | None) -> None:
        """All of it was handed to the widgets; None: nothing of it can be seen, for want of room or under the help."""

    def uncovered(self) -> None:
        """Nothing of what is on screen was there just now."""

    def wheel(self, by: int) -> None:
        """The wheel was turned by a notch. It scrolls; it never decides."""

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """In the order of the help panel: this view's own keys, those of every view, then Textual's."""
        order = {binding.id: place for place, binding in enumerate(bindings(type(self)))}
        found = super().active_bindings.items()
        return dict(sorted(found, key=lambda each: order.get(each[1].binding.id, len(order))))

    # Drawing

    def watch_board(self) -> None:
        self.draw()

    def watch_notice(self) -> None:
        self.draw()

    @on(Rows.Resized)
    def _resized(self) -> None:
        self.draw()

    @on(Rows.Clicked, "#tabs")
    async def _view_clicked(self, event: Rows.Clicked) -> None:
        """A tab was clicked: look at that view."""
        name = tab_at(self.board, self.NAME, event.x) if self.board else None
        if name is not None:
            await self.app.run_action(f"view({name!r})")

    def on_resize(self, event: events.Resize) -> None:
        self.sentry.resized()
        self.draw()

    def on_screen_resume(self) -> None:
        """Back from another view or a dialog: what is uncovered counts as new."""
        self.uncovered()
        self.sentry.resized()
        self.draw()

    def on_mouse_scroll_down(self) -> None:
        self.wheel(1)

    def on_mouse_scroll_up(self) -> None:
        self.wheel(-1)

    @property
    def too_small(self) -> bool:
        """Whether there is only room for one line that says so."""
        return self.size.width < MIN_WIDTH or self.size.height < MIN_HEIGHT

    def draw(self) -> None:
        """The whole screen from the board. Cheap; widgets repaint only what changed."""
        board = self.board
        if board is None or self not in self.app.screen_stack or not self.query("#footer"):
            return
        title = self.query_one("#title", Rows)
        self.set_class(self.too_small, "-tiny")
        if self.too_small:
            title.rows = (too_small(self.size.width, self.size.height),)
            self.drawn(None)
            return
        self.set_class(self.size.width < helping.BESIDE, "-help-over")
        if helping.covers(self):
            self.drawn(None)
            return
        width, height = title.size.width, self.size.height
        self.set_class(width < 80, "-narrow")
        self.set_class(width >= 140, "-wide")
        title.rows = (title_row(board, self.NAME, width),)
        self.query_one("#tabs", Rows).rows = (tabs_row(board, self.NAME, width),)
        result = self.query_one("#result", Rows)
        result.rows = self.result_rows(board, width)
        result.styles.height = len(result.rows)
        self.fill(board, width, height - 4 - len(result.rows))
        self.draw_footer(board, width)
        self.drawn(board)

    def draw_footer(self, board: Board, width: int) -> None:
        """The keys, dim where they do nothing now."""
        first, second = self.hints(board)
        if self.sentry.moved:
            first = [hint(each, type(self), self.sentry.moved) for each in first]
            second = [hint(each, type(self), self.sentry.moved) for each in second]
        self.query_one("#footer", Rows).rows = footer_rows(first, second, self.notice, width)

    def tell(self, line: str) -> None:
        """One line in the footer, for a while."""
        self.notice = line
        if self._notice_timer:
            self._notice_timer.stop()
        self._notice_timer = self.set_timer(NOTICE_SECONDS, self.hush)

    def hush(self) -> None:
        """The keys again, at once."""
        self.notice = ""
