"""What time or use has ended is told: to the ledger, to the agent, and taken out of both sidecars' files.

The gate has ended it by itself already. Whoever takes a bottle's lock does this anyway; here it is done without another
reason, by a dashboard whose countdown has run out, or a command that lists.
"""

from bottle_tui.core import changes
from bottle_tui.core.changes import State
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import gate, locked, lookup, session
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
    state = session.live(opened.home).state
    if not changes.prune(state, opened.clock.now()).unchanged:
        return opened.sidecar("egress").state() != "down"
    return bool(_counted(state)) and not changes.prune(state, opened.clock.now(), _used_up(opened, state)).unchanged


def _counted(state: State) -> dict[str, int]:
    return {grant.id: grant.uses for route in state.routes for grant in route.grants if grant.uses is not None}


def _used_up(opened: Session, state: State) -> set[str]:
    spent = gate.status(opened.sidecar("egress")).uses
    return {identity for identity, uses in _counted(state).items() if spent.get(identity, 0) >= uses}
