"""A bottle that calls nobody for a while: kept in its folder, so that every dashboard knows, and told to its agent.

Supervise is told until when, and compares by itself: nobody has to be there when it ends.
"""

from datetime import datetime

from bottle_tui.errors import BottleError
from bottle_tui.ports import BottleHome, World
from bottle_tui.services import session, telling
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
        telling.tell_state(opened, muted_until=until)
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


def muted(world: World) -> dict[str, datetime]:
    """Slug → until when, of one bottle or all; files only."""
    found: dict[str, datetime] = {}
    for name in world.home.slugs():
        try:
            end = until(world.home.bottle(name), world.clock.now())
        except BottleError:
            continue
        if end is not None:
            found[name] = end
    return found


def settle(world: World) -> list[str]:
    """Mutes that are over are taken away; the slugs. Their agents know by themselves that they are."""
    done: list[str] = []
    for name in world.home.slugs():
        home = world.home.bottle(name)
        try:
            if home.read(FILE) is None or until(home, world.clock.now()) is not None:
                continue
            with home.lock(timeout=LOCK_SECONDS):
                if until(home, world.clock.now()) is not None:
                    continue  # muted anew
                home.delete(FILE)
        except BottleError:
            continue
        done.append(name)
    return done
