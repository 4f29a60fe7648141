"""Whether somebody watches: a key, a click or the focus coming, within five minutes. And who comes back after ten.

Pure. Wall-clock time, since a machine that slept was not watched; a clock set back counts as no time at all.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from sidecar_addon.proposals import WATCHED

WATCHING = timedelta(minutes=5)
AWAY = timedelta(minutes=10)
TELL_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Presence:
    """When there was last a sign of somebody, and when the agents were last told. Holding the focus is no sign."""

    seen_at: datetime
    told_at: datetime | None = None
    left: datetime | None = None
    """Since when nobody was here, of somebody who has come back without a key so far."""
    reports_focus: bool = False
    """Whether this terminal says anything of its focus at all."""
    has_focus: bool = True

    def noticed(self, now: datetime, *, key: bool) -> tuple[Self, datetime | None]:
        """A key (True), or a click or the focus. Returned beside it: since when nobody was here, if a key ends that.

        That key has only said that somebody is back; it must do nothing else.
        """
        left = self.left or (self.seen_at if now - self.seen_at >= AWAY else None)
        after = replace(self, seen_at=now, left=None if key else left)
        return after, left if key else None

    def focus(self, has_focus: bool) -> Self:
        """The terminal says so."""
        return replace(self, reports_focus=True, has_focus=has_focus)

    def watching(self, now: datetime) -> bool:
        """Whether a sign of somebody is fresh."""
        return now - self.seen_at < WATCHING

    def focused(self, now: datetime) -> bool:
        """Whether a notice would be for somebody who sees the screen; without word of the focus, keys say it."""
        return self.has_focus if self.reports_focus else self.watching(now)

    def tells(self, now: datetime) -> tuple[Self, datetime | None]:
        """As of when the agents are to be told now that somebody watches, once a minute while that is so; else None.

        Such a word counts for `WATCHED`, so the last one is of an earlier moment: it ends when watching does.
        """
        back = replace(self, seen_at=min(self.seen_at, now))
        told = self.told_at is not None and timedelta(0) <= now - self.told_at < TELL_EVERY
        if told or not back.watching(now):
            return back, None
        return replace(back, told_at=now), min(now, back.seen_at + WATCHING - WATCHED)

    def untold(self) -> Self:
        """There is an agent that was not told yet."""
        return replace(self, told_at=None)
