"""A bottle that calls nobody for a while: kept in its folder, so that every dashboard knows, and told to its agent."""

from datetime import datetime

from bottle_tui.errors import BottleError
from bottle_tui.ports import BottleHome, World
from bottle_tui.services import lookup, queue, session
from sidecar_addon.times import iso, parse_time

FILE = "muted"
LOCK_SECONDS = 5.0


def mute(world: World, slug: str, until: datetime | None) -> str:
    """Until then, or no longer (None). Raises NotFound, SidecarUnreachable when the agent could not be told."""
    opened = session.opened(world, slug)
    with opened.home.lock(timeout=LOCK_SECONDS):
        if until is None:
            opened.home.delete(FILE)
        else:
            opened.home.write(FILE, str(iso(until)).encode())
        queue.tell_state(opened, muted=until is not None)
    return (
        f"{slug}: calls again" if until is None else f"{slug}: muted until {until.astimezone():%H:%M}; its agent knows"
    )


def until(home: BottleHome, now: datetime) -> datetime | None:
    """Until when one bottle is muted; None when it is not, or no longer."""
    data = home.read(FILE)
    try:
        end = parse_time(data.decode("ascii")) if data else None
    except ValueError:
        return None
    return end if end is not None and end > now else None


def muted(world: World, slug: str | None = None) -> dict[str, datetime]:
    """Slug → until when, of one bottle or all; files only."""
    found: dict[str, datetime] = {}
    for name in [slug] if slug else world.home.slugs():
        try:
            end = until(world.home.bottle(name), world.clock.now())
        except BottleError:
            continue
        if end is not None:
            found[name] = end
    return found


def settle(world: World, slug: str | None = None) -> list[str]:
    """Mutes that are over are taken away, and their agents told; the slugs. One that cannot be told stays for later."""
    done: list[str] = []
    for name in [slug] if slug else world.home.slugs():
        home = world.home.bottle(name)
        try:
            if home.read(FILE) is None or until(home, world.clock.now()) is not None:
                continue
            if lookup.find(world, name) is None:
                home.delete(FILE)
                continue
            ended = _ended(world, name)
        except BottleError:
            continue
        done += [name] if ended else []
    return done


def _ended(world: World, slug: str) -> bool:
    """The agent is told first: until it is, the mark stays for the next try. False when it was muted anew meanwhile."""
    opened = session.opened(world, slug)
    with opened.home.lock(timeout=LOCK_SECONDS):
        if until(opened.home, world.clock.now()) is not None:
            return False
        queue.tell_state(opened, muted=False)
        opened.home.delete(FILE)
    return True
