"""When a key may decide: only on what has been on screen for a while, and only when it stands alone.

One pure machine, fed with what happened and when (seconds of one monotonic clock). It knows nothing of terminals:
the dashboard tells it what is shown, which keys came, and asks it now and then whether a decision is due.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf
from types import MappingProxyType
from typing import NamedTuple, Self

ON_SCREEN = 0.4
"""Seconds that something must have been shown, unchanged, before a key may decide on it."""
AFTER_FOCUS = 0.4
QUIET_BEFORE = 0.3
QUIET_AFTER = 0.15
TYPED_TOO = frozenset({"enter", "backspace"})
"""Keys that print nothing and still are typing."""


@dataclass(frozen=True)
class Target:
    """What a key would decide on: an id, and the digest of the change as it is drawn. `risks`: how many it has."""

    id: str
    digest: str
    risks: int = 0


class Part(NamedTuple):
    """One line of a risk as it is drawn: of which risk, which line, of how many when folded at that width."""

    risk: int
    line: int = 0
    lines: int = 1
    width: int = 0


def whole(parts: Iterable[Part]) -> frozenset[int]:
    """The risks of which every line is among these."""
    found: dict[tuple[int, int, int], set[int]] = {}
    for part in parts:
        found.setdefault((part.risk, part.lines, part.width), set()).add(part.line)
    return frozenset(risk for (risk, lines, _), seen in found.items() if len(seen) == lines)


@dataclass(frozen=True)
class Decision:
    """A key that stood alone, and what was on screen when it was pressed."""

    key: str
    target: Target


class Refusal(Enum):
    """Why a deciding key did nothing; the value is said in the footer."""

    TYPING = "looked like typing: nothing done"
    TOO_NEW = "just appeared: look first, then press again"
    FOCUS = "the terminal has only just got the focus: press again"
    UNSEEN = "scroll to every risk first (tab, then j)"
    NOTHING = "nothing here to decide"

    @property
    def of_drawn(self) -> str:
        """In words where there is something on screen: what the guard has not heard of yet has just appeared."""
        return str((Refusal.TOO_NEW if self is Refusal.NOTHING else self).value)


@dataclass(frozen=True)
class _Shown:
    target: Target
    since: float
    seen: frozenset[Part]


@dataclass(frozen=True)
class _Pending:
    decision: Decision
    slot: str
    at: float


@dataclass(frozen=True)
class Guard:
    """The machine's state. `slots` says which place on screen each deciding key is about, e.g. {"a": "card"}."""

    slots: Mapping[str, str]
    follows: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """A place that is about another one and goes when that changes, e.g. {"confirm": "card"}."""
    shown: Mapping[str, _Shown] = field(default_factory=lambda: MappingProxyType({}))
    focused: bool = True
    focused_at: float = -inf
    typed_at: float = -inf
    pending: _Pending | None = None

    @property
    def due(self) -> float | None:
        """When the pending key will have stood alone long enough."""
        return self.pending.at + QUIET_AFTER if self.pending else None

    def show(self, slot: str, target: Target | None, at: float, seen: frozenset[Part] = frozenset()) -> Self:
        """This is drawn there now. `seen`: what of its risks is visible; that adds up while the target stays the
        same."""
        old = self.shown.get(slot)
        if old is not None and old.target == target:
            return replace(self, shown=self._with(slot, replace(old, seen=old.seen | seen)))
        shown = self._with(slot, _Shown(target, at, seen) if target else None)
        gone = {slot, *(name for name, other in self.follows.items() if other == slot)}
        kept = {name: entry for name, entry in shown.items() if name == slot or name not in gone}
        spoiled = self.pending is not None and self.pending.slot in gone
        return replace(self, shown=MappingProxyType(kept), pending=None if spoiled else self.pending)

    def _with(self, slot: str, entry: _Shown | None) -> Mapping[str, _Shown]:
        shown = {name: other for name, other in self.shown.items() if name != slot}
        return MappingProxyType(shown | {slot: entry} if entry else shown)

    def resized(self, at: float) -> Self:
        """Everything moved: it all counts as new on screen."""
        shown = {slot: replace(entry, since=at) for slot, entry in self.shown.items()}
        return replace(self, shown=MappingProxyType(shown), pending=None)

    def gained_focus(self, at: float) -> Self:
        """The terminal has the focus from now on."""
        return replace(self, focused=True, focused_at=max(at, self.focused_at), pending=None)

    def lost_focus(self) -> Self:
        """Whatever is typed next was not meant for us until the focus is back."""
        return replace(self, focused=False, pending=None)

    def pasted(self, at: float) -> Self:
        """A paste is typing."""
        return replace(self, typed_at=max(at, self.typed_at), pending=None)

    def key(self, key: str, printable: bool, at: float, *, deciding: bool = True) -> tuple[Self, Refusal | None]:
        """A key came. A deciding one becomes pending or is refused; any other may spoil the one before it.

        `deciding` is False while the keyboard belongs to a text line or a dialog.
        """
        quiet = at - self.typed_at >= QUIET_BEFORE
        spoiled = self.pending is not None
        typing = printable or key in TYPED_TOO
        after = replace(self, pending=None, typed_at=max(at, self.typed_at)) if typing else self
        if not deciding or key not in self.slots:
            return after, Refusal.TYPING if spoiled and typing else None
        refusal = Refusal.TYPING if spoiled or not quiet else self.refusal(key, at)
        if refusal is not None:
            return after, refusal
        slot = self.slots[key]
        return replace(after, pending=_Pending(Decision(key, self.shown[slot].target), slot, at)), None

    def refusal(self, key: str, at: float) -> Refusal | None:
        """Why this key could not decide at this moment, leaving typing aside: what the footer dims."""
        entry = self.shown.get(self.slots[key])
        if entry is None:
            return Refusal.NOTHING
        if not self.focused or at - self.focused_at < AFTER_FOCUS:
            return Refusal.FOCUS
        if at - entry.since < ON_SCREEN:
            return Refusal.TOO_NEW
        if key == "a" and not self.all_seen(self.slots[key]):
            return Refusal.UNSEEN
        return None

    def all_seen(self, slot: str) -> bool:
        """Whether every risk of what is shown there has been on screen, each to its last word."""
        entry = self.shown.get(slot)
        return entry is not None and whole(entry.seen) >= frozenset(range(entry.target.risks))

    def tick(self, at: float) -> tuple[Self, Decision | None]:
        """The decision whose key has stood alone by now, once."""
        if self.pending is None or at < self.pending.at + QUIET_AFTER:
            return self, None
        return replace(self, pending=None), self.pending.decision
