"""After a start: both sidecars have said that they enforce exactly what was written, and that is what is kept."""

from dataclasses import replace

from bottle_tui.core import mirror, slots
from bottle_tui.core.resolve import slots_after
from bottle_tui.errors import Conflict, LaunchFailed
from bottle_tui.ports import Progress, Recorded, Role, Runtime, World
from bottle_tui.services import ack, launching, telling
from bottle_tui.services.blueprint import Blueprint
from bottle_tui.services.launching import Prepared
from bottle_tui.services.session import CONFIG_FILE, TABLE_FILE

SECONDS = 30.0
_BACKLOG = 500


def confirm(world: World, chosen: Runtime, record: Recorded, prepared: Prepared, progress: Progress) -> None:
    """Returns once the gate has named our apply and pipelock our hash. Raises LaunchFailed."""
    table = prepared.table
    expected: tuple[tuple[Role, ack.Judge], ...] = (
        ("egress", ack.routes(table.apply or table.digest, table.digest)),
        ("pipelock", ack.startup(mirror.config_hash(prepared.pipelock))),
    )
    for role, judge in expected:
        lines = chosen.sidecar(record, role).follow(tail=_BACKLOG)
        try:
            verdict = ack.listen(world.clock, lines, judge, SECONDS)
        finally:
            lines.close()
        if verdict is None:
            raise LaunchFailed(f"{role} runs, but has not said within {SECONDS:.0f} s that it loaded its file")
        if not verdict.loaded:
            raise LaunchFailed(f"{role} refused its file: {verdict.why}")
        progress(f"{role}: in force")


def keep(world: World, drawn: Blueprint, prepared: Prepared) -> None:
    """What is confirmed now is what later applies start from."""
    home = world.home.bottle(drawn.plan.slug)
    home.write(TABLE_FILE, prepared.table.data)
    home.write(CONFIG_FILE, prepared.pipelock)
    home.write(telling.STATE_FILE, launching.first_state(world, drawn.plan))
    home.write(slots.FILE, slots.render(slots_after(drawn.plan, slots.parse(home.read(slots.FILE)))))


def with_plan(record: Recorded, drawn: Blueprint) -> Recorded:
    """The record with what it runs, so that a later `up` knows whether anything has changed."""
    pinned = {"plan": drawn.plan.digest, "structure": launching.structure(drawn.plan), "manifest": drawn.plan.manifest}
    return replace(record, details={**record.details, **pinned})


def needs_anew(slug: str) -> Conflict:
    """What changed cannot be taken over by containers that exist."""
    return Conflict(
        f"{slug}: what changed (image, command, mounts, environment, limits or pipelock's settings) needs down and up: "
        f"`bottle-tui down {slug}`, then `bottle-tui up`"
    )
