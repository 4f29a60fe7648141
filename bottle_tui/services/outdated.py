"""Asks that nobody has answered: after a day, and when their bottle stops, they are superseded, and the agent knows."""

from datetime import timedelta

from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, queue, session
from bottle_tui.services.queue import Entry
from bottle_tui.services.session import Session
from sidecar_addon.proposals import Decision

AFTER = timedelta(hours=24)
BY = "bottle-tui"
A_DAY = "nobody answered within a day; ask again if it is still needed"
STOPPED = "the bottle was stopped; ask again if it is still needed"


def settle(world: World, slug: str | None = None) -> list[str]:
    """Supersede what was first seen here a day ago; their ids. A bottle that is busy is left for the next time."""
    done: list[str] = []
    for name in [slug] if slug else world.home.slugs():
        try:
            if lookup.find(world, name) is not None and _old(opened := session.opened(world, name)):
                with opened.home.lock(timeout=1.0):
                    done += _supersede(opened, _old(opened), A_DAY)
        except BottleError:
            continue
    return done


def at_stop(opened: Session) -> list[str]:
    """Supersede all that waits, under the bottle's lock and while it still runs; their ids. A stop is never held up."""
    try:
        waiting = [entry for entry in _entries(opened) if entry.status in ("pending", "failed")]
        return _supersede(opened, waiting, STOPPED)
    except BottleError:
        return []


def _entries(opened: Session) -> list[Entry]:
    return queue.entries(opened.home, opened.recorded.incarnation)


def _old(opened: Session) -> list[Entry]:
    """By the host's own note of when it saw them: neither the agent's word nor its clock counts."""
    now = opened.clock.now()
    return [each for each in _entries(opened) if each.status == "pending" and now - each.note.seen_at >= AFTER]


def _supersede(opened: Session, outdated: list[Entry], why: str) -> list[str]:
    """Supervise is told of all at once: a silent one is waited for once, while the bottle's lock is held."""
    told: list[Decision] = []
    try:
        for entry in outdated:
            audit.append(opened.world, opened.home, "superseded", component="egress", proposal=entry.id, why=why)
            decision = Decision(entry.id, "superseded", BY, opened.clock.now(), reason=why)
            queue.write(opened.home, decision)
            if not entry.note.by_operator:
                told.append(decision)
    finally:
        queue.tell(opened, *told)
    return [entry.id for entry in outdated]
