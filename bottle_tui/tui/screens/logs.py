"""The logs: one live tab per sidecar of a bottle, and one with all of them."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Target
from bottle_tui.ports import SIDECARS
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.find import Find
from bottle_tui.tui.following import Follower
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.logs import log_tabs, stream_state
from bottle_tui.tui.presentation.rows import Span, row
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.widgets.log_pane import LogPane
from bottle_tui.tui.widgets.rows import Rows

TABS: tuple[str, ...] = (*SIDECARS, "all")
BEAT = 0.05
"""Seconds between two looks at the streams: 20 Hz at most."""


class LogsView(View):
    """Owns the streams of one bottle. They run while this bottle is the one looked at."""

    NAME: ClassVar[str] = "logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tab(-1)", "sidecar", key_display="[", id="tab-left", tooltip="The tab before"),
        Binding("right_square_bracket", "tab(1)", "sidecar", key_display="]", id="tab-right", tooltip="The next tab"),
        Binding("f", "follow", "follow", id="follow", tooltip="Follow the end, or pause"),
        Binding("b", "bottle", "next bottle", id="log-bottle", tooltip="The next bottle's logs"),
        Binding("slash", "find", "filter", key_display="/", id="filter", tooltip="Show only lines with these words"),
        Binding("d", "raw", "raw lines", id="raw", tooltip="Whole lines as the sidecar wrote them, or what they say"),
        Binding("j,down", "lines(1)", "down", id="log-down", tooltip="One line down"),
        Binding("k,up", "lines(-1)", "up", id="log-up", tooltip="One line up; pauses"),
        Binding("pagedown,space", "page(1)", "page down", id="log-page-down", tooltip="A page down"),
        Binding("pageup", "page(-1)", "page up", id="log-page-up", tooltip="A page up; pauses"),
        Binding("g,home", "lines(-1000000)", "first", id="log-first", tooltip="The oldest line kept"),
        Binding("G,end", "lines(1000000)", "last", id="log-last", tooltip="The newest line; follows"),
        Binding("escape", "clear_find", "back", id="log-back", tooltip="Take the filter away"),
    ]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.slug: str | None = None
        self.tab = "egress"
        self.streams: dict[str, Follower] = {}

    def body(self) -> ComposeResult:
        yield Rows(id="log-tabs")
        with Container(id="body"):
            for tab in TABS:
                yield LogPane(id=f"log-{tab}", merged=tab == "all")

    def on_mount(self) -> None:
        self.set_interval(BEAT, self.drain)

    def on_unmount(self) -> None:
        self._stop()

    @property
    def pane(self) -> LogPane:
        """The open tab's."""
        return self.query_one(f"#log-{self.tab}", LogPane)

    # Streams

    def look_at(self, slug: str | None) -> None:
        """Follow this bottle's sidecars, and no others."""
        if slug == self.slug:
            return
        self._stop()
        self.slug = slug
        for pane in self.query(LogPane):
            pane.clear()
        if slug is None:
            return
        for role in SIDECARS:
            self.streams[role] = Follower(self.deeds.services, slug, role)
            self.streams[role].start()

    def _stop(self) -> None:
        for stream in self.streams.values():
            stream.stop()
        self.streams = {}

    def drain(self) -> None:
        """Hand what has come to the panes."""
        came = False
        for role, stream in self.streams.items():
            lines, dropped = stream.take()
            if lines or dropped:
                came = True
                self.query_one(f"#log-{role}", LogPane).feed(lines, dropped)
                self.query_one("#log-all", LogPane).feed(lines, dropped)
        if came and self.is_current and self.board:
            self._draw_tabs(self.board)

    # Drawing

    def fill(self, board: Board, width: int, height: int) -> None:
        slugs = board.running
        if self.slug not in slugs and (self.is_current or self.slug is not None):
            card = board.open_card
            wanted = board.only or (card.slug if card else None)
            self.look_at(wanted if wanted in slugs else slugs[0] if slugs else None)
        for pane in self.query(LogPane):
            pane.display = pane.id == f"log-{self.tab}"
        self._draw_tabs(board)

    def _draw_tabs(self, board: Board) -> None:
        tabs = self.query_one("#log-tabs", Rows)
        if self.slug is None:
            tabs.rows = (row(Span(" no bottle runs: nothing to follow", "muted")),)
            return
        stream = self.streams.get(self.tab)
        pane = self.pane
        ended, narrow = stream.ended if stream else "", tabs.size.width < 80
        state = stream_state(len(pane.shown), pane.dropped, pane.follow, pane.find, ended, narrow=narrow)
        tabs.rows = (log_tabs(TABS, self.tab, self.slug, tabs.size.width, state),)

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[int]]]:
        bottle = Target(self.slug, "quarantine") if self.slug and not board.read_only else None
        return {**super().about(board), "bottle": (bottle, frozenset())}

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        last = board.last
        pane = self.pane
        first = [
            Hint("f", "pause" if pane.follow else "follow"),
            Hint("[ ]", "sidecar"),
            Hint("b", "next bottle", len(board.running) > 1),
            Hint("/", "filter"),
            Hint("d", "summaries" if pane.raw else "raw lines"),
            Hint("X", "quarantine", self.slug is not None and not board.read_only),
            Hint("u", "undo", bool(last and last.undo)),
        ]
        second = [Hint("j/k", "scroll"), Hint("g/G", "ends"), Hint("?", "help"), Hint("q", "quit"),
                  Hint(":", "all actions"), Hint("1 2 4", "views")]  # fmt: skip
        return first, second

    # Keys

    def action_tab(self, by: int) -> None:
        """The next tab."""
        self.tab = TABS[(TABS.index(self.tab) + by) % len(TABS)]
        self.draw()

    def action_follow(self) -> None:
        """Follow or pause."""
        self.pane.follow = not self.pane.follow
        self.draw()

    def action_raw(self) -> None:
        """Whole lines or their summaries."""
        for pane in self.query(LogPane):
            pane.raw = not pane.raw
        self.draw()

    def action_lines(self, by: int) -> None:
        """Scroll."""
        self.pane.scroll_lines(by)
        self.draw()

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.action_lines(by * max(self.pane.size.height - 1, 1))

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls."""
        self.action_lines(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls."""
        self.action_lines(-3)

    def action_bottle(self) -> None:
        """The next bottle that runs."""
        slugs = self.board.running if self.board else []
        if slugs:
            at = slugs.index(self.slug) + 1 if self.slug in slugs else 0
            self.look_at(slugs[at % len(slugs)])
            self.draw()

    def action_find(self) -> None:
        """Filter."""
        self.app.push_screen(Find(self.pane.find), self._find)

    def action_clear_find(self) -> None:
        """No filter."""
        self._find("")

    def _find(self, words: str | None) -> None:
        if words is not None:
            for pane in self.query(LogPane):
                pane.find = words
            self.draw()
