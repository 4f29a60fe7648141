"""Tell every running bottle's agent that somebody watches, which a blocked tool call says, and what it was not told."""

from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import lookup, muting, queue, session


def watched(world: World, slug: str | None = None) -> int:
    """Write the moment down for one bottle or all of them; how many were told. One that cannot be told is skipped."""
    told = 0
    for name in [slug] if slug else world.home.slugs():
        try:
            if lookup.find(world, name) is None:
                continue
            with world.home.bottle(name).lock(timeout=1.0):
                opened = session.opened(world, name)
                is_muted = muting.until(opened.home, world.clock.now()) is not None
                queue.tell_state(opened, watched_at=world.clock.now(), muted=is_muted)
                queue.tell_again(opened)
        except BottleError:
            continue
        told += 1
    return told
