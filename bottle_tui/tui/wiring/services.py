"""What the dashboard calls: the services as plain callables, so that tests and screenshots can put others in place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bottle_tui.core.edits import Edit
from bottle_tui.core.evidence import Evidence
from bottle_tui.core.views import BottleStatus, Card, LogLine, Outcome
from bottle_tui.ports import Role
from bottle_tui.tui.wiring.lookout import Lookout
from bottle_tui.tui.wiring.looks import Looks


class Stream(Protocol):
    """Log lines as they come."""

    def next(self, timeout: float) -> LogLine | None:
        """The next line, None after `timeout` seconds without one. Raises SidecarUnreachable at the end."""

    def close(self) -> None:
        """Ends it."""


@dataclass(frozen=True)
class Services:
    """Everything here may block; it is called in workers only. `now` does not block."""

    cards: Callable[[], list[Card]]
    card: Callable[[str, Edit], Card]
    """One card, with the operator's edit in its facts, risks and change."""
    bottles: Callable[[], list[BottleStatus]]
    approve: Callable[[str, str, bool, Edit], Outcome]
    """Id, digest of the change shown, whether its dangers were acknowledged, the edit it was shown with."""
    reject: Callable[[str, str], Outcome]
    reopen: Callable[[str], Outcome]
    undo: Callable[[str], Outcome]
    quarantine: Callable[[str], str]
    release: Callable[[str], str]
    attach: Callable[[str, list[str] | None], int]
    follow: Callable[[str, Role, int], Stream]
    describe: Callable[[str], str]
    """A runtime's name → what the title says of it."""
    watched: Callable[[datetime], object]
    """Tell the agents that somebody is here, as of that moment."""
    evidence: Callable[[str, Edit, bool], Evidence]
    """Beside one card with that edit in it; False: with the events that were read last, if there are any."""
    settle: Callable[[tuple[Card, ...]], list[str]]
    """What nobody has to press a key for: ended grants, asks for what is in force, traffic. Lines of what was done."""
    now: Callable[[], datetime]
    lookout: Lookout = field(default_factory=Lookout, kw_only=True)
    """What stands beside the inbox."""
    looks: Looks
    """Routes, provenance, history: for the views that look."""
