"""Everything the dashboard shows, as one value: what was last heard, what is open, what is under way. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Literal, Self

from bottle_tui.core.arming import Target
from bottle_tui.core.folding import Folding, Line
from bottle_tui.core.marks import Marks
from bottle_tui.core.narrowing import Ask
from bottle_tui.core.selection import Selection
from bottle_tui.core.views import BottleStatus, Card, Outcome
from bottle_tui.tui.board.editing import Beside, Edits
from bottle_tui.tui.board.standing import Standing

KEPT_RESULTS = 20
EVIDENCE_AGE = 30.0
"""Seconds after which what was seen beside a card is looked for again before it is said."""
UNREAD = 30.0
"""Seconds after which an agent that has not read an approval is not listening."""
FOLLOWED = 300.0
"""Seconds for which the screen follows an approval to the agent's retry."""


@dataclass(frozen=True)
class Result:
    """One line about something done or being done. `undo` and `reopen` say what the keys u and o would act on."""

    at: datetime
    text: str
    kind: Literal["ok", "bad", "busy"]
    id: str = ""
    undo: bool = False
    reopen: bool = False
    delivery: str = ""
    """How far an approval has come: "agent has read it", "retry passed (200)"."""
    ends: datetime | None = None
    """When what was approved ends by itself."""


def joined(order: Iterable[str], cards: Mapping[str, Card]) -> dict[str, tuple[str, ...]]:
    """First ask → all of that bottle for the same host, in the order of the screen; every other ask alone."""
    heads: dict[tuple[str, str], str] = {}
    found: dict[str, tuple[str, ...]] = {}
    for id in order:
        card = cards.get(id)
        if card is None:
            continue
        joins = card.tool == "egress-block" and card.status in ("pending", "failed") and not card.by_operator
        head = heads.setdefault((card.slug, card.host), id) if joins else id
        found[head] = (*found.get(head, ()), id)
    return found


