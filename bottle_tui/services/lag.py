"""How far a gate's clock is behind this host's: it ends what has a time limit by its own clock, so that comes off."""

from datetime import timedelta

from bottle_tui.core import edits
from bottle_tui.core.views import SKEW
from bottle_tui.errors import Conflict, SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import gate
from bottle_tui.services.session import Session

NO_LAG = timedelta()


def of(world: World, session: Session, lasts: str) -> timedelta:
    """For a grant that lasts so long: the gate must not end it late. None for what has no time limit.

    Raises Conflict when the lag is more than the limit itself.
    """
    length = edits.duration(lasts)
    if length is None:
        return NO_LAG
    asked = world.clock.now()
    try:
        gates = gate.status(session.sidecar("egress")).time
    except SidecarUnreachable:
        return NO_LAG
    if (asked - gates).total_seconds() <= SKEW:
        return NO_LAG
    lag = world.clock.now() - gates
    if lag >= length:
        raise Conflict(
            f"the gate's clock is {round(lag.total_seconds())} s behind this host's, so no limit of that length can be "
            "kept; set the clocks, or choose another"
        )
    return lag
