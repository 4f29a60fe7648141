"""What was done or is being done, newest first, and how far an approval has come since. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self

from bottle_tui.core.views import Card

KEPT_RESULTS = 20
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

    def is_unread(self, now: datetime) -> bool:
        """An approval that its agent has not read for so long that it does not listen."""
        return self.undo and not self.delivery and (now - self.at).total_seconds() > UNREAD

    def is_followed(self, now: datetime) -> bool:
        """A fresh approval whose retry is still to be seen."""
        fresh = self.undo and (now - self.at).total_seconds() < FOLLOWED
        return fresh and not self.delivery.startswith("retry passed")

    def told(self) -> Self:
        """Only told: without the keys that take it back."""
        return replace(self, undo=False, reopen=False)


type Results = tuple[Result, ...]


def added(results: Results, result: Result) -> Results:
    """One more; the oldest makes room."""
    return (result, *results)[:KEPT_RESULTS]


def ended(results: Results, id: str, result: Result) -> Results:
    """A worker has ended; its busy line gives way to what came of it."""
    rest = tuple(old for old in results if not (old.kind == "busy" and old.id == id))
    return (result, *rest)[:KEPT_RESULTS]


def noted(results: Results, lines: Iterable[str], now: datetime) -> Results:
    """What ended or was answered by itself. It never takes the place of what `u` or `o` is about."""
    notes = tuple(Result(now, line, "ok") for line in lines)
    last = results[0] if results else None
    kept = 1 if last and (last.undo or last.reopen or last.kind == "busy") else 0
    return (*results[:kept], *notes, *results[kept:])[:KEPT_RESULTS]


def delivered(results: Results, card: Card) -> Results:
    """How far the approval of that card has come."""
    return tuple(
        replace(result, delivery=card.delivery, ends=card.ends) if result.id == card.id and result.undo else result
        for result in results
    )


def elsewhere(card: Card, now: datetime) -> Result:
    """What somebody else decided, in one line; nothing to take back from here."""
    by = f" by {card.decided_by}" if card.decided_by else ""
    return Result(now, f"{card.host or card.tool} for {card.slug}: {card.status}{by}", "ok", card.id)


def told(results: Results) -> Results:
    """The same where the keys that take back are about something else."""
    return (results[0].told(), *results[1:]) if results else ()
