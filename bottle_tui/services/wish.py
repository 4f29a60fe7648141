"""What an apply is to bring about, and what it brought about: passed between deciding, applying and recovering."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bottle_tui.core.changes import State, TokenNeed
from bottle_tui.core.words import counted
from sidecar_addon.proposals import Decision
from sidecar_addon.table import Table


@dataclass(frozen=True)
class Wish:
    """A policy to put in force."""

    kind: str
    """approve | revoke | expire | routes | pipelock | quarantine | release."""
    after: State
    narrow: bool = False
    """Only takes away: the gate first, then pipelock; and once the gate has it, nothing is put back."""
    change: str = ""
    """Digest of the change that was shown."""
    grants: tuple[str, ...] = ()
    """Grants that come or go: what the proof asks about."""
    token: TokenNeed | None = None
    proposal: str | None = None
    decision: Decision | None = None
    """What the agent is answered once it is in force."""
    keeps: Mapping[str, str] = field(default_factory=dict)
    """Further files of the bottle's folder, written once it is in force."""
    quarantined: bool = False
    failures: tuple[str, ...] = ()
    """Why the same came to nothing before, as the ledger has it already."""


@dataclass(frozen=True)
class Enforced:
    """It is in force, and the gate has proven it."""

    table: Table
    proof: tuple[str, ...]
    cut: int = 0
    """Streams that were ended because what admitted them is gone."""
    remarks: tuple[str, ...] = ()
    """What went less well, for the last line on screen."""

    @property
    def told(self) -> tuple[str, ...]:
        """All of that for the last line on screen: what was cut first."""
        return (*((f"{counted(self.cut, 'stream')} cut",) if self.cut else ()), *self.remarks)
