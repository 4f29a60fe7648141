"""Tell every running bottle's agent that somebody watches, which a blocked tool call says, and what it was not told."""

from datetime import datetime

from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import lookup, session, telling
from bottle_tui.services.session import Session


def watched(world: World, moment: datetime, slug: str | None = None) -> int:
    """Tell one bottle or all of them, as of that moment; how many were told. One that cannot be told is skipped."""
    told = 0
    for name in [slug] if slug else world.home.slugs():
        try:
            if lookup.find(world, name) is None:
                continue
            with world.home.bottle(name).lock(timeout=1.0):
                opened = session.opened(world, name)
                telling.tell_state(opened, watched_at=_latest(opened, moment))
                telling.tell_again(opened)
        except BottleError:
            continue
        told += 1
    return told


def _latest(opened: Session, moment: datetime) -> datetime:
    """What another dashboard has said later stands; not what a clock said that was set back since."""
    known = telling.state(opened.home).watched_at
    return known if known is not None and moment < known <= opened.clock.now() else moment