def head_of(rows: Mapping[str, tuple[str, ...]], id: str | None) -> str | None:
    """The first ask of the row on which that one stands."""
    return next((head for head, ids in rows.items() if id in ids), id)


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
    epoch: int = 0
    """How often time has jumped; what was asked before the last jump counts no more."""
    bottles_epoch: int = 0
    applying: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What a worker is doing right now: id or slug → verb."""
    results: tuple[Result, ...] = ()
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
    def waiting(self) -> tuple[Card, ...]:
        """In the order of the screen, without the one that only stays for being looked at."""
        cards = (self.cards[id] for id in self.selection.order if id in self.cards)
        return tuple(card for card in cards if card.status in ("pending", "failed"))

    @property
    def last(self) -> Result | None:
        """What happened last."""
        return self.results[0] if self.results else None

    def loaded(self, cards: Iterable[Card], at: datetime) -> Self:
        """A listing arrived. A card that is gone stays while it is the open one, as it was last seen."""
        shown = {card.id: card for card in cards if self.only in (None, card.slug)}
        selection = self._still_in_fold(shown).loaded((card.id, card.created) for card in shown.values())
        if selection.leaving and selection.leaving in self.cards:
            shown[selection.leaving] = self.cards[selection.leaving]
            if shown[selection.leaving].status in ("pending", "failed"):
                shown[selection.leaving] = replace(shown[selection.leaving], status="superseded")
        slugs = {id: card.slug for id, card in shown.items()}
        first = not self.selection.order
        rows = joined(selection.order, shown)
        folding = self.folding.arrived(tuple(rows), slugs, head_of(rows, selection.selected), first=first)
        return (
            replace(
                self,
                cards=MappingProxyType(shown),
                selection=selection,
                folding=folding,
                cards_at=at,
                cards_trouble="",
                edits=self.edits.only(frozenset(shown)),
            )
            ._with_marks_kept()
            ._opening_wanted()
        )

    def _with_marks_kept(self) -> Self:
        """A mark stands for one change: another change, a danger or a decision takes it away."""
        return replace(self, marks=self.marks.kept({card.id: self.markable(card.id) for card in self.waiting}))

    def markable(self, id: str) -> str:
        """The digest that a mark on this ask is bound to; empty when it cannot be decided together with others."""
        card = self.edits.shown(self.cards[id]) if id in self.cards else None
        if card is None or card.change is None or card.tool == "capability-block" or id in self.applying:
            return ""
        if self.edits.is_computing(id):
            return ""
        return "" if any(risk.level == "danger" for risk in card.risks) else card.change.digest

    @property
    def marked(self) -> tuple[Card, ...]:
        """The marked asks as they are shown, those that still are what was marked."""
        found = ((id, self.markable(id), digest) for id, digest in self.marks.marked)
        return tuple(self.edits.shown(self.cards[id]) for id, now, digest in found if now and now == digest)

    def _opening_wanted(self) -> Self:
        """What the operator has just filed opens as soon as it is there."""
        wanted = self.standing.wanted
        return (
            replace(self.opened(wanted), standing=replace(self.standing, wanted="")) if wanted in self.cards else self
        )

    def wanting(self, id: str) -> Self:
        """The operator has filed this one: it opens now, or with the listing that brings it."""
        return replace(self, standing=replace(self.standing, wanted=id))._opening_wanted()

    def _still_in_fold(self, shown: Mapping[str, Card]) -> Selection:
        """On a folded row the cursor stays on the row when its first ask leaves."""
        rest = [id for id in self.fold.ids if id in shown] if self.fold else []
        return self.selection.at(rest[0]) if rest and self.selection.selected not in shown else self.selection

    def heard(self, bottles: Iterable[BottleStatus], runtime: str, at: datetime, epoch: int = 0) -> Self:
        """The bottles' states arrived."""
        ordered = tuple(sorted(bottles, key=lambda bottle: (bottle.state == "foreign", bottle.slug)))
        return replace(self, bottles=ordered, runtime=runtime, bottles_at=at, bottles_trouble="", bottles_epoch=epoch)

    def learned(self, card: Card) -> Self:
        """What became of a card: the open one, or the one of the result line."""
        results = tuple(
            replace(result, delivery=card.delivery, ends=card.ends) if result.id == card.id and result.undo else result
            for result in self.results
        )
        if card.id not in self.cards and not any(result.id == card.id for result in results):
            return replace(self, results=(self._elsewhere(card), *results)[:KEPT_RESULTS])
        shown = {**self.cards, card.id: card} if card.id in self.cards else self.cards
        return replace(self, cards=MappingProxyType(dict(shown)), results=results)

    def _elsewhere(self, card: Card) -> Result:
        """What somebody else decided, in one line; nothing to take back from here."""
        how = card.problem if card.decided_by else card.status
        return Result(self.now, f"{card.host or card.tool} for {card.slug}: {how or card.status}", "ok", card.id)

    @property
    def deaf(self) -> Result | None:
        """The approval of the result line, when its agent has not read it for so long that it does not listen."""
        last = self.last
        waited = last is not None and (self.now - last.at).total_seconds() > UNREAD
        return last if last and last.undo and not last.delivery and waited else None

    def noted(self, lines: Iterable[str]) -> Self:
        """What ended or was answered by itself. It never takes the place of what `u` or `o` is about."""
        notes = tuple(Result(self.now, line, "ok") for line in lines)
        last = self.last
        kept = 1 if last and (last.undo or last.reopen or last.kind == "busy") else 0
        results = (*self.results[:kept], *notes, *self.results[kept:])[:KEPT_RESULTS]
        return replace(self, results=results)

    @property
    def following(self) -> str | None:
        """The approval of the result line, while its agent's retry is still to be seen."""
        last = self.last
        fresh = last is not None and last.undo and (self.now - last.at).total_seconds() < FOLLOWED
        return last.id if last and fresh and not last.delivery.startswith("retry passed") else None

    def moved(self, by: int) -> Self:
        """The cursor up or down, row by row."""
        if not self.lines:
            return self
        return self.opened(self.lines[min(max(self.line_index + by, 0), len(self.lines) - 1)].ids[0])

    def opened(self, id: str) -> Self:
        """That card."""
        selection = self.selection.at(id)
        rows = joined(selection.order, self.cards)
        folding = self.folding.moved(tuple(rows), self.slugs, head_of(rows, selection.selected))
        return replace(self, selection=selection, folding=folding)

    def folded(self, slug: str, *, away: bool) -> Self:
        """All asks of a bottle in one row, or each in its own."""
        ids = [line for line in self.lines if line.slug == slug]
        count = sum(len(line.ids) for line in ids)
        folding = self.folding.close(slug, count) if away else self.folding.open(slug)
        return replace(self, folding=folding)

    def started(self, id: str, verb: str, text: str) -> Self:
        """A worker has begun; after a decision the next oldest opens."""
        open_ones = [(card.id, card.created) for card in self.waiting if card.id not in self.applying]
        result = Result(self.now, text, "busy", id)
        return replace(
            self,
            applying=MappingProxyType({**self.applying, id: verb}),
            selection=self.selection.decided(id, open_ones),
            results=(result, *self.results)[:KEPT_RESULTS],
        )

    def ended(self, id: str, result: Result) -> Self:
        """A worker has ended; its busy line gives way to what came of it."""
        applying = {key: verb for key, verb in self.applying.items() if key != id}
        rest = tuple(old for old in self.results if not (old.kind == "busy" and old.id == id))
        return replace(self, applying=MappingProxyType(applying), results=(result, *rest)[:KEPT_RESULTS])

    def gone(self, outcome: Outcome) -> Self:
        """A decided card leaves at once; one that failed waits for the next listing."""
        if outcome.status in ("pending", "failed") or outcome.id not in self.cards:
            return self
        return self.without(outcome.id)

    def without(self, id: str) -> Self:
        """One that has left for good."""
        cards = {other: card for other, card in self.cards.items() if other != id}
        return replace(self, cards=MappingProxyType(cards), selection=self.selection.without(id))

    def filtered(self, slug: str | None) -> Self:
        """One bottle, or all of them; the listing that follows fills it."""
        cards = {id: card for id, card in self.cards.items() if slug in (None, card.slug)}
        order = [(card.id, card.created) for card in cards.values()]
        selection = Selection(tuple(id for id in self.selection.order if id in cards)).loaded(order)
        slugs = {card.id: card.slug for card in cards.values()}
        folding = self.folding.arrived(tuple(joined(selection.order, cards)), slugs, selection.selected, first=True)
        return replace(self, only=slug, cards=MappingProxyType(cards), selection=selection, folding=folding)

    def problem(self) -> str | None:
        """Why the open card cannot be approved, None when it can."""
        card = self.open_card
        if self.fold:
            return f"{len(self.fold.ids)} asks in this row: enter shows them"
        if card is None:
            return "nothing waits"
        if self.read_only:
            return "read-only"
        if card.id in self.applying:
            return f"{self.applying[card.id]}…"
        if card.status not in ("pending", "failed"):
            return "no longer waiting"
        if card.tool == "capability-block":
            return "this version cannot rebuild yet"
        if self.edits.is_computing(card.id):
            return "computing…"
        return None if card.change is not None else card.problem or "the change cannot be computed"

    def _digest(self, card: Card) -> str:
        """Of what is drawn; while an edit is computed it is nothing that could be approved."""
        if self.edits.is_computing(card.id):
            return f"computing {self.edits.of(card.id)}"
        return card.change.digest if card.change else ""

    def targets(self) -> dict[str, Target | None]:
        """What the deciding keys are about, by place on screen."""
        card, last = self.open_card, self.last
        live = card is not None and card.status in ("pending", "failed") and card.id not in self.applying
        shown = Target(card.id, self._digest(card), len(card.risks)) if card else None
        return {
            "card": shown if live and not self.read_only else None,
            "result": Target(last.id, last.text) if last and last.kind != "busy" and not self.read_only else None,
        }
