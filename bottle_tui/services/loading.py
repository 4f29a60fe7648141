"""Loading a table into the gate, or a configuration into pipelock, and knowing that it is what runs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bottle_tui.core.mirror import Mirrored, config_hash
from bottle_tui.errors import NotApplied
from bottle_tui.services import ack, gate
from bottle_tui.services.session import Session
from sidecar_addon.table import Table

ROUTES = "/etc/egress/routes.yaml"
CONFIG = "/etc/pipelock/pipelock.yaml"
HOLD = timedelta(seconds=19)
DRAIN_SECONDS = 10.0


def load_table(session: Session, table: Table) -> Mapping[str, Any]:
    """The gate has this table in force; its event. Raises NotApplied, SidecarUnreachable.

    A bottle in quarantine takes no table that lifts it, whoever cut it off and whenever that was.
    """
    _refuse_lifting(session, table)
    egress = session.sidecar("egress")
    verdict = ack.drive(
        session.clock, egress, {ROUTES: table.data}, ack.routes(table.apply or "", table.digest), ack.GATE_WAIT
    )
    if verdict is None:
        status = gate.status(egress)
        if status.digest != table.digest:
            raise NotApplied(f"the gate said nothing, and has another table in force ({status.digest})")
        verdict = ack.Verdict(True)
    if not verdict.loaded:
        raise NotApplied(f"the gate refused the table: {verdict.why}")
    _refuse_lifting(session, table)
    return verdict.event


def _refuse_lifting(session: Session, table: Table) -> None:
    if not table.quarantined and session.quarantined:
        raise NotApplied(f"{session.slug} is in quarantine; `bottle-tui release {session.slug}` ends it")


def restart_gate(session: Session, table: Table) -> None:
    """The gate runs anew with this table in force. Raises NotApplied, SidecarUnreachable."""
    _refuse_lifting(session, table)
    judge = ack.gate_started(table.apply or "", table.digest)
    verdict = ack.restart(session.clock, session.sidecar("egress"), {ROUTES: table.data}, judge)
    if verdict is None:
        raise NotApplied("the gate was started, and has not said that it listens with its table")
    if not verdict.loaded:
        raise NotApplied(f"the gate was started, and refused its table: {verdict.why}")


def load_config(session: Session, config: bytes) -> None:
    """Pipelock has reloaded this configuration. Raises NotApplied, SidecarUnreachable."""
    judge = ack.config(config_hash(config))
    verdict = ack.drive(session.clock, session.sidecar("pipelock"), {CONFIG: config}, judge, ack.PIPELOCK_WAIT)
    _require(verdict)


def restart_pipelock(session: Session, config: bytes) -> None:
    """Pipelock runs anew with this configuration. Raises NotApplied, SidecarUnreachable."""
    judge = ack.startup(config_hash(config))
    _require(ack.restart(session.clock, session.sidecar("pipelock"), {CONFIG: config}, judge))


def _require(verdict: ack.Verdict | None) -> None:
    if verdict is None:
        raise NotApplied("pipelock does not say that it has loaded its new list")
    if not verdict.loaded:
        raise NotApplied(f"pipelock refused its new list: {verdict.why}")


def needs_restart(before: Mirrored, after: Mirrored) -> bool:
    """Whether pipelock takes this change only at a start: something is scanned that was not, or the other way round."""
    fewer = set(after.passthrough) - set(before.passthrough)
    more = (set(before.passthrough) - set(after.passthrough)) & set(after.hosts)
    return bool(fewer or more)


def drain(session: Session, seconds: float = DRAIN_SECONDS) -> int:
    """Wait for what flows to end; how many streams still do. New requests are held meanwhile."""
    egress = session.sidecar("egress")
    deadline = session.clock.monotonic() + seconds
    lines = egress.follow(tail=0)
    try:
        while (streams := gate.status(egress).streams) and (left := deadline - session.clock.monotonic()) > 0:
            lines.next(min(0.5, left))
        return streams
    finally:
        lines.close()
