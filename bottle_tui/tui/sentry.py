"""Stands between the keyboard and every decision: feeds the guard with what really happened on this terminal."""

from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import Protocol

from textual import events

from bottle_tui.core.arming import Decision, Guard, Part, Refusal, Target
from bottle_tui.tui.key_names import character

SLOTS = {"a": "card", "r": "card", "u": "result", "o": "result", "X": "bottle", "y": "confirm"}
FOLLOWS = {"confirm": "card"}
DECIDING_KEYS = {key: key for key in SLOTS}
IDS = {"approve": "a", "reject": "r", "undo": "u", "reopen": "o", "quarantine": "X", "confirm-yes": "y"}
"""The ids of the bindings of deciding keys, for settings that move them."""


class Place(Protocol):
    """A screen: which deciding keys it takes now, and where a refusal is said."""

    def deciding_keys(self) -> frozenset[str]:
        """None of them while a text line has the keyboard."""

    def refused(self, key: str, refusal: Refusal) -> None:
        """Say why nothing was done."""


class Sentry:
    """Owns the guard. Times of keys are those of their arrival, so that a busy screen arms nothing too early."""

    keys: Mapping[str, str] = DECIDING_KEYS
    """Key on this keyboard → the deciding key it stands for."""
    moved: Mapping[str, str] = MappingProxyType({})
    """The settings' own keys, by the id of their binding: what the footer shows."""

    def __init__(self, decided: Callable[[Decision], object], later: Callable[[float, Callable[[], None]], object],
                 now: Callable[[], float] | None = None) -> None:  # fmt: skip
        self.guard = Guard(SLOTS, FOLLOWS)
        self._decided = decided
        self._later = later
        self._now = now

    def rebind(self, keys: Mapping[str, str]) -> None:
        """Other keys for deciding actions, by the id of their binding; the old one does nothing then."""
        self.moved = keys
        moved = {
            IDS[name]: [character(key) for key in written.split(",")] for name, written in keys.items() if name in IDS
        }
        self.keys = {pressed: key for key in SLOTS for pressed in moved.get(key, [key])}

    def now(self) -> float:
        """The guard's clock."""
        return self._now() if self._now else monotonic()

    def saw(self, event: events.Event, place: object) -> bool:
        """Look at an event before anybody acts on it. True: it was a deciding key, and nobody else shall act on it."""
        at = self._now() if self._now else event.time
        match event:
            case events.AppFocus():
                self.guard = self.guard.gained_focus(at)
            case events.AppBlur():
                self.guard = self.guard.lost_focus()
            case events.Paste():
                self.guard = self.guard.pasted(at)
            case events.Key() if not event.is_forwarded:
                return self._key(event, place, at)
        return False

    def _key(self, event: events.Key, place: object, at: float) -> bool:
        pressed = event.character if event.is_printable and event.character else event.key
        key = self.keys.get(pressed, "" if pressed in SLOTS else pressed)
        keys = place.deciding_keys() if hasattr(place, "deciding_keys") else frozenset()
        deciding = key in keys
        self.guard, refusal = self.guard.key(key, event.is_printable, at, deciding=deciding)
        if refusal is not None and hasattr(place, "refused"):
            place.refused(key, refusal)
        if self.guard.due is not None:
            self._later(max(self.guard.due - self.now(), 0.0) + 0.002, self.tick)
        return deciding

    def show(self, slot: str, target: Target | None, seen: frozenset[Part] = frozenset()) -> None:
        """This is on screen now, painted."""
        self.guard = self.guard.show(slot, target, self.now(), seen)

    def clears(self, slot: str, target: Target | None) -> None:
        """About to draw something else there: from now on no key may decide on what was there before."""
        entry = self.guard.shown.get(slot)
        if entry is not None and entry.target != target:
            self.guard = self.guard.show(slot, None, self.now())

    def resized(self) -> None:
        """Everything moved."""
        self.guard = self.guard.resized(self.now())

    def tick(self) -> None:
        """Let a decision through whose key has stood alone."""
        self.guard, decision = self.guard.tick(self.now())
        if decision is not None:
            self._decided(decision)
        elif self.guard.due is not None:
            self._later(0.02, self.tick)
