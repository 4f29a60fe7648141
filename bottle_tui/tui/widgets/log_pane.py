"""A live log: draws only the lines in view, over a bounded memory."""

from collections import deque
from collections.abc import Iterable

from textual.reactive import reactive

from bottle_tui.core.views import LogLine
from bottle_tui.tui.presentation.logs import found, log_row
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.widgets.rows import Rows, checked

KEPT = 5_000


class LogPane(Rows):
    """Owns the kept lines of one tab, and which of them are in view."""

    follow: reactive[bool] = reactive(True)
    find: reactive[str] = reactive("", init=False)
    raw: reactive[bool] = reactive(False, init=False)

    def __init__(self, *, merged: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.merged = merged
        self.kept: deque[LogLine] = deque(maxlen=KEPT)
        self.shown: deque[LogLine] = deque(maxlen=KEPT)
        self.dropped = 0
        self.top = 0

    def feed(self, lines: Iterable[LogLine], dropped: int = 0) -> None:
        """A batch of new lines. Paused, the view stays on the lines it shows."""
        before = len(self.shown)
        fresh = list(lines)
        self.kept.extend(fresh)
        passing = [line for line in fresh if found(line, self.find)]
        self.shown.extend(passing)
        self.dropped += dropped
        if self.follow:
            self.top = self.last_top
        else:
            self.top = max(0, self.top - (before + len(passing) - len(self.shown)))
        self.refresh()

    def clear(self) -> None:
        """Another bottle."""
        self.kept.clear()
        self.shown.clear()
        self.top = self.dropped = 0
        self.refresh()

    @property
    def last_top(self) -> int:
        """The first line in view when the last one is."""
        return max(len(self.shown) - max(self.size.height, 1), 0)

    def watch_find(self) -> None:
        self.shown = deque((line for line in self.kept if found(line, self.find)), maxlen=KEPT)
        self.top = self.last_top
        self.refresh()

    def watch_follow(self, follow: bool) -> None:
        if follow:
            self.top = self.last_top
        self.refresh()

    def watch_raw(self) -> None:
        self.refresh()

    def scroll_lines(self, by: int) -> None:
        """Up pauses, down to the end follows again."""
        self.top = max(0, min(self.top + by, self.last_top))
        self.follow = self.top >= self.last_top
        self.refresh()

    def line(self, index: int) -> Row:
        at = self.top + index
        if at >= len(self.shown):
            return ()
        width = self.size.width
        drawn = log_row(self.shown[at], width, merged=self.merged, find=self.find, wide=self.raw)
        return checked((drawn,))[0]
