"""What time or use has ended is told: to the ledger, to the agent, and taken out of both sidecars' files.

The gate has ended it by itself already. Whoever takes a bottle's lock does this anyway; here it is done without another
reason, by a dashboard whose countdown has run out, or a command that lists.
"""

from bottle_tui.core import changes
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import locked, lookup, session
from bottle_tui.services.session import Session


def settle(world: World, slug: str | None = None) -> list[str]:
    """Settle one bottle or all; the slugs where something had ended. One that cannot be settled now, or is stopped, is
    left for later.

    Takes no lock, and asks the gate only for grants that count, where nothing has ended.
    """
    settled: list[str] = []
    for name in [slug] if slug else world.home.slugs():
        try:
            if lookup.find(world, name) is not None and _over(session.opened(world, name)):
                with locked.held(world, name):
                    settled.append(name)
        except BottleError:
            continue
    return settled


def _over(opened: Session) -> bool:
    live = session.live(opened.home)
    if not changes.prune(live.state, opened.clock.now()).unchanged:
        return opened.sidecar("egress").state() != "down"
    return bool(changes.ended(live.state, opened.clock.now(), locked.used_up(opened, live)))
