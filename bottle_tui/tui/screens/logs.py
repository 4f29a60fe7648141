"""The logs: one live tab per sidecar of a bottle, and one with all of them; from any line to the grant that decided."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core import log_subject
from bottle_tui.core.arming import Decision, Part, Target
from bottle_tui.ports import SIDECARS
from bottle_tui.tui import findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import of_bottle
from bottle_tui.tui.board.results import told
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.presentation.chrome import Hint, next_bottle
from bottle_tui.tui.presentation.logs import log_tabs, stream_state, tab_at, whole_line
from bottle_tui.tui.presentation.provenance import strip_row
from bottle_tui.tui.presentation.rows import Row, Span, cut, row
from bottle_tui.tui.screens.log_origin import Origin, origin_of
from bottle_tui.tui.screens.log_search import SearchingView
from bottle_tui.tui.screens.log_streams import Streams
from bottle_tui.tui.screens.place import one_after
from bottle_tui.tui.widgets.log_pane import LogPane
from bottle_tui.tui.widgets.rows import Rows

TABS: tuple[str, ...] = (*SIDECARS, "all")
BEAT = 0.05
"""Seconds between two looks at the streams: 20 Hz at most."""


class LogsView(SearchingView):
    """Owns the streams of one bottle. They run while this bottle is the one looked at."""

    NAME: ClassVar[str] = "logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tab(-1)", "sidecar", key_display="[", id="tab-left", tooltip="The tab before"),
        Binding("right_square_bracket", "tab(1)", "sidecar", key_display="]", id="tab-right", tooltip="The next tab"),
        Binding("enter", "origin", "where from", id="log-origin", tooltip="Which grant decided, who approved it, why"),
        Binding("b", "bottle", "next bottle", id="log-bottle", tooltip="The next bottle's logs"),
    ]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.slug: str | None = None
        self._turned: str | None = None
        self.tab = "egress"
        self.streams = Streams(self.deeds.services)
        self.origin = Origin(self)

    def body(self) -> ComposeResult:
        yield Rows(id="log-tabs")
        with Container(id="body"):
            for tab in TABS:
                yield LogPane(id=f"log-{tab}", merged=tab == "all")
            yield Rows(id="log-strip")

    def on_mount(self) -> None:
        self.set_interval(BEAT, self.drain)

    def on_unmount(self) -> None:
        self.streams.stop()

    @property
    def pane(self) -> LogPane:
        """The open tab's."""
        return self.query_one(f"#log-{self.tab}", LogPane)

    # Streams

    @property
    def bottle(self) -> str | None:
        return self.slug

    def turn_to(self, slug: str) -> None:
        self._turned = slug

    def look_at(self, slug: str | None) -> None:
        """Follow this bottle's sidecars, and no others."""
        if slug == self.slug:
            return
        self.slug = slug
        self.origin.forget()
        for pane in self.query(LogPane):
            pane.clear()
        self.streams.follow(slug)

    def drain(self) -> None:
        """Hand what has come to the panes."""
        came = False
        for role, lines, dropped in self.streams.take():
            came = True
            self.query_one(f"#log-{role}", LogPane).feed(lines, dropped)
        together, missing = self.streams.together()
        if together or missing:
            came = True
            self.query_one("#log-all", LogPane).feed(together, missing)
        if came and self.is_current and self.board:
            self._draw_tabs(self.board)

    # Drawing

    def fill(self, board: Board, width: int, height: int) -> None:
        slugs = board.running
        if self.is_current and self._turned in slugs:
            self.look_at(self._turned)
            self._turned = None
        if self.slug not in slugs and (self.is_current or self.slug is not None):
            card = board.open_card
            wanted = board.only or (card.slug if card else None)
            self.look_at(wanted if wanted in slugs else slugs[0] if slugs else None)
        for pane in self.query(LogPane):
            pane.display = pane.id == f"log-{self.tab}"
        line = self.pane.line_at_cursor
        self.origin.looks_at(line)
        strip = self.query_one("#log-strip", Rows)
        strip.styles.height = 0 if line is None else 1
        strip.rows = (self._strip(width, board),) if line is not None else ()
        self._draw_tabs(board)

    def _strip(self, width: int, board: Board) -> Row:
        if not self.origin.asked:
            why = log_subject.why_none(self.pane.line_at_cursor) if self.pane.line_at_cursor else ""
            return row(Span(cut(f" {why}; enter: the whole line", width), "muted"))
        return strip_row(self.origin.found, self.origin.trouble, board.now, width)

    def _draw_tabs(self, board: Board) -> None:
        tabs = self.query_one("#log-tabs", Rows)
        if self.slug is None:
            tabs.rows = (row(Span(" no bottle runs: nothing to follow", "muted")),)
            return
        pane, narrow = self.pane, tabs.size.width < 80
        state = stream_state(
            len(pane.shown), pane.dropped + pane.memory.missed, pane.follow, pane.filter,
            self.streams.ended(self.tab), search=pane.search, wrap=pane.wrap, narrow=narrow, new=pane.memory.new,
        )  # fmt: skip
        tabs.rows = (log_tabs(TABS, self.tab, self.slug, tabs.size.width, state),)

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[Part]]]:
        about = {**super().about(board), "bottle": (of_bottle(board, self.slug), frozenset[Part]())}
        if self.pane.line_at_cursor is not None:
            about["result"] = (self.origin.target(board), frozenset())
        return about

    def result_rows(self, board: Board, width: int) -> tuple[Row, ...]:
        """With the cursor on a line `u` is about that line, and the last result does not offer it."""
        on_line = self.pane.line_at_cursor is not None
        return super().result_rows(replace(board, results=told(board.results)) if on_line else board, width)

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        last, pane = board.last, self.pane
        on_line = pane.line_at_cursor is not None
        undo = (
            Hint("u", "revoke", self.origin.target(board) is not None)
            if on_line
            else Hint("u", "undo", bool(last and last.undo))
        )
        first = [
            Hint("f", "pause" if pane.follow else "follow"),
            Hint("[ ]", "sidecar"),
            Hint("enter", "where from"),
            undo,
            Hint("/", "filter"),
            Hint("s n N", "search"),
            Hint("X", "quarantine", self.slug is not None and not board.read_only),
        ]
        second = [Hint("j/k", "line"), Hint("?", "help"), Hint("q", "quit"), *next_bottle(board.running),
                  Hint("l i h", "level, decision, host"), Hint("w", "wrap"), Hint("d", "raw"),
                  Hint(":", "all actions")]  # fmt: skip
        return first, second

    # Keys

    def action_tab(self, by: int) -> None:
        """The next tab."""
        self.tab = TABS[(TABS.index(self.tab) + by) % len(TABS)]
        self.draw()

    @on(Rows.Clicked, "#log-tabs")
    def _tab_clicked(self, event: Rows.Clicked) -> None:
        tab = tab_at(TABS, self.slug or "", event.x)
        if tab is not None:
            self.tab = tab
            self.draw()

    def action_bottle(self) -> None:
        """The next bottle that runs."""
        slug = one_after(self.board.running if self.board else (), self.slug)
        if slug is not None:
            self.look_at(slug)
            self.draw()

    def action_origin(self) -> None:
        """Which grant decided this line, which proposal brought it, who approved it, when and why; and the line."""
        pane, slug, board = self.pane, self.slug, self.board
        if pane.follow:
            pane.follow = False
            self.draw()
        line = pane.line_at_cursor
        if line is not None and slug is not None and board is not None:
            ask = partial(origin_of, self.deeds.services.looks, slug, line)
            page = ProvenancePage(self.deeds, slug, ask, board.now, lambda width: whole_line(line, width))
            self.app.push_screen(page)

    # Deciding

    @on(findings.OriginFound)
    def _origin_found(self, message: findings.OriginFound) -> None:
        self.origin.learned(message)
        self.draw()

    @on(findings.OriginLost)
    def _origin_lost(self, message: findings.OriginLost) -> None:
        self.origin.lost(message)
        self.draw()

    def decide(self, decision: Decision) -> None:
        board, found = self.board, self.origin.found
        if decision.key != "u" or board is None or self.pane.line_at_cursor is None:
            super().decide(decision)
        elif found is None or found.standing is None or self.origin.target(board) != decision.target:
            self.tell("u: the table has changed: look again, nothing was done")
        else:
            self.origin.revoke()

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        found = self.origin.found
        if key != "u" or self.pane.line_at_cursor is None or found is None:
            return super().offer(key, board)
        target = self.origin.target(board)
        line = f"revoke {found.host} {found.rules} for {found.slug}: what flows under it is cut"
        return (target, line) if target else (None, "nothing here to take back")
