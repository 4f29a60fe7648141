"""The followed outputs of one bottle's sidecars, as long as it is the one that is looked at."""

from collections.abc import Collection, Iterator

from bottle_tui.core.views import LogLine
from bottle_tui.ports import SIDECARS
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.following import Follower


class Streams:
    """Owns one follower per sidecar; none while no bottle is looked at."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._of: dict[str, Follower] = {}

    def follow(self, slug: str | None) -> None:
        """This bottle's from now on, and no others."""
        self.stop()
        if slug is not None:
            self._of = {role: Follower(self._services, slug, role) for role in SIDECARS}
            for stream in self._of.values():
                stream.start()

    def stop(self) -> None:
        """Let go of all."""
        for stream in self._of.values():
            stream.stop()
        self._of = {}

    def values(self) -> Collection[Follower]:
        """Every follower."""
        return self._of.values()

    def take(self) -> Iterator[tuple[str, list[LogLine], int]]:
        """What has come since the last time: the sidecar, its lines, and how many were dropped."""
        for role, stream in self._of.items():
            lines, dropped = stream.take()
            if lines or dropped:
                yield role, lines, dropped

    def ended(self, tab: str) -> str:
        """Why a tab is silent; in the merged one, which sidecars are."""
        if tab in self._of:
            return self._of[tab].ended
        silent = [role for role, stream in self._of.items() if stream.ended]
        if len(silent) == len(self._of):
            return next((stream.ended for stream in self._of.values()), "")
        return f"silent: {', '.join(silent)}" if silent else ""
