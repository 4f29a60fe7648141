"""After a crash: what the journal says was being done is finished if both sidecars have it, else put back on both.

Run by whoever takes the bottle's lock, before anything else.
"""

from bottle_tui.core import journal as journals
from bottle_tui.core import mirror
from bottle_tui.core.journal import Journal
from bottle_tui.errors import NotApplied, SidecarUnreachable, StateUnknown
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, loading, settle
from bottle_tui.services.prove import Proof, prove
from bottle_tui.services.session import TABLE_FILE, Session, opened
from bottle_tui.services.wish import Enforced
from sidecar_addon.table import digest_of
from sidecar_addon.table_parser import parse


def recover(world: World, slug: str) -> str | None:
    """Settle an interrupted apply, if there is one; the line to show. The caller holds the lock.

    Raises StateUnknown when a sidecar does not answer; the journal stays for the next try.
    """
    return recover_session(opened(world, slug))


def recover_session(session: Session) -> str | None:
    """The same, on an open session."""
    data = session.home.read(journals.FILE)
    if data is None:
        return None
    journal = journals.parse(data)
    old = _outdated(session, journal)
    if old is not None:
        audit.append(session.world, session.home, "dropped", apply=journal.apply, why=old)
        session.home.delete(journals.FILE)
        return None
    what = f"an interrupted change ({journal.kind}, by {journal.actor}, at “{journal.step}”) was found"
    try:
        enforced = _enforced(session, journal)
    except (SidecarUnreachable, NotApplied) as error:
        raise StateUnknown(
            f"{what}, and what is in force is not known ({error.message}); "
            f"`bottle-tui quarantine {session.slug}` cuts the bottle off until it does"
        ) from error
    if enforced is not None:
        settle.finish(session, journal, enforced, recovered=True)
        return f"{what}: both sidecars have it, so it was finished"
    ended = settle.restore(session, journal, "it was interrupted", recovered=True)
    if isinstance(ended, StateUnknown):
        raise ended
    return f"{what}: it was undone, what was in force before is confirmed"


def _outdated(session: Session, journal: Journal) -> str | None:
    """Why a journal is not about what is in force: it must not bring back what has been changed since."""
    if journal.incarnation != session.recorded.incarnation:
        return "it belongs to an earlier start"
    kept = session.home.read(TABLE_FILE)
    sides = (journal.digest(settle.ROUTES, "before"), journal.digest(settle.ROUTES, "after"))
    if kept is not None and digest_of(kept) not in sides:
        return "another change has been confirmed since"
    return None


def _enforced(session: Session, journal: Journal) -> Enforced | None:
    """What is in force if the apply can be finished, None when it has to be put back."""
    live = gate.status(session.sidecar("egress")).digest
    if live != journal.digest(settle.ROUTES, "after") or session.quarantined != _quarantined(journal):
        return None
    remarks: tuple[str, ...] = ()
    if journal.files[settle.CONFIG].changes and not _pipelock_has(session, journal):
        if not journal.narrow:
            return None
        remarks = _shorten(session, journal)
    proof = _proof(session, journal)
    if proof.problem is not None and not journal.narrow:
        return None
    after = journal.files[settle.ROUTES].after
    assert after is not None, "a live digest equals its digest"
    return Enforced(parse(after.encode()), proof.lines, remarks=remarks)


def _quarantined(journal: Journal) -> bool:
    after = journal.files[settle.ROUTES].after
    return after is not None and parse(after.encode()).quarantined


def _pipelock_has(session: Session, journal: Journal) -> bool:
    text = journal.files[settle.CONFIG].after
    return text is not None and settle.live_config(session, journal) == mirror.config_hash(text.encode())


def _shorten(session: Session, journal: Journal) -> tuple[str, ...]:
    """Pipelock gets the smaller list that the gate has already."""
    text = journal.files[settle.CONFIG].after or ""
    try:
        loading.load_config(session, text.encode())
    except (NotApplied, SidecarUnreachable) as error:
        return (f"{settle.PIPELOCK_LAGS} its shorter list ({error.message}); the gate refuses all the same",)
    return ()


def _proof(session: Session, journal: Journal) -> Proof:
    pair = journal.files[settle.ROUTES]
    before, after = parse((pair.before or "").encode()), parse((pair.after or "").encode())
    return prove(session.clock, session.sidecar("egress"), before, after, journal.grants)
