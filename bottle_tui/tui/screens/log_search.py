"""The keys that filter a log and find words in it, in all tabs alike."""

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from bottle_tui.core.log_filter import KNOWN, LogFilter, not_known, parsed
from bottle_tui.core.text import visible
from bottle_tui.tui.dialogs.find import Find
from bottle_tui.tui.screens.log_reading import ReadingView
from bottle_tui.tui.widgets.log_pane import LogPane


class SearchingView(ReadingView):
    """A view with log panes, which are filtered and searched all alike."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "filter", key_display="/", id="filter", tooltip=f"Words; {KNOWN}"),
        Binding("l", "level", "level", id="log-level", tooltip="Only from notice, warn, error; all again"),
        Binding("i", "decision", "decision", id="log-decision", tooltip="Only denied, allowed, policy; all again"),
        Binding("h", "host", "this host", id="log-host", tooltip="Only lines about the host of this line; all again"),
        Binding("s,ctrl+f", "search", "search", id="log-search", tooltip="Mark these words, and jump with n and N"),
        Binding("n", "jump(1)", "next match", id="log-match", tooltip="The next line with the words"),
        Binding("N", "jump(-1)", "match before", id="log-match-before", tooltip="The line before with the words"),
        Binding("escape", "back", "back", id="log-back", tooltip="Take the search away, then the filter"),
    ]  # fmt: skip

    def action_find(self) -> None:
        """Filter."""
        hint = "words, level:warn, is:denied, host:*.example.com"
        self.app.push_screen(Find(str(self.pane.filter), hint=hint), self._found)

    def _found(self, words: str | None) -> None:
        if words is not None:
            self._narrow(parsed(words))
            if missed := not_known(words):
                self.tell(f"{visible(missed[0])} is taken as words; known are {KNOWN}")

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
