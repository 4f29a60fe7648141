"""Everything the dashboard shows, as one value: what was last heard, what is open, what is under way. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.folding import Folding, Line
from bottle_tui.core.joining import joined
from bottle_tui.core.marks import Marks
from bottle_tui.core.narrowing import Ask
from bottle_tui.core.selection import Selection
from bottle_tui.core.views import BottleStatus, Card
from bottle_tui.tui.board.editing import Beside, Edits
from bottle_tui.tui.board.results import Result, Results, unread
from bottle_tui.tui.board.silence import Silence
from bottle_tui.tui.board.standing import Standing

EVIDENCE_AGE = 30.0
"""Seconds after which what was seen beside a card is looked for again before it is said."""


@dataclass(frozen=True)
class Board:
    """One moment. `cards_at` and `bottles_at`: when the listings were last answered."""

    now: datetime
    cards: Mapping[str, Card] = field(default_factory=lambda: MappingProxyType({}))
    selection: Selection = field(default_factory=Selection)
    folding: Folding = field(default_factory=Folding)
    marks: Marks = field(default_factory=Marks)
    """Asks to be decided together."""
    bottles: tuple[BottleStatus, ...] = ()
    cards_at: datetime | None = None
    bottles_at: datetime | None = None
    cards_trouble: str = ""
    bottles_trouble: str = ""
    silence: Silence | None = None
    """The engine's, while it does not answer."""
    epoch: int = 0
    """How often time has jumped; what was asked before the last jump counts no more."""
    bottles_epoch: int = 0
    applying: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What a worker is doing right now: id or slug → verb."""
    results: Results = ()
    only: str | None = None
    """Show this bottle alone."""
    edits: Edits = field(default_factory=Edits)
    """What the operator has changed on cards before deciding, and the evidence beside them."""
    standing: Standing = field(default_factory=Standing)
    """What stands beside the inbox."""
    read_only: bool = False
    runtime: str = ""

    @property
    def open_card(self) -> Card | None:
        """The card on screen, with the operator's edit in it; none while the cursor is on a folded row."""
        card = None if self.fold else self.cards.get(self.selection.selected or "")
        return self.edits.shown(card) if card else None

    def evidence_of(self, card: Card) -> Beside | None:
        """What is known beside the open card: about the host that would be granted, and not from before a sleep."""
        beside = self.edits.evidence.get(card.id)
        if beside is None or beside.evidence.host != card.host:
            return None
        return beside if (self.now - beside.at).total_seconds() < EVIDENCE_AGE else None

    @property
    def ask(self) -> Ask | None:
        """The open card as the narrowing keys take it; None where there is nothing to change."""
        card = self.open_card
        if card is None or self.read_only or card.id in self.applying or card.status not in ("pending", "failed"):
            return None
        beside = self.evidence_of(card)
        asked = self.cards[card.id]
        seen = beside.evidence if beside else None
        trouble = self.edits.trouble.get(card.id, "")
        return Ask(card.tool, asked.args, self.edits.of(card.id), seen, card.scan, trouble)

    @property
    def leaving(self) -> str | None:
        """The open card when it waits no longer, and only stays until the operator looks elsewhere."""
        return self.selection.leaving if self.selection.leaving == self.selection.selected else None

    @property
    def slugs(self) -> dict[str, str]:
        """Each ask's bottle."""
        return {id: card.slug for id, card in self.cards.items()}

    @cached_property
    def joined(self) -> dict[str, tuple[str, ...]]:
        """The asks by row: those of one bottle for the same host share the row, and the card, of the first of them."""
        return joined(self.selection.order, self.cards)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The rows of the inbox."""
        lines = self.folding.lines(tuple(self.joined), self.slugs)
        return tuple(replace(line, ids=tuple(id for head in line.ids for id in self.joined[head])) for line in lines)

    @property
    def again(self) -> int:
        """How often the same bottle has asked again for the open card's host."""
        line = self.lines[self.line_index] if self.lines else None
        return len(line.ids) - 1 if line and not line.folded else 0

    @property
    def place(self) -> str:
        """Where the open card stands, and how often it was asked again."""
        where = f"{self.line_index + 1} of {len(self.lines)}"
        return f"{where} · asked again {self.again}×" if self.again else where

    @property
    def line_index(self) -> int:
        """Which of them the cursor is on."""
        found = (place for place, line in enumerate(self.lines) if self.selection.selected in line.ids)
        return next(found, 0)

    @property
    def fold(self) -> Line | None:
        """The folded row under the cursor."""
        line = self.lines[self.line_index] if self.lines else None
        return line if line and line.folded else None

    @property
    def asleep(self) -> bool:
        """Whether nothing has been asked since time jumped."""
        return self.bottles_epoch != self.epoch

    @property
    def here(self) -> str:
        """The bottle under the cursor of the inbox, or the only one that runs; empty where there is a choice."""
        card = self.open_card
        alone = self.running[0] if len(self.running) == 1 else ""
        return self.fold.slug if self.fold else card.slug if card else alone

    @property
    def ours(self) -> tuple[BottleStatus, ...]:
        """The bottles that were made from this home."""
        return tuple(bottle for bottle in self.bottles if bottle.state != "foreign")

    @property
    def running(self) -> list[str]:
        """Slugs of those whose sidecars can be listened to."""
        return [bottle.slug for bottle in self.ours if bottle.state != "stopped"]

    @property
    def denied(self) -> tuple[DeniedGroup, ...]:
        """Denied and not asked for, background last. Not of stopped bottles: there is nothing to grant there."""
        stopped = {bottle.slug for bottle in self.ours if bottle.state == "stopped"}
        return tuple(group for group in self.standing.of(self.only) if group.slug not in stopped)

    @property
    def waiting(self) -> tuple[Card, ...]:
        """In the order of the screen, without the one that only stays for being looked at."""
        cards = (self.cards[id] for id in self.selection.order if id in self.cards)
        return tuple(card for card in cards if card.status in ("pending", "failed"))

    @property
    def asking(self) -> tuple[Card, ...]:
        """Those of them that an agent has filed: a draft of the operator's own waits for nobody."""
        return tuple(card for card in self.waiting if not card.by_operator)

    @property
    def last(self) -> Result | None:
        """What happened last."""
        return self.results[0] if self.results else None

    def markable(self, id: str) -> str:
        """The digest that a mark on this ask is bound to; empty when it cannot be decided together with others."""
        card = self.edits.shown(self.cards[id]) if id in self.cards else None
        if card is None or card.change is None or card.tool == "capability-block" or id in self.applying:
            return ""
        if self.edits.is_computing(id):
            return ""
        return "" if any(risk.level == "danger" for risk in card.risks) else card.change.digest

    def markable_of(self, slug: str) -> dict[str, str]:
        """The asks of a bottle that may be marked, the first of each row, with what a mark on them is bound to."""
        rows = (id for id in self.joined if id in self.cards and self.cards[id].slug == slug)
        waiting = (id for id in rows if self.cards[id].status in ("pending", "failed"))
        return {id: digest for id in waiting if (digest := self.markable(id))}

    @property
    def marked(self) -> tuple[Card, ...]:
        """The marked asks as they are shown, those that still are what was marked."""
        found = ((id, self.markable(id), digest) for id, digest in self.marks.marked)
        return tuple(self.edits.shown(self.cards[id]) for id, now, digest in found if now and now == digest)

    @property
    def deaf(self) -> Results:
        """Approvals whose agents do not listen; the first is the one that the screen names, and `c` is about."""
        return unread(self.results, self.now)

    @property
    def following(self) -> tuple[str, ...]:
        """Approvals whose retry is still to be seen, the newest first."""
        return tuple(dict.fromkeys(each.id for each in self.results if each.is_followed(self.now)))
