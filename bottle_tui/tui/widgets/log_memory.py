"""The lines of one tab that are kept: bounded in number and in length, and not let go while somebody reads them."""

from collections import deque
from collections.abc import Callable, Iterable

from bottle_tui.core.views import LogLine

KEPT = 5_000
"""Lines of one tab; while it is paused so many more may come behind them, and so many of the newest wait."""
KEPT_CHARACTERS = 8_000_000
"""And never more text than this in each of the three, however long the lines are."""

type Lets = Callable[[LogLine], bool]


class Lines:
    """A queue of lines that knows how long they are."""

    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque()
        self.characters = 0

    def extend(self, batch: Iterable[LogLine]) -> None:
        """More of them."""
        for line in batch:
            self.lines.append(line)
            self.characters += len(line.text)

    def pop_oldest(self) -> LogLine:
        """One less."""
        oldest = self.lines.popleft()
        self.characters -= len(oldest.text)
        return oldest

    @property
    def exceeds(self) -> bool:
        """Whether these are too many, or too long; a single line never is."""
        return len(self.lines) > KEPT or (self.characters > KEPT_CHARACTERS and len(self.lines) > 1)

    def fitting(self, batch: list[LogLine]) -> int:
        """How many of a batch may stand behind these: as many, and as long, as these may be themselves."""
        room, left = 2 * KEPT - len(self.lines), 2 * KEPT_CHARACTERS - self.characters
        for number, line in enumerate(batch[: max(room, 0)]):
            left -= len(line.text)
            if left < 0:
                return number
        return min(max(room, 0), len(batch))


class Memory:
    """What is kept, and which of it a filter lets through: those are numbered from the first that ever came."""

    def __init__(self) -> None:
        self._all = Lines()
        self._waiting = Lines()
        self.shown: deque[LogLine] = deque()
        self.gone = 0
        """Shown lines that were let go."""
        self.new = self.missed = 0
        """Since the pause: lines that came, and those of them that could not be kept."""

    @property
    def kept(self) -> deque[LogLine]:
        """All lines, the filter aside."""
        return self._all.lines

    def follow(self, batch: list[LogLine], lets: Lets | None) -> None:
        """More lines, of which the newest are what is looked at: the oldest make room."""
        self._all.extend(batch)
        self.shown.extend(filter(lets, batch) if lets else batch)
        self._let_go()

    def wait(self, batch: list[LogLine], lets: Lets | None) -> bool:
        """More lines while nobody follows: none of those that may be read goes. Whether any can be read."""
        self.new += len(batch)
        room = 0 if self._waiting.lines else self._all.fitting(batch)
        behind, later = batch[:room], batch[room:]
        self._all.extend(behind)
        self.shown.extend(filter(lets, behind) if lets else behind)
        self._waiting.extend(later)
        while self._waiting.exceeds:
            self._waiting.pop_oldest()
            self.missed += 1
        return bool(behind)

    def resume(self, lets: Lets | None) -> int:
        """The newest again, and how many between were missed: then nothing older is kept, it would seem one piece."""
        missed, waiting = self.missed, self._waiting
        if missed:
            self.gone += len(self.shown)
            self._all = Lines()
            self.shown.clear()
        self._waiting = Lines()
        self.new = self.missed = 0
        self.follow(list(waiting.lines), lets)
        return missed

    def narrow(self, lets: Lets) -> None:
        """Another filter; lines are numbered anew."""
        self.shown = deque(line for line in self.kept if lets(line))
        self.gone = 0

    def _let_go(self) -> None:
        while self._all.exceeds:
            oldest = self._all.pop_oldest()
            if self.shown and self.shown[0] is oldest:
                self.shown.popleft()
                self.gone += 1
