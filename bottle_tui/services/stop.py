"""`stop` and `down`. Both may be asked again: what is gone already is fine."""

from bottle_tui.errors import BottleError
from bottle_tui.ports import BottleHome, Recorded, World
from bottle_tui.services import lookup, muting, operate, outdated, recording, session, traffic
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
    operate.EDITED,
    lookup.LAST_RUNTIME,
)


def stop(world: World, slug: str) -> list[str]:
    """Stop all that runs of a bottle; its volumes, record and home stay. Raises NotFound for a slug never seen."""
    home = lookup.home_of(world, slug)
    with home.lock(LOCK_SECONDS):
        record = lookup.find(world, slug)
        if record is None:
            return [f"{slug} is down already"]
        outdated.at_stop(session.opened(world, slug))
        traffic.close(world, slug)
        untold = _stop(world, home, record)
    return [f"{slug} stopped; grants that lasted until the bottle stops are over", *([untold] if untold else [])]


def _stop(world: World, home: BottleHome, record: Recorded) -> str | None:
    """Why it could not be written down, if it could not; a bottle that was stopped already is no deed."""
    chosen = lookup.runtime_of(world, record)
    ran = any(state != "down" for state in chosen.states(record).values())
    try:
        chosen.stop(record)
    except BottleError as error:
        recording.taken(world, home, "stopped", f"not stopped: {error.message}")
        raise
    return recording.taken(world, home, "stopped") if ran else None


def down(world: World, slug: str, *, purge: bool = False) -> list[str]:
    """Remove a bottle, half-launched or not. What could not be removed is returned, each with the command that does.

    Ledger, traffic, "always" grants, what was accepted and the agent's home volume stay, but for `purge`.
    """
    home = lookup.home_of(world, slug)
    with home.lock(LOCK_SECONDS):
        record = lookup.find(world, slug)
        traffic.close(world, slug)
        left = _remove(world, slug, record, purge=purge)
        goes = purge and not left  # and the ledger with it
        untold = recording.taken(world, home, "removed", "; ".join(left)) if record is not None and not goes else None
        if not left:
            for each in (*_GOES, lookup.RECORD, *(_PURGED if purge else ())):
                home.delete(each)
        elif record is not None:
            lookup.save(world, lookup.half_gone(record))
    return [*left, *([untold] if untold else [])]


def _remove(world: World, slug: str, record: Recorded | None, *, purge: bool) -> list[str]:
    """What its runtime could not remove. Of a bottle that is down already only the agent's home can be left."""
    name = record.runtime if record is not None else lookup.last_runtime(world, slug)
    if name is None or (record is None and not purge):
        return []
    return lookup.runtime(world, name).remove(slug, record, purge=purge)
