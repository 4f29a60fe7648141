"""What was done or is being done, newest first, and how far an approval has come since. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self

from bottle_tui.core.views import Card

KEPT_RESULTS = 20
JUST_NOW = 15.0
"""Seconds for which the line of one's own deed, with the key that takes it back, gives way to nobody else's."""
UNREAD = 30.0
"""Seconds after which an agent that has not read an approval is not listening."""
FOLLOWED = 300.0
"""Seconds for which the screen follows an approval to the agent's retry."""
GIVEN_UP = 3600.0
"""Seconds after which an approval that its agent has never read is followed no longer."""


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
    host: str = ""
    slug: str = ""
    """What was approved for which bottle, once the card was looked at again."""
    heard_of: bool = True
    """Whether an agent is to hear of it: not of what was the operator's own idea, nor of what is over."""
    unsettled: bool = False
    """An approval that is written down and was not in force when its worker ended: it may yet come into force."""
    elsewhere: bool = False
    """Whether somebody else has done it: then it is said how long ago."""
    reminded: bool = False
    """Whether the line for its agent was copied."""

    def is_unread(self, now: datetime) -> bool:
        """An approval that its agent has not read for so long that it does not listen."""
        waited = (now - self.at).total_seconds()
        return self.undo and self.heard_of and not self.delivery and UNREAD < waited < GIVEN_UP

    def is_followed(self, now: datetime) -> bool:
        """A fresh approval whose retry is still to be seen, or one that was never read."""
        fresh = self.undo and (now - self.at).total_seconds() < FOLLOWED
        return (fresh and not self.delivery.startswith("retry passed")) or self.is_unread(now)

    def told(self) -> Self:
        """Only told: without the keys that take it back."""
        return replace(self, undo=False, reopen=False)


type Results = tuple[Result, ...]


def added(results: Results, result: Result) -> Results:
    """One more; the oldest makes room, but for what is followed."""
    return _kept((result, *results), result.at)


def ended(results: Results, id: str, result: Result) -> Results:
    """A worker has ended; its busy line gives way to what came of it, and what was done before with it is over."""
    rest = (old for old in results if not (old.kind == "busy" and old.id == id))
    over = (old.told() if result.kind == "ok" and old.id == result.id else old for old in rest)
    return _kept((result, *over), result.at)


def _kept(results: Results, now: datetime) -> Results:
    return tuple(each for place, each in enumerate(results) if place < KEPT_RESULTS or each.is_followed(now))


def noted(results: Results, lines: Iterable[str], now: datetime) -> Results:
    """What ended or was answered by itself. It never takes the place of what `u` or `o` is about."""
    notes = tuple(Result(now, line, "ok") for line in lines)
    last = results[0] if results else None
    kept = 1 if last and (last.undo or last.reopen or last.kind == "busy") else 0
    return _kept((*results[:kept], *notes, *results[kept:]), now)


def heard_of(results: Results, result: Result, now: datetime) -> Results:
    """What somebody else did. It takes the line, but not that of a deed that is being done, or was just now."""
    last = results[0] if results else None
    own = last is not None and (last.undo or last.reopen) and (now - last.at).total_seconds() < JUST_NOW
    kept = 1 if last is not None and (own or last.kind == "busy") else 0
    return _kept((*results[:kept], result, *results[kept:]), now)


def recovered(results: Results, card: Card) -> Results:
    """An approval that was not in force when it ended and is now: what was said of it would not be true any more."""
    if card.status != "approved" or not card.in_force:
        return results
    line = f"approved {card.host or card.tool} for {card.slug}: in force after all"
    return tuple(
        replace(each, text=line, kind="ok", undo=True, unsettled=False)
        if each.id == card.id and each.unsettled
        else each
        for each in results
    )


def delivered(results: Results, card: Card) -> Results:
    """How far the approval of that card has come."""
    known = {"host": card.host or card.tool, "slug": card.slug, "heard_of": card.in_force and not card.by_operator}
    return tuple(
        replace(result, delivery=card.delivery, ends=card.ends, **known)  # type: ignore[arg-type]
        if result.id == card.id and result.undo
        else result
        for result in results
    )


def reminded(results: Results, id: str) -> Results:
    """The line for the agent of that approval was copied."""
    return tuple(replace(each, reminded=True) if each.id == id else each for each in results)


def unread(results: Results, now: datetime) -> Results:
    """Approvals whose agents do not listen: those first for which no line was copied yet, and the newest of them."""
    found = (each for each in results if each.is_unread(now))
    return tuple(sorted(found, key=lambda each: each.reminded))


def elsewhere(card: Card, now: datetime) -> Result:
    """What somebody else decided, in one line; nothing to take back from here."""
    by = f" by {card.decided_by}" if card.decided_by else ""
    line = f"{card.host or card.tool} for {card.slug}: {card.status}{by}"
    return Result(min(card.decided_at or now, now), line, "ok", card.id, elsewhere=True)


def many_elsewhere(count: int, now: datetime) -> Result:
    """So many that each in a line of its own would hide the others."""
    return Result(now, f"{count} asks decided elsewhere or superseded: 5 History", "ok", elsewhere=True)


def told(results: Results) -> Results:
    """The same where the keys that take back are about something else."""
    return (results[0].told(), *results[1:]) if results else ()
