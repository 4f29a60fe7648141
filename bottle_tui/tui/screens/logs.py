"""The logs: one live tab per sidecar of a bottle, and one with all of them; from any line to the grant that decided."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Decision, Target
from bottle_tui.core.log_filter import LogFilter, parsed
from bottle_tui.core.text import visible
from bottle_tui.ports import SIDECARS
from bottle_tui.tui import findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.find import Find
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.following import Follower
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.logs import log_tabs, stream_state, tab_at, whole_line
from bottle_tui.tui.presentation.provenance import strip_row
from bottle_tui.tui.presentation.rows import Row, Span, row
from bottle_tui.tui.screens.log_origin import Origin
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
        Binding("enter", "origin", "where from", id="log-origin", tooltip="Which grant decided, who approved it, why"),
        Binding("b", "bottle", "next bottle", id="log-bottle", tooltip="The next bottle's logs"),
        Binding("slash", "find", "filter", key_display="/", id="filter", tooltip="Only words, level:, is:, host:"),
        Binding("l", "level", "level", id="log-level", tooltip="Only from notice, warn, error; all again"),
        Binding("i", "decision", "decision", id="log-decision", tooltip="Only denied, allowed, policy; all again"),
        Binding("h", "host", "this host", id="log-host", tooltip="Only lines about the host of this line; all again"),
        Binding("s,ctrl+f", "search", "search", id="log-search", tooltip="Mark these words, and jump with n and N"),
        Binding("n", "jump(1)", "next match", id="log-match", tooltip="The next line with the words"),
        Binding("N", "jump(-1)", "match before", id="log-match-before", tooltip="The line before with the words"),
        Binding("w", "wrap", "wrap", id="log-wrap", tooltip="Long lines on several rows, or cut"),
        Binding("d", "raw", "raw lines", id="raw", tooltip="Whole lines as the sidecar wrote them, or what they say"),
        Binding("j,down", "lines(1)", "down", id="log-down", tooltip="One line down; past the end follows"),
        Binding("k,up", "lines(-1)", "up", id="log-up", tooltip="One line up; pauses"),
        Binding("pagedown,space", "page(1)", "page down", id="log-page-down", tooltip="A page down"),
        Binding("pageup", "page(-1)", "page up", id="log-page-up", tooltip="A page up; pauses"),
        Binding("g,home", "lines(-1000000)", "first", id="log-first", tooltip="The oldest line kept"),
        Binding("G,end", "last", "last", id="log-last", tooltip="The newest line; follows"),
        Binding("escape", "back", "back", id="log-back", tooltip="Take the search away, then the filter"),
    ]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.slug: str | None = None
        self.tab = "egress"
        self.streams: dict[str, Follower] = {}
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
        self.origin.forget()
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
        line = self.pane.line_at_cursor
        self.origin.looks_at(line)
        strip = self.query_one("#log-strip", Rows)
        strip.styles.height = 0 if line is None else 1
        strip.rows = (self._strip(width, board),) if line is not None else ()
        self._draw_tabs(board)

    def _strip(self, width: int, board: Board) -> Row:
        if not self.origin.asked:
            return row(Span(" this line is about no request; enter: the whole line", "muted"))
        return strip_row(self.origin.found, self.origin.trouble, board.now, width)

    def _draw_tabs(self, board: Board) -> None:
        tabs = self.query_one("#log-tabs", Rows)
        if self.slug is None:
            tabs.rows = (row(Span(" no bottle runs: nothing to follow", "muted")),)
            return
        pane, narrow = self.pane, tabs.size.width < 80
        state = stream_state(
            len(pane.shown), pane.dropped, pane.follow, pane.filter, self._ended(), search=pane.search, wrap=pane.wrap,
            narrow=narrow,
        )  # fmt: skip
        tabs.rows = (log_tabs(TABS, self.tab, self.slug, tabs.size.width, state),)

    def _ended(self) -> str:
        """Why the tab is silent; in the merged one, which of them are."""
        if self.tab in self.streams:
            return self.streams[self.tab].ended
        silent = [role for role, stream in self.streams.items() if stream.ended]
        if len(silent) == len(self.streams):
            return next((stream.ended for stream in self.streams.values()), "")
        return f"silent: {', '.join(silent)}" if silent else ""

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[int]]]:
        bottle = Target(self.slug, "quarantine") if self.slug and not board.read_only else None
        about = {**super().about(board), "bottle": (bottle, frozenset[int]())}
        if self.pane.line_at_cursor is not None:
            about["result"] = (self.target(board), frozenset())
        return about

    def target(self, board: Board) -> Target | None:
        """What `u` would take back: the grant that the strip names, as it stands in the table."""
        found = self.origin.found
        if found is None or found.standing is None or board.read_only or found.grant in board.applying:
            return None
        return Target(found.grant, f"{found.slug} {found.digest}")

    def result_rows(self, board: Board, width: int) -> tuple[Row, ...]:
        """With the cursor on a line `u` is about that line, and the last result does not offer it."""
        if self.pane.line_at_cursor is not None and board.last is not None:
            last = replace(board.last, undo=False, reopen=False)
            board = replace(board, results=(last, *board.results[1:]))
        return super().result_rows(board, width)

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        last, pane = board.last, self.pane
        on_line = pane.line_at_cursor is not None
        undo = (
            Hint("u", "revoke", self.target(board) is not None)
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
        second = [Hint("j/k", "line"), Hint("?", "help"), Hint("q", "quit"), Hint("l i h", "level, decision, host"),
                  Hint("w", "wrap"), Hint("d", "raw"), Hint(":", "all actions"), Hint("b", "next bottle")]  # fmt: skip
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

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls."""
        self.action_lines(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls."""
        self.action_lines(-3)

    @on(Rows.Clicked)
    def _line_clicked(self, event: Rows.Clicked) -> None:
        if isinstance(event.source, LogPane) and (number := event.source.number_at(event.y)) is not None:
            event.source.follow = False
            event.source.at = number
            event.source.redraw()
            self.draw()

    def action_bottle(self) -> None:
        """The next bottle that runs."""
        slugs = self.board.running if self.board else []
        if slugs:
            at = slugs.index(self.slug) + 1 if self.slug in slugs else 0
            self.look_at(slugs[at % len(slugs)])
            self.draw()

    def action_origin(self) -> None:
        """Which grant decided this line, which proposal brought it, who approved it, when and why; and the line."""
        pane, slug, board = self.pane, self.slug, self.board
        if pane.follow:
            pane.follow = False
            self.draw()
        line = pane.line_at_cursor
        if line is not None and slug is not None and board is not None:
            looks, event = self.deeds.services.looks, line.event or {}
            ask = lambda: looks.of_event(slug, event)  # noqa: E731 - a worker calls it
            page = ProvenancePage(self.deeds, slug, ask, board.now, lambda width: whole_line(line, width))
            self.app.push_screen(page)

    # Filter and search

    def action_find(self) -> None:
        """Filter."""
        hint = "words, level:warn, is:denied, host:*.example.com"
        self.app.push_screen(Find(str(self.pane.filter), hint=hint), self._found)

    def _found(self, words: str | None) -> None:
        if words is not None:
            self._narrow(parsed(words))

    def _narrow(self, narrowed: LogFilter) -> None:
        for pane in self.query(LogPane):
            pane.filter = narrowed
        self.draw()

    def action_level(self) -> None:
        """By level."""
        self._narrow(self.pane.filter.next_level())

    def action_decision(self) -> None:
        """By decision."""
        self._narrow(self.pane.filter.next_decision())

    def action_host(self) -> None:
        """By the host of this line."""
        narrowed, line = self.pane.filter, self.pane.line_at_cursor
        host = str(line.facts.get("host") or "").lower() if line else ""
        if narrowed.host or host:
            self._narrow(replace(narrowed, host="" if narrowed.host else host))
        else:
            self.tell("h: pause on a line that is about a host")

    def action_search(self) -> None:
        """Mark and jump."""
        self.app.push_screen(Find(self.pane.search, "search for", "words; then n and N jump"), self._searched)

    def _searched(self, words: str | None) -> None:
        if words is not None:
            for pane in self.query(LogPane):
                pane.search = words
            if words:
                self.action_jump(-1)
            self.draw()

    def action_jump(self, by: int) -> None:
        """To the next or previous match, round the ends."""
        pane = self.pane
        if not (pane.search or pane.filter.words):
            self.tell("n: search for something first (s)")
        elif not pane.jump(by):
            self.tell(f"no line has {visible(pane.search or pane.filter.words)}")
        self.draw()

    def action_back(self) -> None:
        """The search, then the filter."""
        if self.pane.search:
            self._searched("")
        else:
            self._narrow(LogFilter())

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
        elif found is None or found.standing is None or self.slug is None or self.target(board) != decision.target:
            self.tell("u: the table has changed: look again, nothing was done")
        else:
            self.begin(found.grant, "revoking", f"{visible(found.host)} for {self.slug}: taking it back")
            self.deeds.revoke(self.slug, found.grant, found.standing)
            self.origin.forget()

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        found = self.origin.found
        if key != "u" or self.pane.line_at_cursor is None or found is None:
            return super().offer(key, board)
        target = self.target(board)
        line = f"revoke {found.host} {found.rules} for {found.slug}: what flows under it is cut"
        return (target, line) if target else (None, "nothing here to take back")
