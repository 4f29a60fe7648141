"""What the dashboard's workers remember between two calls: a bottle's last events, and when its traffic was counted.

Both are called from worker threads, each by one at a time for one bottle.
"""

from dataclasses import dataclass, field

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.evidence import Evidence, Window
from bottle_tui.core.views import Card
from bottle_tui.errors import NotFound
from bottle_tui.ports import World
from bottle_tui.services import answering, ending, evidence, interrupted, queue, review, seen, traffic

DRAIN_EVERY = 30.0
"""Seconds between two counts of one bottle's traffic."""
DRAINED = 2
"""Bottles counted in one go, so that thirty of them hold nothing up."""
MOST = 32
"""Bottles whose events are remembered."""


@dataclass
class Witness:
    """Cards with an edit in them and the evidence beside, from the events read last: they follow at once."""

    world: World
    _windows: dict[str, Window] = field(default_factory=dict)

    def card(self, id: str, edit: Edit) -> Card:
        """As it was asked: read anew. With an edit: what the edit changes, measured against what is known."""
        if edit == AS_ASKED:
            return review.card(self.world, id)
        slug, identity = queue.find(self.world, id)
        return review.card(self.world, identity, edit, traffic=seen.of_window(self._window(slug, fresh=False)))

    def of_card(self, id: str, edit: Edit, fresh: bool) -> Evidence:
        """Reads the sidecars' events when `fresh`, or when they have not been read yet."""
        slug, identity = queue.find(self.world, id)
        return evidence.of_card(self.world, identity, edit, window=self._window(slug, fresh=fresh))

    def _window(self, slug: str, *, fresh: bool) -> Window:
        window = None if fresh else self._windows.get(slug)
        if window is None:
            window = self._read(slug)
            self._windows.pop(slug, None)
            self._windows[slug] = window
            for old in list(self._windows)[:-MOST]:
                self._windows.pop(old, None)
        return window

    def _read(self, slug: str) -> Window:
        try:
            return evidence.window(self.world, slug)
        except NotFound:
            return Window()


@dataclass
class Caretaker:
    """What nobody has to press a key for. Not for a dashboard that is read-only."""

    world: World
    _drained: dict[str, float] = field(default_factory=dict)

    def settle(self, cards: tuple[Card, ...]) -> list[str]:
        """Ended grants leave ledger and tables, asks for what is in force are answered, traffic is counted."""
        said = interrupted.everywhere(self.world)
        said += [f"{name}: a time limit has ended" for name in ending.settle(self.world)]
        asked = {card.id: card.host for card in cards}
        for outcome in answering.settle(self.world, cards):
            said.append(f"{asked[outcome.id]} for {outcome.slug}: {outcome.line}")
        self._drain()
        return said

    def _drain(self) -> None:
        now = self.world.clock.monotonic()
        slugs = self.world.home.slugs()
        due = [name for name in slugs if now - self._drained.get(name, -DRAIN_EVERY) >= DRAIN_EVERY]
        for name in sorted(due, key=lambda name: self._drained.get(name, -DRAIN_EVERY))[:DRAINED]:
            self._drained[name] = now
            traffic.drain(self.world, name)
