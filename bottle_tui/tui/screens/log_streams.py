"""The followed outputs of one bottle's sidecars, as long as it is the one that is looked at."""

from collections.abc import Collection, Iterator
from time import monotonic

from bottle_tui.core import log_order
from bottle_tui.core.views import LogLine
from bottle_tui.ports import SIDECARS
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.following import Follower

HELD_SECONDS, HELD_LINES = 2.0, 10_000
"""For how long, and up to how many, the first lines are held until those of every sidecar are there."""


class Streams:
    """Owns one follower per sidecar; none while no bottle is looked at."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._of: dict[str, Follower] = {}
        self._held: dict[str, list[LogLine]] = {}
        self._dropped = 0
        self._since: float | None = None
        """When the first lines were asked for; None once they are told."""
        self._all_told = False

    def follow(self, slug: str | None) -> None:
        """This bottle's from now on, and no others."""
        self.stop()
        if slug is not None:
            self._of = {role: Follower(self._services, slug, role) for role in SIDECARS}
            self._since = monotonic()
            for stream in self._of.values():
                stream.start()

    def stop(self) -> None:
        """Let go of all."""
        for stream in self._of.values():
            stream.stop()
        self._of, self._held, self._dropped = {}, {}, 0

    def values(self) -> Collection[Follower]:
        """Every follower."""
        return self._of.values()

    def take(self) -> Iterator[tuple[str, list[LogLine], int]]:
        """What has come since the last time: the sidecar, its lines, and how many were dropped."""
        self._all_told = all(stream.is_live for stream in self._of.values())  # before their lines are taken
        for role, stream in self._of.items():
            lines, dropped = stream.take()
            if lines or dropped:
                self._held.setdefault(role, []).extend(lines)
                self._dropped += dropped
                yield role, lines, dropped

    def together(self) -> tuple[list[LogLine], int]:
        """What was taken, of all sidecars and by time; at first not before each has told what it had said."""
        held = sum(map(len, self._held.values()))
        if self._since is not None:
            if not self._all_told and held < HELD_LINES and monotonic() - self._since < HELD_SECONDS:
                return [], 0
            self._since = None
        lines, dropped = log_order.merged(self._held.values()) if held else [], self._dropped
        self._held, self._dropped = {}, 0
        return lines, dropped

    def ended(self, tab: str) -> str:
        """Why a tab is silent; in the merged one, which sidecars are."""
        if tab in self._of:
            return self._of[tab].ended
        silent = [role for role, stream in self._of.items() if stream.ended]
        if len(silent) == len(self._of):
            return next((stream.ended for stream in self._of.values()), "")
        return f"silent: {', '.join(silent)}" if silent else ""
