"""`stop` and `down`. Both may be asked again: what is gone already is fine."""

from bottle_tui.errors import NotFound
from bottle_tui.ports import Recorded, World
from bottle_tui.services import lookup, muting, outdated, session, traffic
from bottle_tui.services.incarnation import OF_AN_INCARNATION

LOCK_SECONDS = 300.0
_GOES = (*OF_AN_INCARNATION, muting.FILE, "local", "local.json")
_PURGED = (
    "audit.jsonl",
    "audit-old",
    "grants.yaml",
    "pipelock.extra.yaml",
    "accepted.json",
    traffic.FOLDER,
    lookup.LAST_RUNTIME,
)


def stop(world: World, slug: str) -> list[str]:
    """Stop all that runs of a bottle; its volumes, record and home stay. Raises NotFound for a slug never seen."""
    home = world.home.bottle(slug)
    if not home.exists():
        raise NotFound(f"no bottle is called {slug}; `bottle-tui ps` lists them")
    with home.lock(LOCK_SECONDS):
        record = lookup.find(world, slug)
        if record is None:
            return [f"{slug} is down already"]
        outdated.at_stop(session.opened(world, slug))
        lookup.runtime_of(world, record).stop(record)
    return [f"{slug} stopped; grants that lasted until the bottle stops are over"]


def down(world: World, slug: str, *, purge: bool = False) -> list[str]:
    """Remove a bottle, half-launched or not. What could not be removed is returned, each with the command that does.

    Ledger, traffic, "always" grants, what was accepted and the agent's home volume stay, but for `purge`.
    """
    home = world.home.bottle(slug)
    if not home.exists():
        raise NotFound(f"no bottle is called {slug}; `bottle-tui ps` lists them")
    with home.lock(LOCK_SECONDS):
        record = lookup.find(world, slug)
        traffic.close(world, slug)
        left = _remove(world, slug, record, purge=purge)
        if not left:
            for each in (*_GOES, lookup.RECORD, *(_PURGED if purge else ())):
                home.delete(each)
        elif record is not None:
            lookup.save(world, lookup.half_gone(record))
    return left


def _remove(world: World, slug: str, record: Recorded | None, *, purge: bool) -> list[str]:
    """What its runtime could not remove. Of a bottle that is down already only the agent's home can be left."""
    name = record.runtime if record is not None else lookup.last_runtime(world, slug)
    if name is None or (record is None and not purge):
        return []
    return lookup.runtime(world, name).remove(slug, record, purge=purge)
