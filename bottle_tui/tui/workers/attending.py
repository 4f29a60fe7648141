"""Reads what stands beside the inbox: anew where a gate has refused something, all of it once a minute."""

from threading import Lock
from time import monotonic

from textual.app import App
from textual.message import Message

from bottle_tui.tui import messages as m
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.work import work

AGAIN = 5.0
"""Seconds between two looks, when there is news."""
FILES = 15.0
"""Seconds until what stands in files (timers, decisions and their use) is read anew, news or not."""
ALL = 60.0
"""And until every gate is asked."""


class Attending:
    """Owns which bottles have news. `denied` is called from followers' threads."""

    def __init__(self, app: App[int], services: Services) -> None:
        self._app = app
        self._services = services
        self._lock = Lock()
        self._dirty: set[str] = set()
        self._again = True
        self._busy = False
        self._at = self._all_at = float("-inf")

    def denied(self, slug: str) -> None:
        """That gate has refused something."""
        with self._lock:
            self._dirty.add(slug)

    def changed(self) -> None:
        """Something was decided or filed: the list is made anew at the next tick."""
        self._again, self._at = True, float("-inf")

    def tick(self, *, settles: bool = True) -> None:
        """Look, when it is time and there is a reason. `settles`: what has ended by itself may be ended."""
        now = monotonic()
        everything = now - self._all_at >= ALL
        with self._lock:
            reason = everything or self._again or bool(self._dirty) or now - self._at >= FILES
            if self._busy or not reason or now - self._at < AGAIN:
                return
            slugs = None if everything else frozenset(self._dirty)
            self._dirty.clear()
        self._busy, self._again, self._at = True, False, now
        if everything:
            self._all_at = now
        work(self._app, lambda: self._read(slugs, settles=settles and everything), m.StandingFailed, group="standing")

    def ended(self) -> None:
        """It was answered."""
        self._busy = False

    def _read(self, slugs: frozenset[str] | None, *, settles: bool) -> Message:
        lookout = self._services.lookout
        if settles:
            lookout.settle()
        groups = tuple(lookout.denied(slugs))
        endings, muted, decisions = tuple(lookout.endings()), dict(lookout.muted()), tuple(lookout.decisions())
        return m.StandingLoaded(groups, endings, muted, self._services.now(), decisions)
