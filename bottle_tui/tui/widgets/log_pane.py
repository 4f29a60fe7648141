"""A live log: draws only the lines in view, over a bounded memory; lines are numbered from the first that ever came."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from textual.reactive import reactive

from bottle_tui.core.log_filter import LogFilter, has
from bottle_tui.core.views import LogLine
from bottle_tui.tui.presentation.logs import log_rows
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.widgets.log_memory import Memory
from bottle_tui.tui.widgets.rows import Rows, checked


class LogPane(Rows):
    """Owns the kept lines of one tab, which of them are shown, and where the cursor stands while it is paused."""

    follow: reactive[bool] = reactive(True)
    filter: reactive[LogFilter] = reactive(LogFilter(), init=False)
    search: reactive[str] = reactive("", init=False)
    raw: reactive[bool] = reactive(False, init=False)
    wrap: reactive[bool] = reactive(False, init=False)

    def __init__(self, *, merged: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.merged = merged
        self.clear()

    def clear(self) -> None:
        """Another bottle."""
        self.memory = Memory()
        self.came = self.dropped = 0
        self.at = 0
        """The number of the line under the cursor."""
        self._top = 0
        self._drawn: list[tuple[int, Row]] | None = None
        self.redraw()

    def feed(self, lines: Iterable[LogLine], dropped: int = 0) -> None:
        """A batch of new lines. Paused, the view stays on the lines it shows, however many come."""
        batch, memory = list(lines), self.memory
        self.came += len(batch)
        self.dropped += dropped
        if self.follow:
            memory.follow(batch, self._lets)
        elif not memory.wait(batch, self._lets):
            return
        if batch or dropped:
            self.at = max(self.at, memory.gone)
            self._top = max(self._top, memory.gone)
            self.redraw()

    @property
    def _lets(self) -> Callable[[LogLine], bool] | None:
        narrowed = self.filter  # asked for once a batch: a reactive costs more than all else for a line
        return narrowed.lets if narrowed else None

    # What is kept

    @property
    def kept(self) -> deque[LogLine]:
        """All lines, the filter aside."""
        return self.memory.kept

    @property
    def shown(self) -> deque[LogLine]:
        """Those that the filter lets through."""
        return self.memory.shown

    @property
    def gone(self) -> int:
        """Shown lines that memory has let go."""
        return self.memory.gone

    # What is shown

    @property
    def end(self) -> int:
        """The number after the last shown line."""
        return self.gone + len(self.shown)

    @property
    def line_at_cursor(self) -> LogLine | None:
        """The line under the cursor; while following there is none."""
        return None if self.follow or not self.shown else self.numbered(self.at)

    def numbered(self, number: int) -> LogLine | None:
        """A shown line by its number."""
        at = number - self.gone
        return self.shown[at] if 0 <= at < len(self.shown) else None

    def redraw(self) -> None:
        """Something of it is different."""
        self._drawn = None
        self.refresh()

    def watch_filter(self) -> None:
        held = self.line_at_cursor
        self.memory.narrow(self.filter.lets)
        numbers = (number for number, line in enumerate(self.shown) if line is held)
        self.at = next(numbers, max(len(self.shown) - 1, 0))
        self._top = max(self.at - self.size.height // 2, 0)
        self.redraw()

    def watch_follow(self, follow: bool) -> None:
        if not follow:
            self.at = max(self.end - 1, self.gone)
            self._top = self._first_in_view()
        else:
            missed = self.memory.resume(self._lets)
            self.came, self.dropped = self.came - missed, self.dropped + missed
        self.redraw()

    def watch_search(self) -> None:
        self.redraw()

    def watch_raw(self) -> None:
        self.redraw()

    def watch_wrap(self) -> None:
        self.redraw()

    def on_resize(self, event: object) -> None:
        self._drawn = None
        super().on_resize(event)  # type: ignore[arg-type]

    # Moving

    def move(self, by: int) -> None:
        """The cursor up (pauses) or down; down past the last line follows again."""
        if self.follow:
            if by >= 0:
                return
            self.follow = False
        elif self.at + by >= self.end and by > 0:
            self.follow = True
            return
        self.at = max(self.gone, min(self.at + by, self.end - 1))
        self.redraw()

    def jump(self, by: int) -> bool:
        """To the next (1) or the previous (-1) line with the words searched for; whether there is one."""
        words = self.search or self.filter.words
        if not words or not self.shown:
            return False
        start = self.end - 1 if self.follow else self.at
        if self.follow and by < 0:
            start += 1
        count = len(self.shown)
        order = ((start + by * step - self.gone) % count for step in range(1, count + 1))
        lines = list(self.shown)
        for at in order:
            if has(lines[at], words):
                self.follow = False
                self.at = self.gone + at
                self.redraw()
                return True
        return False

    # Drawing

    def _rows_of(self, number: int) -> list[Row]:
        line = self.numbered(number)
        if line is None:
            return []
        find = self.search or self.filter.words
        return log_rows(line, self.size.width, merged=self.merged, find=find, raw=self.raw, wrap=self.wrap)

    def _first_in_view(self) -> int:
        """The first line in view when the last one stands at the bottom."""
        room, number = max(self.size.height, 1), self.end
        while number > self.gone and room > 0:
            number -= 1
            room -= len(self._rows_of(number)) if self.wrap else 1
        return number if room >= 0 else min(number + 1, self.end - 1)

    def _lay_out(self) -> list[tuple[int, Row]]:
        height = max(self.size.height, 1)
        if self.follow:
            rows = list(self._from(self._first_in_view(), 10 * height)) if self.shown else []
            return rows[-height:] if self.wrap else rows[:height]
        self._top = min(self._top, self.at)
        rows = list(self._from(self._top, height))
        while rows and rows[-1][0] < self.at:
            self._top += max(1, self.at - rows[-1][0])
            rows = list(self._from(self._top, height))
        if len(rows) < height and self._top > self.gone:
            self._top = max(self.gone, min(self._top, self._first_in_view()))
            rows = list(self._from(self._top, height))
        return rows

    def _from(self, number: int, most: int) -> Iterator[tuple[int, Row]]:
        count = 0
        while count < most and number < self.end:
            for piece in self._rows_of(number):
                if count >= most:
                    return
                count += 1
                yield number, piece
            number += 1

    def line(self, index: int) -> Row:
        if self._drawn is None:
            self._drawn = self._lay_out()
            under = [at for at, (number, _) in enumerate(self._drawn) if number == self.at]
            self._under = set() if self.follow else set(under)
        if index >= len(self._drawn):
            return ()
        return checked((self._drawn[index][1],))[0]

    def is_under_cursor(self, index: int) -> bool:
        """Whether that row of the screen belongs to the line under the cursor."""
        self.line(index)
        return index in self._under

    def number_at(self, index: int) -> int | None:
        """The number of the line that is drawn on a row of the screen."""
        self.line(index)
        return self._drawn[index][0] if self._drawn is not None and index < len(self._drawn) else None
