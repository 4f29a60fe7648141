"""Which grants run out by themselves, of one bottle or all: files only, so that a pane may show it all day."""

from bottle_tui.core import timers
from bottle_tui.core.timers import Ending
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import lookup, session


def endings(world: World) -> list[Ending]:
    """What ends first comes first. A bottle that is down or cannot be read has none."""
    found: list[Ending] = []
    for name in world.home.slugs():
        try:
            if lookup.find(world, name) is not None:
                table = session.live(world.home.bottle(name)).table
                found += timers.endings(name, table.routes, world.clock.now())
        except BottleError:
            continue
    return timers.in_order(found)
