"""The heart: a policy is journalled, loaded by both sidecars, proven, recorded; or the old one is confirmed.

The caller holds the bottle's lock and has written the intent into the ledger.
"""

from dataclasses import dataclass, replace

from bottle_tui.core import mirror, slots
from bottle_tui.core.journal import Journal, Pair
from bottle_tui.errors import NotApplied, SidecarUnreachable, StateUnknown
from bottle_tui.services import gate, loading, settle, tokens
from bottle_tui.services.prove import prove
from bottle_tui.services.session import Live, Session
from bottle_tui.services.wish import Enforced, Wish
from sidecar_addon import proposals
from sidecar_addon.table import Table
from sidecar_addon.table_parser import parse


@dataclass
class _Job:
    """One apply on its way."""

    session: Session
    live: Live
    wish: Wish
    journal: Journal
    table: Table
    config: bytes | None
    """None when pipelock's lists do not change."""
    held: int = 0
    """Streams that a restart of pipelock cut."""

    def begin(self, step: str) -> None:
        """The journal says what comes, before it comes."""
        self.journal = self.journal.at(step)
        settle.keep(self.session, self.journal)

    @property
    def switches(self) -> bool:
        """Whether pipelock has to restart."""
        return self.config is not None and loading.needs_restart(self.live.mirrored, mirror.read(self.config))


def require_token(session: Session, wish: Wish) -> str | None:
    """The value of the token that the wish needs, from this process's environment. Raises TokenUnset."""
    if wish.token is None:
        return None
    return tokens.required(session.world, wish.token.token_ref, f"the new route's slot {wish.token.slot}")


def enforce(session: Session, live: Live, wish: Wish) -> Enforced:
    """Put the wish in force. Raises NotApplied (the old policy is confirmed), StateUnknown, LedgerBroken."""
    job = _prepared(session, live, wish)
    job.begin("prepared")
    try:
        enforced = _narrowed(job) if wish.narrow and not job.switches else _widened(job)
    except (SidecarUnreachable, NotApplied) as error:
        raise settle.restore(session, job.journal, error.message) from error
    remarks = settle.finish(session, job.journal, enforced)
    return replace(enforced, remarks=remarks)


def _prepared(session: Session, live: Live, wish: Wish) -> _Job:
    apply = session.fresh_id()
    table = replace(
        live.table.with_routes(wish.after.routes, apply=apply, base=live.table.digest),
        quarantined=wish.quarantined,
        hold_until=None,
    )
    parse(table.data)  # what the gate's own parser would refuse is never written
    mirrored = mirror.mirror(wish.after.routes, wish.after.extra)
    config = mirror.rewrite(live.config, mirrored, apply) if mirrored != live.mirrored else None
    old = live.config.decode()
    files = {
        settle.ROUTES: Pair(live.table.data.decode(), table.data.decode()),
        settle.CONFIG: Pair(old, old if config is None else config.decode()),
        **_home_files(session, live, wish),
    }
    journal = Journal(
        apply=apply,
        incarnation=session.recorded.incarnation,
        kind=wish.kind,
        actor=session.world.operator,
        started=session.clock.now(),
        files=files,
        proposal=wish.proposal,
        change=wish.change,
        grants=wish.grants,
        decision=None if wish.decision is None else proposals.as_data(wish.decision),
        narrow=wish.narrow,
        failures=wish.failures,
    )
    return _Job(session, live, wish, journal, table, config)


def _home_files(session: Session, live: Live, wish: Wish) -> dict[str, Pair]:
    files = dict(wish.keeps)
    if wish.after.extra != live.state.extra:
        files[mirror.EXTRA_FILE] = mirror.render_extra(wish.after.extra).decode()
    return {name: Pair(_text(session, name), text) for name, text in files.items()}


def _text(session: Session, name: str) -> str | None:
    data = session.home.read(name)
    return None if data is None else data.decode()


def _widened(job: _Job) -> Enforced:
    """Pipelock first: it may let through more than the gate, never the gate more than it."""
    _check_gate(job)
    _deliver_token(job)
    if job.switches:
        _switch(job)
    elif job.config is not None:
        job.begin("pipelock")
        try:
            loading.load_config(job.session, job.config)
        except (NotApplied, SidecarUnreachable) as error:
            raise NotApplied(
                f"{error.message}; the gate was not touched. "
                f"`bottle-tui pipelock edit {job.session.slug}` shows what pipelock holds"
            ) from error
    job.begin("egress")
    event = loading.load_table(job.session, job.table)
    return _proven(job, int(event.get("cut", 0)) + job.held)


def _narrowed(job: _Job) -> Enforced:
    """The gate first. Once it has the smaller table nothing is put back, whatever pipelock says."""
    _check_gate(job)
    job.begin("egress")
    event = loading.load_table(job.session, job.table)
    remarks: tuple[str, ...] = ()
    if job.config is not None:
        job.begin("pipelock")
        try:
            loading.load_config(job.session, job.config)
        except (NotApplied, SidecarUnreachable) as error:
            remarks = (f"{settle.PIPELOCK_LAGS} its shorter list ({error.message}); the gate refuses all the same",)
    try:
        enforced = _proven(job, int(event.get("cut", 0)))
    except (NotApplied, SidecarUnreachable) as error:
        raise StateUnknown(
            f"the gate has loaded the smaller table, and then: {error.message}; "
            f"`bottle-tui quarantine {job.session.slug}` cuts the bottle off"
        ) from error
    return replace(enforced, remarks=remarks)


def _check_gate(job: _Job) -> None:
    """Nothing begins with a gate that is down. That its table is ours it checks itself, by the new one's `base`."""
    if job.session.sidecar("egress").state() == "down":
        raise SidecarUnreachable("egress is down; `bottle-tui up` starts it again")


def _deliver_token(job: _Job) -> None:
    """The token is in its slot before its route is loaded. The slot's number is taken for good."""
    need, value = job.wish.token, require_token(job.session, job.wish)
    if need is None or value is None:
        return
    job.begin("token")
    job.session.home.write(slots.FILE, slots.render(job.wish.after.slots))
    gate.put_token(job.session.sidecar("egress"), need.slot, need.token_ref, value)


def _switch(job: _Job) -> None:
    """Hold new requests, let what flows end, restart pipelock. The final table ends the hold."""
    session = job.session
    now = gate.status(session.sidecar("egress")).time
    before = job.live.table
    hold = replace(
        before.with_routes(before.routes, apply=session.fresh_id(), base=before.digest), hold_until=now + loading.HOLD
    )
    job.table = replace(job.table, base=hold.digest)
    files = job.journal.files
    final = replace(files[settle.ROUTES], after=job.table.data.decode())
    job.journal = replace(job.journal, files={**files, settle.ROUTES: final})
    job.begin("hold")
    loading.load_table(session, hold)
    job.held = loading.drain(session)
    assert job.config is not None, "only a change of pipelock's lists switches"
    job.begin("pipelock")
    loading.restart_pipelock(session, job.config)


def _proven(job: _Job, cut: int) -> Enforced:
    job.begin("prove")
    proof = prove(job.session.clock, job.session.sidecar("egress"), job.live.table, job.table, job.wish.grants)
    if proof.problem is not None:
        raise NotApplied(f"the proof failed: {proof.problem}")
    return Enforced(job.table, proof.lines, cut)
