"""The keys and the wheel that move in a log, and how its lines are drawn."""

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from bottle_tui.tui.screens.view import View
from bottle_tui.tui.widgets.log_pane import LogPane
from bottle_tui.tui.widgets.rows import Rows


class ReadingView(View):
    """A view with log panes, one of them open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "follow", "follow", id="follow", tooltip="Follow the end, or pause"),
        Binding("w", "wrap", "wrap", id="log-wrap", tooltip="Long lines on several rows, or cut"),
        Binding("d", "raw", "raw lines", id="raw", tooltip="Whole lines as the sidecar wrote them, or what they say"),
        Binding("j,down", "lines(1)", "down", id="log-down", tooltip="One line down; past the end follows"),
        Binding("k,up", "lines(-1)", "up", id="log-up", tooltip="One line up; pauses"),
        Binding("pagedown,space", "page(1)", "page down", id="log-page-down", tooltip="A page down"),
        Binding("pageup", "page(-1)", "page up", id="log-page-up", tooltip="A page up; pauses"),
        Binding("g,home", "lines(-1000000)", "first", id="log-first", tooltip="The oldest line kept"),
        Binding("G,end", "last", "last", id="log-last", tooltip="The newest line; follows"),
    ]  # fmt: skip

    @property
    def pane(self) -> LogPane:
        """The open tab's."""
        raise NotImplementedError

    def action_follow(self) -> None:
        """Follow or pause."""
        self.pane.follow = not self.pane.follow
        self.draw()

    def action_raw(self) -> None:
        """Whole lines or their summaries."""
        for pane in self.query(LogPane):
            pane.raw = not pane.raw
        self.draw()

    def action_wrap(self) -> None:
        """Long lines on several rows, or cut."""
        for pane in self.query(LogPane):
            pane.wrap = not pane.wrap
        self.draw()

    def action_lines(self, by: int) -> None:
        """The cursor; past the end it follows again."""
        self.pane.move(by)
        self.draw()

    def action_last(self) -> None:
        """The newest, and follow."""
        self.pane.follow = True
        self.draw()

    def action_page(self, by: int) -> None:
        """By pages."""
        self.action_lines(by * max(self.pane.size.height - 1, 1))

    def wheel(self, by: int) -> None:
        self.action_lines(3 * by)

    @on(Rows.Clicked)
    def _line_clicked(self, event: Rows.Clicked) -> None:
        if isinstance(event.source, LogPane) and (number := event.source.number_at(event.y)) is not None:
            event.source.follow = False
            event.source.at = number
            event.source.redraw()
            self.draw()
