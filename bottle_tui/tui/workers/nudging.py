"""Follows every running bottle's supervise and gate: a new ask is on screen at once, a denial soon, without asking."""

from collections.abc import Callable, Iterable

from bottle_tui.core.views import LogLine
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.following import Follower

WORTH_WHILE = frozenset({"proposal_filed", "waiting", "waiting_ended", "decision_read", "decision_loaded"})
REFUSALS = frozenset({"denied", "denied_more"})
MOST = 64
"""Bottles followed at a time; the others wait for the next listing."""


class Nudges:
    """Owns two followers a bottle, of supervise and of the gate. The callables run in their threads."""

    def __init__(self, services: Services, poke: Callable[[], object], denied: Callable[[str], object],
                 silent: Callable[[], object]) -> None:  # fmt: skip
        self._services = services
        self._poke = poke
        self._denied = denied
        self._silent = silent
        self._followers: dict[str, tuple[Follower, ...]] = {}

    def attend(self, slugs: Iterable[str]) -> None:
        """Follow these and no others."""
        wanted = list(slugs)[:MOST]
        for slug in [slug for slug in self._followers if slug not in wanted]:
            for follower in self._followers.pop(slug):
                follower.stop()
        for slug in wanted:
            if slug not in self._followers:
                asks = Follower(
                    self._services, slug, "supervise", tail=0, heard=self._heard, keep=False, ended=self._silent
                )
                gate = Follower(
                    self._services, slug, "egress", tail=0, heard=self._of_gate, keep=False, ended=self._silent
                )
                self._followers[slug] = (asks, gate)
                for follower in (asks, gate):
                    follower.start()

    def stop(self) -> None:
        """No more."""
        self.attend(())

    def _heard(self, line: LogLine) -> None:
        if line.facts.get("kind") in WORTH_WHILE:
            self._poke()

    def _of_gate(self, line: LogLine) -> None:
        if line.event and line.event.get("event") in REFUSALS:
            self._denied(line.slug)
