"""How an apply ends: finished and recorded, or put back and that confirmed. Applying and recovering share it."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bottle_tui.core import journal as journals
from bottle_tui.core import mirror
from bottle_tui.core.journal import Journal
from bottle_tui.errors import BottleError, NotApplied, SidecarUnreachable, StateUnknown
from bottle_tui.services import audit, backlog, gate, loading, queue, telling
from bottle_tui.services.session import CONFIG_FILE, TABLE_FILE, Session
from bottle_tui.services.wish import Enforced
from sidecar_addon import proposals
from sidecar_addon.proposals import Decision
from sidecar_addon.table import Table
from sidecar_addon.table_parser import parse

ROUTES = "routes.yaml"
CONFIG = "pipelock.yaml"
SIDECAR_FILES = (ROUTES, CONFIG)
MOST_FAILURES = 8
"""Different reasons that the ledger is told of one apply that fails again and again."""
_SAID_LINES = 1_000_000
_SAID_SECONDS = 30.0


def keep(session: Session, journal: Journal) -> None:
    """Write the journal, before the step that it names."""
    session.home.write(journals.FILE, journals.render(journal))


def finish(session: Session, journal: Journal, enforced: Enforced, *, recovered: bool = False) -> tuple[str, ...]:
    """Both sidecars have it: keep it, record it, answer the agent. Returns remarks for the last line."""
    keep(session, journal.at("kept"))
    _keep_files(session, journal, config=not _pipelock_lags(enforced))
    keep(session, journal.at("recorded"))
    if not _recorded(session, journal):
        _record(session, journal, in_force=True, proof=list(enforced.proof), cut=enforced.cut, recovered=recovered)
    decision = _decision(journal)
    if decision is not None:
        _decide(session, decision, journal.grants)
    session.home.delete(journals.FILE)
    return (*enforced.remarks, *_told(session, decision))


def restore(session: Session, journal: Journal, why: str, *, recovered: bool = False) -> BottleError:
    """Put *before* back on both, confirm and record it. Returns what to raise; the journal stays if nobody knows."""
    unknown, digest = _restore_gate(session, journal)
    remark = _restore_pipelock(session, journal)
    line = f"not in force: {why}; "
    line += unknown or f"the gate confirms what it had before{f' ({digest[:19]})' if digest else ''}"
    line += remark
    error: BottleError = StateUnknown(line) if unknown else NotApplied(line)
    reason = "; ".join(filter(None, (why, unknown)))
    journal = _record_failure(session, journal, reason, restored=not unknown, recovered=recovered)
    decision = _decision(journal)
    if decision is not None and decision.in_force:
        failed = replace(decision, status="failed", in_force=False, applied=None, expires_at=None, reason=None)
        _decide(session, failed, ())
        _told(session, failed)
    if unknown:
        keep(session, journal)
    else:
        session.home.delete(journals.FILE)
    return error


def _record_failure(session: Session, journal: Journal, why: str, *, restored: bool, recovered: bool) -> Journal:
    """The first failure whole, further ones in a line, each reason once and not without end: a restore that fails is
    tried again for as long as somebody looks. That it is over is always written."""
    known, over = journal.failures, restored and recovered
    if why in known or (len(known) >= MOST_FAILURES and not over):
        return journal
    about = {"why": why, "restored": restored, "recovered": recovered}
    if known:
        line = {**_named(journal), "grants": list(journal.grants), "in_force": False, **about}
        audit.append(session.world, session.home, "result", **line)
    else:
        _record(session, journal, in_force=False, **about)
    return replace(journal, failures=(*known, why))


def _named(journal: Journal) -> dict[str, Any]:
    """Which apply a record is about, without its files."""
    component = "egress" if journal.files[ROUTES].changes else "pipelock"
    return {
        "of": journal.kind,
        "component": component,
        "apply": journal.apply,
        "proposal": journal.proposal,
        "change": journal.change,
    }


def _restore_gate(session: Session, journal: Journal) -> tuple[str, str | None]:
    """("", digest) once the gate confirms that it has the old routes; else why that is not known."""
    text = journal.files[ROUTES].before
    assert text is not None, "every journal holds the table before"
    before = parse(text.encode())
    try:
        table = _table_to_restore(session, before)
        if table is not None:
            _load_quietly(session, table)
        expected = table or before
        if gate.status(session.sidecar("egress")).digest != expected.digest:
            return _unknown(session, "it does not have the table that was put back"), None
    except (SidecarUnreachable, NotApplied) as error:
        return _unknown(session, error.message), None
    session.home.write(TABLE_FILE, expected.data)
    return "", expected.digest


def _load_quietly(session: Session, table: Table) -> None:
    """Load it; a gate that refuses or is silent is asked afterwards what it has, and that counts."""
    with contextlib.suppress(NotApplied):
        loading.load_table(session, table)


def _table_to_restore(session: Session, before: Table) -> Table | None:
    """The table to load; None when the old one is loaded and lies there, and nothing has to be done."""
    egress = session.sidecar("egress")
    live = gate.status(egress).digest
    quarantined = before.quarantined or session.quarantined
    if live == before.digest and quarantined == before.quarantined:
        return None if egress.read(loading.ROUTES) == before.data else before
    return replace(
        before.with_routes(before.routes, apply=session.fresh_id(), base=live), quarantined=quarantined, hold_until=None
    )


def _unknown(session: Session, why: str) -> str:
    return (
        f"what the gate enforces is not known ({why}); "
        f"`bottle-tui quarantine {session.slug}` cuts the bottle off until it is"
    )


def _restore_pipelock(session: Session, journal: Journal) -> str:
    """Empty, or a remark: a pipelock that lists a host more does no harm while the gate refuses it."""
    pair = journal.files.get(CONFIG)
    if pair is None or pair.before is None or not pair.changes:
        return ""
    before, after = pair.before.encode(), (pair.after or "").encode()
    try:
        pipelock = session.sidecar("pipelock")
        if pipelock.read(loading.CONFIG) == before and live_config(session, journal) in (
            None,
            mirror.config_hash(before),
        ):
            return ""  # it was not reached, or has been put back already
        if pipelock.state() == "down":
            pipelock.put(loading.CONFIG, before)
            return ""  # it starts with its old list
        if loading.needs_restart(mirror.read(after), mirror.read(before)):
            loading.restart_pipelock(session, before)
        else:
            loading.load_config(session, before)
    except (SidecarUnreachable, NotApplied) as error:
        return f"; pipelock did not confirm its old list ({error.message}): `bottle-tui pipelock edit {session.slug}`"
    return ""


def _keep_files(session: Session, journal: Journal, *, config: bool) -> None:
    """Write down what is in force now."""
    for name, pair in journal.files.items():
        target = {ROUTES: TABLE_FILE, CONFIG: CONFIG_FILE}.get(name, name)
        if name == CONFIG and not config:
            continue
        if pair.after is not None and (pair.changes or name in SIDECAR_FILES):
            session.home.write(target, pair.after.encode())


PIPELOCK_LAGS = "pipelock has not confirmed"
"""How a remark begins when the gate refuses and pipelock still lists the host: the next apply mirrors again."""


def _pipelock_lags(enforced: Enforced) -> bool:
    return any(remark.startswith(PIPELOCK_LAGS) for remark in enforced.remarks)


def _recorded(session: Session, journal: Journal) -> bool:
    """Whether the ledger has this apply as in force already: the process may have ended right after writing that."""
    return any(
        record.get("kind") == "result" and record.get("apply") == journal.apply and record.get("in_force") is True
        for record in audit.recent(session.home)
    )


def _record(session: Session, journal: Journal, *, in_force: bool, **fields: Any) -> None:
    audit.append(
        session.world,
        session.home,
        "result",
        **_named(journal),
        in_force=in_force,
        before={name: pair.before for name, pair in journal.files.items()},
        after={name: pair.after for name, pair in journal.files.items()},
        **fields,
    )


def _decision(journal: Journal) -> Decision | None:
    return None if journal.decision is None else proposals.parse_decision(json.dumps(journal.decision).encode())


def _decide(session: Session, decision: Decision, grants: tuple[str, ...]) -> None:
    entry = queue.entry(session.home, decision.id, session.recorded.incarnation)
    if entry is not None and decision.in_force and grants and not set(grants) <= set(entry.note.grants):
        queue.remember(session.home, entry, grants=(*entry.note.grants, *grants))
    queue.write(session.home, decision)


def _told(session: Session, decision: Decision | None) -> tuple[str, ...]:
    if decision is None:
        return ()
    why = telling.tell(session, decision)
    return () if why is None else (f"the agent could not be told ({why})",)


def live_config(session: Session, journal: Journal) -> str | None:
    """The hash of what pipelock has loaded, by its own last word since the apply began; None: nothing since then.

    Raises SidecarUnreachable when it has said too much to know its last word.
    """
    since = journal.started - timedelta(seconds=1)
    read = backlog.read(
        session.clock, session.sidecar("pipelock"), limit=_SAID_LINES, seconds=_SAID_SECONDS, since=since
    )
    if not read.whole:
        raise SidecarUnreachable(f"pipelock's output since {since.astimezone():%H:%M:%S} could not be read to its end")
    return next(filter(None, map(_loaded_hash, reversed(read.events))), None)


def _loaded_hash(event: dict[str, Any]) -> str | None:
    loaded = event.get("event") == "startup" or (
        event.get("event") == "config_reload" and event.get("status") == "success"
    )
    digest = event.get("config_hash")
    return digest if loaded and isinstance(digest, str) else None
