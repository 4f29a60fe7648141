"""Cutting a bottle off: the network first, without waiting for anybody; the gate's own flag second."""

import json
from collections.abc import Callable
from dataclasses import replace

from bottle_tui.errors import BottleError, StateUnknown
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, loading, recover, session
from bottle_tui.services.apply import enforce
from bottle_tui.services.locked import held
from bottle_tui.services.session import QUARANTINE_FILE, TABLE_FILE, Session
from bottle_tui.services.wish import Wish
from sidecar_addon.table import iso

LOCK_SECONDS = 5.0
"""How long the flag waits for an apply at work; the network is cut by then, and that apply re-checks."""


def quarantine(world: World, slug: str) -> str:
    """Cut it off now. Returns the line to show. Raises StateUnknown when neither the network nor the gate says so."""
    opened = session.opened(world, slug)
    network = _attempt(lambda: opened.runtime.isolate(opened.recorded))
    mark = {"by": world.operator, "at": iso(world.clock.now())}
    opened.home.write(QUARANTINE_FILE, json.dumps(mark).encode())
    flag = _attempt(lambda: _flag(opened))
    audit_problem = _attempt(lambda: _record(opened, network, flag))
    if network and flag:
        raise StateUnknown(
            f"{slug} could not be cut off: the network ({network}), the gate ({flag}); "
            "stop its containers by hand, or the engine"
        )
    parts = [
        f"{slug}: egress is cut from the chain" if network is None else f"{slug}: the network was not cut ({network})",
        "the gate confirms that it refuses everything" if flag is None else f"the gate has not confirmed ({flag})",
    ]
    if audit_problem is not None:
        parts.append(f"the ledger could not be written ({audit_problem})")
    return "; ".join(parts)


def release(world: World, slug: str) -> str:
    """End a quarantine: the gate first, the network last. Raises NotApplied, StateUnknown: then it stays cut off."""
    with held(world, slug) as bottle:
        opened, live = bottle.session, bottle.live
        mark = opened.home.read(QUARANTINE_FILE)
        if mark is None and not live.table.quarantined:
            opened.runtime.rejoin(opened.recorded)
            return f"{slug} is not in quarantine; egress is on the chain"
        audit.append(world, opened.home, "intent", of="release", component="egress")
        opened.home.delete(QUARANTINE_FILE)
        try:
            enforce(opened, live, Wish("release", live.state, quarantined=False))
        except BottleError:
            opened.home.write(QUARANTINE_FILE, mark or b"{}")
            raise
        opened.runtime.rejoin(opened.recorded)
    return "; ".join([*bottle.remarks, f"{slug} is released: the gate decides again, egress is back on the chain"])


def _attempt(action: Callable[[], None]) -> str | None:
    """Run it; why it failed, if it did. A quarantine goes on with its next step whatever happens to this one."""
    try:
        action()
    except BottleError as error:
        return error.message
    return None


def _flag(opened: Session) -> None:
    """The same routes, with the flag, loaded and confirmed."""
    with opened.home.lock(LOCK_SECONDS):
        recover.recover_session(opened)
        table = session.live(opened.home).table
        live = gate.status(opened.sidecar("egress"))
        if live.quarantined and table.quarantined and live.digest == table.digest:
            return
        flagged = replace(
            table.with_routes(table.routes, apply=opened.fresh_id(), base=live.digest),
            quarantined=True,
            hold_until=None,
        )
        loading.load_table(opened, flagged)
        opened.home.write(TABLE_FILE, flagged.data)


def _record(opened: Session, network: str | None, flag: str | None) -> None:
    with opened.home.lock(LOCK_SECONDS):
        audit.append(
            opened.world,
            opened.home,
            "quarantine",
            component="egress",
            network="cut" if network is None else network,
            gate="confirmed" if flag is None else flag,
        )
