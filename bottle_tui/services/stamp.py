"""A cheap look at whether anything on the host has changed since the last one: files' times only, nobody is asked.

Every dashboard and command writes what it does into these folders; what sidecars say is followed, not looked up.
"""

from pathlib import Path

from bottle_tui.core import journal
from bottle_tui.ports import World
from bottle_tui.services import lookup, muting, session

_NAMES = (
    lookup.RECORD, "queue", journal.FILE, session.TABLE_FILE, session.CONFIG_FILE, session.QUARANTINE_FILE,
    session.RELEASE_FILE, muting.FILE, "grants.yaml", "local.json",
)  # fmt: skip


def stamp(world: World) -> tuple[object, ...]:
    """Equal to the last one when nothing was written since, of one bottle or all. Raises nothing."""
    slugs = world.home.slugs()
    return tuple((name, tuple(time_of(world.home.bottle(name).path / file) for file in _NAMES)) for name in slugs)


def time_of(path: Path) -> int | None:
    """When it was last written, in nanoseconds; None when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
