"""What an operator has changed on cards before deciding, and what was computed of it since. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Self

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.evidence import Evidence
from bottle_tui.core.views import Card

KEPT_EVIDENCE = 64


@dataclass(frozen=True)
class Computed:
    """A card as it is with an edit."""

    edit: Edit
    card: Card


@dataclass(frozen=True)
class Beside:
    """Evidence for a card with an edit, and when it was read."""

    edit: Edit
    evidence: Evidence
    at: datetime


@dataclass(frozen=True)
class Edits:
    """By id of the proposal. A card without an entry is as it was asked."""

    wanted: Mapping[str, Edit] = MappingProxyType({})
    computed: Mapping[str, Computed] = MappingProxyType({})
    evidence: Mapping[str, Beside] = MappingProxyType({})
    trouble: Mapping[str, str] = MappingProxyType({})
    """Why there is no evidence, by id."""

    def of(self, id: str) -> Edit:
        """What the operator wants of that card."""
        return self.wanted.get(id, AS_ASKED)

    def is_computing(self, id: str) -> bool:
        """Whether the card on screen is not yet the one with the edit in it."""
        edit = self.of(id)
        return edit != AS_ASKED and (id not in self.computed or self.computed[id].edit != edit)

    def shown(self, card: Card) -> Card:
        """The card with the last computed edit in it; who decided and how far it is come from the listing."""
        known = self.computed.get(card.id)
        if known is None or self.of(card.id) == AS_ASKED or card.status not in ("pending", "failed"):
            return card
        made = known.card
        return replace(card, host=made.host, args=made.args, facts=made.facts, risks=made.risks, change=made.change,
                       scan=made.scan, problem=made.problem)  # fmt: skip

    def edited(self, id: str, edit: Edit) -> Self:
        """Another wish."""
        wanted = {**self.wanted, id: edit}
        if edit == AS_ASKED:
            wanted.pop(id)
        return replace(self, wanted=MappingProxyType(wanted))

    def learned(self, edit: Edit, card: Card) -> Self:
        """An answer; one to an older wish is dropped."""
        if self.of(card.id) != edit:
            return self
        return replace(self, computed=MappingProxyType({**self.computed, card.id: Computed(edit, card)}))

    def failed(self, card: Card, edit: Edit, line: str) -> Self:
        """No answer: the card then says why it cannot be approved like this."""
        return self.learned(edit, replace(card, change=None, risks=(), problem=line))

    def witnessed(self, edit: Edit, evidence: Evidence, at: datetime) -> Self:
        """Evidence arrived; the oldest makes room."""
        kept = {id: beside for id, beside in self.evidence.items() if id != evidence.id}
        kept = {**dict(list(kept.items())[-(KEPT_EVIDENCE - 1) :]), evidence.id: Beside(edit, evidence, at)}
        trouble = {id: line for id, line in self.trouble.items() if id != evidence.id}
        return replace(self, evidence=MappingProxyType(kept), trouble=MappingProxyType(trouble))

    def unwitnessed(self, id: str, line: str) -> Self:
        """It could not be read; what was read before is no longer said."""
        kept = {known: beside for known, beside in self.evidence.items() if known != id}
        return replace(self, evidence=MappingProxyType(kept), trouble=MappingProxyType({id: line}))

    def only(self, ids: frozenset[str]) -> Self:
        """Forget the cards that are gone."""

        def left[T](of: Mapping[str, T]) -> Mapping[str, T]:
            return of if of.keys() <= ids else MappingProxyType({id: it for id, it in of.items() if id in ids})

        return replace(self, wanted=left(self.wanted), computed=left(self.computed), evidence=left(self.evidence))
