"""Asks that nobody has answered: after a day, and when their bottle stops, they are superseded, and the agent knows.

Whoever lists or decides writes it down; who only looks, or finds the bottle busy, sees them as what they are too.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bottle_tui.core import journal, unanswered
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, queue, session, telling
from bottle_tui.services.queue import Entry
from bottle_tui.services.session import Session
from sidecar_addon.proposals import Decision

BY = "bottle-tui"
A_DAY = "nobody answered within a day; ask again if it is still needed"
STOPPED = "the bottle was stopped; ask again if it is still needed"


def settle(world: World, slug: str | None = None) -> list[str]:
    """Supersede what has waited for a day; their ids. A bottle that is busy is left for the next time.

    A world that only looks supersedes nothing. Raises nothing.
    """
    done: list[str] = []
    if world.read_only:
        return done
    for name in [slug] if slug else world.home.slugs():
        try:
            if lookup.find(world, name) is not None and _old(opened := session.opened(world, name)):
                with opened.home.lock(timeout=0.0):
                    done += _supersede(opened, _old(opened), A_DAY)
        except BottleError:
            continue
    return done


def at_stop(opened: Session) -> list[str]:
    """Supersede all that waits, under the bottle's lock and while it still runs; their ids. A stop is never held up."""
    try:
        return _supersede(opened, [entry for entry in _entries(opened) if entry.status in queue.OPEN], STOPPED)
    except BottleError:
        return []


def as_is(entry: Entry, now: datetime) -> Entry:
    """The ask as it stands at that moment: what has waited for a day is superseded, written down or not."""
    if not _is_old(entry, now):
        return entry
    end = _since(entry) + unanswered.A_DAY
    return replace(entry, decision=Decision(entry.id, "superseded", BY, end, reason=A_DAY))


def as_they_are(entries: Iterable[Entry], now: datetime) -> list[Entry]:
    """The same of several."""
    return [as_is(entry, now) for entry in entries]


def _entries(opened: Session) -> list[Entry]:
    return queue.entries(opened.home, opened.recorded.incarnation)


def _old(opened: Session) -> list[Entry]:
    """What an interrupted apply may yet put in force is not among them."""
    now = opened.clock.now()
    old = [entry for entry in _entries(opened) if _is_old(entry, now)]
    return [entry for entry in old if entry.status == "pending"] if opened.home.read(journal.FILE) is not None else old


def _is_old(entry: Entry, now: datetime) -> bool:
    return entry.status in queue.OPEN and unanswered.is_over(_since(entry), now)


def _since(entry: Entry) -> datetime:
    """By the host's own note of when it saw it: neither the agent's word nor its clock counts."""
    return unanswered.since(entry.note.seen_at, entry.decision.decided_at if entry.decision else None)


def _supersede(opened: Session, outdated: list[Entry], why: str) -> list[str]:
    """Supervise is told of all at once: a silent one is waited for once, while the bottle's lock is held."""
    told: list[Decision] = []
    try:
        for entry in outdated:
            audit.append(opened.world, opened.home, "superseded", component="egress", proposal=entry.id, why=why)
            decision = Decision(entry.id, "superseded", BY, opened.clock.now(), reason=why)
            if entry.note.by_operator:
                queue.write(opened.home, decision)
            else:
                telling.keep(opened, decision)
                told.append(decision)
    finally:
        telling.hand_over(opened, *told)
    return [entry.id for entry in outdated]
