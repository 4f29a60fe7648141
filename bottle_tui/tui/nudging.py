"""Follows every running bottle's supervise, so that a new ask is on screen at once and not at the next listing."""

from collections.abc import Callable, Iterable

from bottle_tui.core.views import LogLine
from bottle_tui.tui.following import Follower
from bottle_tui.tui.services import Services

WORTH_WHILE = frozenset({"proposal_filed", "waiting", "waiting_ended", "decision_read"})
MOST = 64
"""Bottles followed at a time; the others wait for the next listing."""


class Nudges:
    """Owns one follower a bottle. `poke` is called from its thread and must only post a message."""

    def __init__(self, services: Services, poke: Callable[[], object]) -> None:
        self._services = services
        self._poke = poke
        self._followers: dict[str, Follower] = {}

    def attend(self, slugs: Iterable[str]) -> None:
        """Follow these and no others."""
        wanted = list(slugs)[:MOST]
        for slug in [slug for slug in self._followers if slug not in wanted]:
            self._followers.pop(slug).stop()
        for slug in wanted:
            if slug not in self._followers:
                follower = Follower(self._services, slug, "supervise", tail=0, heard=self._heard, keep=False)
                self._followers[slug] = follower
                follower.start()

    def stop(self) -> None:
        """No more."""
        self.attend(())

    def _heard(self, line: LogLine) -> None:
        if line.facts.get("kind") in WORTH_WHILE:
            self._poke()
