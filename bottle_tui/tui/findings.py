"""What a worker found out for one screen, in the past tense: nothing here changes the board."""

from dataclasses import dataclass

from textual.message import Message

from bottle_tui.core.deeds import Deed
from bottle_tui.core.listing import Listing
from bottle_tui.core.operations import Operation
from bottle_tui.core.provenance import Provenance
from bottle_tui.core.views import Card
from bottle_tui.tui.wiring.looks import Counted


@dataclass
class RoutesListed(Message):
    """A bottle's table was read. For the view that asked."""

    listing: Listing


@dataclass
class RoutesLost(Message):
    """It could not be read."""

    slug: str
    line: str


@dataclass
class LedgerListed(Message):
    """A bottle's ledger was read. For the view that asked."""

    slug: str
    deeds: tuple[Deed, ...]
    slugs: tuple[str, ...] = ()
    """Every bottle with a ledger."""


@dataclass
class LedgerLost(Message):
    """It could not be read."""

    slug: str
    line: str


@dataclass
class TrafficCounted(Message):
    """A bottle's traffic was counted, since `wish`. For the view that asked."""

    counted: Counted
    wish: str


@dataclass
class TrafficLost(Message):
    """It could not be read."""

    slug: str
    line: str


@dataclass
class OriginFound(Message):
    """Which grant decided a log line. `number` is the question's. For the view that asked."""

    number: int
    provenance: Provenance


@dataclass
class OriginLost(Message):
    """It could not be looked up."""

    number: int
    line: str


@dataclass
class TextRead(Message):
    """What the editor is to open: "routes" or "pipelock" of a bottle. For the view that asked."""

    slug: str
    kind: str
    text: str


@dataclass
class DraftRead(Message):
    """What came back from the editor, as a change."""

    slug: str
    operation: Operation
    card: Card


@dataclass
class DraftLost(Message):
    """It makes no change, or nothing could be read; `text` is what was typed."""

    slug: str
    kind: str
    text: str
    line: str


@dataclass
class PatchRead(Message):
    """What was approved, as a patch to the manifest."""

    slug: str
    text: str


@dataclass
class PatchLost(Message):
    """It could not be made."""

    line: str
