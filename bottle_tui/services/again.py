"""Starting a stopped bottle: what was granted until it stops is over; the manifest and "always" stand."""

from bottle_tui.core import journal
from bottle_tui.core.takeover import brought_back
from bottle_tui.errors import BottleError
from bottle_tui.ports import BottleHome, Progress, Recorded, Runtime, World
from bottle_tui.services import audit, confirming, launching, locked, lookup, session
from bottle_tui.services.blueprint import Blueprint
from bottle_tui.services.session import Live

_WHY = "ended: the bottle was stopped"


def start_again(world: World, chosen: Runtime, record: Recorded, drawn: Blueprint, progress: Progress) -> Recorded:
    """Start it with the manifest's table. Raises Conflict when its containers cannot serve the manifest, LaunchFailed.

    The caller holds the bottle's lock. What does not confirm its file is stopped again.
    """
    if record.details.get("structure") != launching.structure(drawn.plan):
        raise confirming.needs_anew(record.slug)
    home = world.home.bottle(record.slug)
    before = _before(home)
    home.delete(journal.FILE)
    prepared = launching.prepare(world, drawn, record.incarnation, runtime=chosen.name)
    if before is not None:
        for line in brought_back(before.table.routes, prepared.table.routes):
            progress(f"the manifest brings back {line}")
    started = confirming.with_plan(chosen.start(record, prepared.launch, progress), drawn)
    lookup.save(world, started)
    try:
        confirming.confirm(world, chosen, started, prepared, progress)
    except BottleError:
        chosen.stop(started)
        raise
    confirming.keep(world, drawn, prepared)
    if before is not None:
        _close(world, before, {grant.id for _, grant in prepared.table.grants()}, record.slug)
    return started


def _before(home: BottleHome) -> Live | None:
    """What was in force when it stopped; None when nobody knows."""
    try:
        return session.live(home)
    except BottleError:
        return None


def _close(world: World, before: Live, still: set[str], slug: str) -> None:
    """The ledger and the agent are told of the grants that ended with the stop."""
    over = [grant for _, grant in before.table.grants() if grant.id not in still and grant.proposal is not None]
    if not over:
        return
    opened = session.opened(world, slug)
    ids = [grant.id for grant in over]
    audit.append(world, opened.home, "result", of="expire", component="egress", grants=ids, in_force=False, why=_WHY)
    for grant in over:
        decision = locked.decision_of(opened, grant.proposal)
        if decision is not None:
            locked.close(opened, decision, _WHY)
