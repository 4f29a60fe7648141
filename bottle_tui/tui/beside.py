"""What the dashboard's workers remember between two calls: a bottle's last events, and when its traffic was counted.

Both are called from worker threads, each by one at a time for one bottle.
"""

from dataclasses import dataclass, field

from bottle_tui.core.edits import Edit
from bottle_tui.core.evidence import Evidence, Window
from bottle_tui.core.views import Card
from bottle_tui.errors import NotFound
from bottle_tui.ports import World
from bottle_tui.services import answering, ending, evidence, queue, traffic

DRAIN_EVERY = 30.0
"""Seconds between two counts of one bottle's traffic."""
MOST = 32
"""Bottles whose events are remembered."""


@dataclass
class Witness:
    """Evidence beside a card; an edit is measured against the events read last, so that it follows at once."""

    world: World
    _windows: dict[str, Window] = field(default_factory=dict)

    def of_card(self, id: str, edit: Edit, fresh: bool) -> Evidence:
        """Reads the sidecars' events when `fresh`, or when they have not been read yet."""
        slug, identity = queue.find(self.world, id)
        window = None if fresh else self._windows.get(slug)
        if window is None:
            window = self._read(slug)
            self._windows.pop(slug, None)
            self._windows[slug] = window
            while len(self._windows) > MOST:
                self._windows.pop(next(iter(self._windows)))
        return evidence.of_card(self.world, identity, edit, window=window)

    def _read(self, slug: str) -> Window:
        try:
            return evidence.window(self.world, slug)
        except NotFound:
            return Window()


@dataclass
class Caretaker:
    """What nobody has to press a key for. Not for a dashboard that is read-only."""

    world: World
    slug: str | None = None
    _drained: dict[str, float] = field(default_factory=dict)

    def settle(self, cards: tuple[Card, ...]) -> list[str]:
        """Ended grants leave ledger and tables, asks for what is in force are answered, traffic is counted."""
        said = [f"{name}: a time limit has ended" for name in ending.settle(self.world, self.slug)]
        said += [outcome.line for outcome in answering.settle(self.world, cards)]
        self._drain()
        return said

    def _drain(self) -> None:
        for name in [self.slug] if self.slug else self.world.home.slugs():
            now = self.world.clock.monotonic()
            if now - self._drained.get(name, -DRAIN_EVERY) >= DRAIN_EVERY:
                self._drained[name] = now
                traffic.drain(self.world, name)
