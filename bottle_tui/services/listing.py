"""A bottle's running table as the dashboard lists it: the gate is asked, uses are counted, origins looked up."""

from datetime import timedelta

from bottle_tui.core import listing
from bottle_tui.core.listing import Listing
from bottle_tui.errors import BottleError, SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import evidence, gate, grants, session, traffic
from bottle_tui.services.session import Session


def routes(world: World, slug: str, *, drain: bool = True) -> Listing:
    """The table that was last confirmed, and whether the gate has it now. Raises NotFound, Conflict, InvalidFile."""
    opened = session.opened(world, slug)
    live = session.live(opened.home)
    remark = (traffic.drain(world, slug) or "") if drain else ""
    kept, kept_trouble = _kept(opened)
    status, scans, unreachable = _asked(opened)
    spent = status.uses if status else {}
    now = world.clock.now()
    extra = live.state.extra
    return Listing(
        slug=slug,
        digest=live.table.digest,
        generation=status.generation if status else None,
        in_force=None if status is None else status.digest == live.table.digest,
        quarantined=live.table.quarantined or opened.quarantined,
        items=listing.items(live.table, kept, evidence.of_grants(world, slug), spent),
        at=now,
        skew=status.time - now if status else timedelta(),
        scans=scans,
        slots=frozenset(status.slots) if status else None,
        refs=live.state.slots.refs,
        extra=(*(f"{host} listed" for host in extra.hosts), *(f"{host} passthrough" for host in extra.passthrough)),
        remark=unreachable or kept_trouble or remark,
    )


def _kept(opened: Session) -> tuple[frozenset[str], str]:
    try:
        return frozenset(entry.id for entry in grants.entries(opened.home)), ""
    except BottleError as error:
        return frozenset(), str(error)


def _asked(opened: Session) -> tuple[gate.GateStatus | None, dict[str, tuple[int, int, int]] | None, str]:
    try:
        egress = opened.sidecar("egress")
        status = gate.status(egress)
        stats = gate.scan_stats(egress)
    except SidecarUnreachable as error:
        return None, None, error.message
    cost = {
        host: (int(each.get("requests", 0)), int(each.get("bytes", 0)), int(each.get("ms", 0)))
        for host, each in stats.items()
    }
    return status, cost, ""
