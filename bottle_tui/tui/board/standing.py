"""What stands beside the inbox: denied and not asked, timers, muted bottles, decisions. Part of the board; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bottle_tui.core.absence import Absence
from bottle_tui.core.decided import Decided
from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.timers import Ending

type Key = tuple[str, str, str]


def key_of(group: DeniedGroup) -> Key:
    """What a group is pinned by."""
    return (group.slug, group.host, "…" if group.more else group.method)


@dataclass(frozen=True)
class Standing:
    """As last heard, `at`."""

    groups: tuple[DeniedGroup, ...] = ()
    endings: tuple[Ending, ...] = ()
    decisions: tuple[Decided, ...] = ()
    """The last ones by the ledgers, newest first."""
    muted: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    at: datetime | None = None
    trouble: str = ""
    absence: Absence | None = None
    """What happened while nobody was here, once it is known."""
    absence_trouble: str = ""
    left: datetime | None = None
    """When the absence began that these two are about."""
    wanted: str = ""
    """A proposal that the operator has just filed: it opens as soon as it is listed."""

    def of(self, only: str | None) -> tuple[DeniedGroup, ...]:
        """The groups of one bottle, or all: those that one may want first, the agents' own knocking last."""
        return tuple(group for group in self.groups if only in (None, group.slug))

    def loud(self, only: str | None) -> tuple[DeniedGroup, ...]:
        """Without the background."""
        return tuple(group for group in self.of(only) if not group.background)

    def decided(self, only: str | None) -> tuple[Decided, ...]:
        """The last decisions about one bottle, or all."""
        return tuple(each for each in self.decisions if only in (None, each.slug))

    def running_out(self, only: str | None, now: datetime) -> tuple[Ending, ...]:
        """What has not ended yet, the next one first."""
        open_ones = (each for each in self.endings if each.at is None or each.at > now)
        return tuple(each for each in open_ones if only in (None, each.slug))

    def muted_now(self, now: datetime) -> frozenset[str]:
        """Bottles that call nobody at this moment."""
        return frozenset(slug for slug, until in self.muted.items() if until > now)
