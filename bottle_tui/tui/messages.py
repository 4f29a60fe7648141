"""What happened, in the past tense. Every worker ends in exactly one of two of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from textual.message import Message

from bottle_tui.core.absence import Absence
from bottle_tui.core.arming import Decision
from bottle_tui.core.decided import Decided
from bottle_tui.core.edits import Edit
from bottle_tui.core.evidence import DeniedGroup, Evidence
from bottle_tui.core.timers import Ending
from bottle_tui.core.views import BottleStatus, Card, Outcome


class Heard(Message):
    """Base of what changes the board."""


@dataclass
class CardsLoaded(Heard):
    """The inbox was listed."""

    cards: tuple[Card, ...]
    at: datetime


@dataclass
class CardsFailed(Heard):
    """It could not be listed."""

    line: str


@dataclass
class BottlesLoaded(Heard):
    """The bottles' states were read. `runtime` is for the title."""

    bottles: tuple[BottleStatus, ...]
    runtime: str
    at: datetime
    epoch: int = 0
    """That of the time's jumps in which it was begun."""


@dataclass
class BottlesFailed(Heard):
    """They could not be read. `silent`: the engine does not answer."""

    line: str
    silent: bool = False


@dataclass
class CardLearned(Heard):
    """What became of a card that is no longer listed."""

    card: Card


@dataclass
class CardLost(Heard):
    """That could not be read."""

    id: str
    line: str


@dataclass
class Edited(Heard):
    """The operator has changed what the open card would grant. Nothing is decided by it."""

    id: str
    edit: Edit


@dataclass
class EditComputed(Heard):
    """The card as it is with that edit."""

    edit: Edit
    card: Card


@dataclass
class EditFailed(Heard):
    """It could not be computed."""

    id: str
    edit: Edit
    line: str


@dataclass
class EvidenceLoaded(Heard):
    """What is known beside a card with that edit in it."""

    edit: Edit
    evidence: Evidence
    at: datetime


@dataclass
class EvidenceFailed(Heard):
    """It could not be read."""

    id: str
    line: str


@dataclass
class Settled(Heard):
    """What ended by itself, or was answered by itself, one line each."""

    lines: tuple[str, ...]


@dataclass
class SettleFailed(Heard):
    """That could not be looked after; the next time it is tried again."""

    line: str


class TimePassed(Heard):
    """A second: ages go on."""


@dataclass
class TimeJumped(Heard):
    """The machine slept, or its clock was set: what was known is not known until it is asked for anew."""

    epoch: int


@dataclass
class AgentsTold(Heard):
    """They know that somebody watches."""


@dataclass
class AgentsNotTold(Heard):
    """They do not; nothing depends on it."""

    line: str


@dataclass
class DecisionBegan(Heard):
    """A worker has taken it on. `line` says what it does."""

    verb: str
    id: str
    line: str


@dataclass
class Filtered(Heard):
    """The operator wants to see one bottle, or all of them (None)."""

    slug: str | None


@dataclass
class Moved(Heard):
    """The cursor went up or down in the inbox, or to an id."""

    by: int = 0
    to: str = ""


@dataclass
class Marked(Heard):
    """The operator marked an ask with the change on screen, or took the mark away; without an id, all marks."""

    id: str = ""
    digest: str = ""


@dataclass
class AllMarked(Heard):
    """The operator marked all asks of a bottle that may be marked; or took those marks away, where they all were."""

    slug: str


@dataclass
class Reminded(Heard):
    """The line for an agent that does not listen was copied: that of this approval."""

    id: str


@dataclass
class Folded(Heard):
    """The operator wants a bottle's asks in one row, or each in its own."""

    slug: str
    away: bool


@dataclass
class StandingLoaded(Heard):
    """What stands beside the inbox was read: denied and not asked, timers, mutes, the last decisions."""

    groups: tuple[DeniedGroup, ...]
    endings: tuple[Ending, ...]
    muted: Mapping[str, datetime]
    at: datetime
    decisions: tuple[Decided, ...] = ()


@dataclass
class StandingFailed(Heard):
    """It could not be read."""

    line: str


@dataclass
class Proposed(Heard):
    """The operator's own proposal is filed; nothing is granted by it."""

    id: str


@dataclass
class Muted(Heard):
    """A bottle was muted, or calls again."""

    slug: str
    line: str


@dataclass
class AbsenceLoaded(Heard):
    """What happened while nobody was here, `left` being when that began."""

    absence: Absence
    left: datetime


@dataclass
class AbsenceFailed(Heard):
    """It could not be read."""

    line: str
    left: datetime


@dataclass
class Called(Heard):
    """`notify.command` has ended; `problem` is empty when it did as it should."""

    problem: str


@dataclass
class Withdrawn(Heard):
    """It was taken back before it was decided."""

    id: str
    line: str


@dataclass
class DecisionEnded(Heard):
    """A decision was carried out, or as far as the outcome says."""

    verb: str
    outcome: Outcome


@dataclass
class DecisionFailed(Heard):
    """A decision was refused by the services, or nobody knows. `id` is the proposal, or the slug of a bottle."""

    verb: str
    id: str
    line: str


@dataclass
class BottleChanged(Heard):
    """A bottle was quarantined or released."""

    slug: str
    line: str


class DecisionMade(Message, bubble=False):
    """The guard let a key through."""

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self.decision = decision


class NothingNew(Message, bubble=False):
    """A look at the host's files said that a listing ("cards" or "bottles") would bring nothing."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what


class SidecarSilent(Message, bubble=False):
    """A sidecar's output has ended: how the bottles are is worth a look."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SidecarSilent)


class NudgeArrived(Message, bubble=False):
    """A sidecar said something that makes a new listing worth while."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, NudgeArrived)


class Copied(Message, bubble=False):
    """tmux was asked to take a copy; the problem in one line, nothing when it did."""

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem
