"""The listings of cards and bottles, made anew when there may be something new."""

from dataclasses import dataclass, field
from time import monotonic

from textual.app import App
from textual.message import Message

from bottle_tui.errors import EngineUnavailable
from bottle_tui.tui import messages as m
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.work import work

LOOK_SECONDS = 1.0
"""From the end of one listing to the next look at the stamp: what another operator decides is here within it."""
RELAXED = 5.0
"""Seconds after which a listing is made anew although no news came: an age on screen is never much more."""


@dataclass
class Reader:
    """Lists cards and bottles, one listing of each kind at a time.

    `LOOK_SECONDS` after the last ended it looks whether files on the host have changed, and lists again when they
    have, or when the last listing is `RELAXED` seconds old. News from sidecars come as nudges and list at once.
    """

    app: App[int]
    services: Services
    pause: float = LOOK_SECONDS
    epoch: int = 0
    """Of the time's jumps; each listing carries the one in which it was begun."""
    _busy: set[str] = field(default_factory=set)
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)
    """The stamp of the host's files before the last listing, and when that was."""
    _again: set[str] = field(default_factory=set)

    def read(self, what: str) -> None:
        """Begin a listing ("cards" or "bottles"), or begin another as soon as the running one has ended."""
        if what in self._busy:
            self._again.add(what)
            return
        self._begin(what, always=True)

    def _begin(self, what: str, *, always: bool) -> None:
        self._busy.add(what)
        listed, failed = (self._cards, m.CardsFailed) if what == "cards" else (self._bottles, m.BottlesFailed)

        def asked() -> Message:
            stamp, now = self.services.lookout.stamp(), monotonic()
            before, at = self._seen.get(what, (None, 0.0))
            if not always and stamp == before and now - at < RELAXED:
                return m.NothingNew(what)
            self._seen[what] = (stamp, now)
            return listed()

        work(self.app, asked, failed, group=f"read {what}")

    def ended(self, what: str) -> None:
        """It has; the next one follows."""
        self._busy.discard(what)
        if what in self._again:
            self._again.discard(what)
            self.read(what)
        else:
            self.app.set_timer(self.pause, lambda: self._due(what))

    def _due(self, what: str) -> None:
        if what not in self._busy:
            self._begin(what, always=False)

    def _cards(self) -> Message:
        return m.CardsLoaded(tuple(self.services.cards()), self.services.now())

    def _bottles(self) -> Message:
        epoch = self.epoch
        try:
            bottles = tuple(self.services.bottles())
        except EngineUnavailable as error:
            return m.BottlesFailed(str(error), silent=True)
        used = sorted({bottle.runtime for bottle in bottles if bottle.state != "foreign"})
        return m.BottlesLoaded(
            bottles, " · ".join(self.services.describe(name) for name in used), self.services.now(), epoch
        )
