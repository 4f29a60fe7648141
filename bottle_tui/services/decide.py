"""Approve, reject, reopen: an operator's decision on one proposal, bound to the change that was shown."""

from dataclasses import replace

from bottle_tui.core import journal
from bottle_tui.core.edits import ALWAYS, AS_ASKED, Edit
from bottle_tui.core.views import Outcome
from bottle_tui.errors import (
    BottleError,
    Conflict,
    NotApplied,
    NotFound,
    StateUnknown,
    UsageError,
)
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, grants, lag, outdated, queue, recover, review, session, telling
from bottle_tui.services.apply import enforce, require_token
from bottle_tui.services.locked import Held, held
from bottle_tui.services.proposed import Proposed
from bottle_tui.services.queue import Entry
from bottle_tui.services.seen import Traffic
from bottle_tui.services.session import Session
from bottle_tui.services.wish import Enforced, Wish
from sidecar_addon.proposals import Decision
from sidecar_addon.table import route_as_data

IN_FORCE = "in force, proven"
MAX_REASON = 1_000
_COMPONENTS = {"egress-block": "egress", "pipelock-block": "pipelock", "capability-block": "capability"}


def approve(world: World, id: str, digest: str, *, edit: Edit = AS_ASKED, acknowledged: bool = False) -> Outcome:
    """Put in force what was shown with this digest. An outcome says how it ended, also when it did not work.

    Raises NotFound, AlreadyDecided, Stale, NeedsAcceptance, Conflict, TokenUnset: then nothing was done.
    """
    started = world.clock.monotonic()
    slug, identity = queue.find(world, id)
    with held(world, slug) as bottle:
        entry = _entry(bottle, identity)
        _record(
            world,
            bottle,
            entry,
            "intent",
            incarnation=bottle.session.recorded.incarnation,
            change=digest,
            edit=_edit_data(edit),
            acknowledged=acknowledged,
            proposal_bytes=entry.data.decode(),
        )
        try:
            outcome = _approve(world, bottle, entry, digest, edit, acknowledged)
        except BottleError as error:
            _record(world, bottle, entry, "result", in_force=False, nothing_done=True, why=error.message)
            raise
    return replace(outcome, ms=round((world.clock.monotonic() - started) * 1000))


def _approve(world: World, bottle: Held, entry: Entry, digest: str, edit: Edit, acknowledged: bool) -> Outcome:
    _require_undecided(world, entry)
    if bottle.session.quarantined or bottle.live.table.quarantined:
        raise Conflict(
            f"{bottle.session.slug} is in quarantine; `bottle-tui release {bottle.session.slug}` comes first"
        )
    behind = lag.of(world, bottle.session, edit.lasts)
    proposed = review.measured(world, bottle.session, bottle.live, entry, Traffic(), edit, behind)
    proposed.require_agreed(digest, acknowledged=acknowledged)
    wish = _wish(world, bottle, entry, proposed, edit)
    require_token(bottle.session, wish)
    queue.remember(bottle.session.home, entry, change=digest, lasts=edit.lasts)
    if proposed.merged.unchanged:
        return _already(world, bottle, entry, proposed)
    try:
        enforced = enforce(bottle.session, bottle.live, wish)
    except (NotApplied, StateUnknown) as error:
        return _outcome(bottle, entry, "failed", f"approved, {error.message}", exit_code=error.exit_code)
    return _done(bottle, entry, wish, enforced, _what(entry, edit))


def _what(entry: Entry, edit: Edit) -> str:
    """The host, and what of it where that is not a route."""
    args = edit.apply_to(entry.proposal.args)
    host = str(args.get("host", ""))
    if entry.proposal.tool != "pipelock-block":
        return host
    return f"{host} to be passed on unread" if args.get("want") == "passthrough" else f"{host} in pipelock's list"


def _wish(world: World, bottle: Held, entry: Entry, proposed: Proposed, edit: Edit) -> Wish:
    merged = proposed.merged
    keeps = {}
    if edit.lasts == ALWAYS and not merged.unchanged:
        keeps = grants.kept_with(bottle.session.home, merged)
    return Wish(
        kind="approve",
        after=merged.after,
        change=proposed.change.digest,
        grants=merged.grant_ids,
        token=merged.needs_token,
        proposal=entry.id,
        decision=_approved(world, entry, proposed),
        keeps=keeps,
        quarantined=False,
    )


def _approved(world: World, entry: Entry, proposed: Proposed) -> Decision:
    merged = proposed.merged
    route = merged.after.named(merged.host) if merged.host else None
    applied = None
    if route is not None:
        applied = {key: value for key, value in route_as_data(route).items() if not key.startswith("token_")}
    return Decision(
        id=entry.id,
        status="approved",
        by=world.operator,
        decided_at=world.clock.now(),
        applied=applied,
        in_force=True,
        expires_at=proposed.expires_at,
    )


def _already(world: World, bottle: Held, entry: Entry, proposed: Proposed) -> Outcome:
    """Nothing to change, but only the gate can say that it is in force."""
    status = gate.status(bottle.session.sidecar("egress"))
    if status.digest != bottle.live.table.digest:
        raise Conflict(f"the gate has a table in force that bottle-tui did not put there ({status.digest})")
    decision = replace(_approved(world, entry, proposed), expires_at=None)
    change = proposed.change.digest
    _record(world, bottle, entry, "result", change=change, in_force=True, unchanged=True, digest=status.digest)
    queue.write(bottle.session.home, decision)
    why = telling.tell(bottle.session, decision)
    remarks = () if why is None else (f"the agent could not be told ({why})",)
    line = "; ".join([*bottle.remarks, *remarks, "approved: already in force"])
    return _outcome(bottle, entry, "approved", line, in_force=True, applied=decision.applied)


def _done(bottle: Held, entry: Entry, wish: Wish, enforced: Enforced, what: str) -> Outcome:
    line = "; ".join([*bottle.remarks, *enforced.told, f"{what} for {bottle.session.slug}: {IN_FORCE}"])
    applied = wish.decision.applied if wish.decision else None
    return replace(_outcome(bottle, entry, "approved", line, in_force=True, applied=applied), proof=enforced.proof)


def reject(world: World, id: str, reason: str) -> Outcome:
    """Say no, with a reason that the agent reads. Raises NotFound, AlreadyDecided, UsageError."""
    if not reason.strip() or len(reason) > MAX_REASON:
        raise UsageError(f"a reason of 1 to {MAX_REASON} characters goes with a rejection: the agent acts on it")
    return _answer(world, id, "rejected", reason.strip())


def reopen(world: World, id: str) -> Outcome:
    """Take a rejection back: the proposal waits again. Raises NotFound, Conflict."""
    return _answer(world, id, "pending", None)


def _answer(world: World, id: str, status: str, reason: str | None) -> Outcome:
    slug, identity = queue.find(world, id)
    opened = session.opened(world, slug)
    with opened.home.lock():
        _settle_first(opened, identity)
        entry = _entry(Held(opened, session.live(opened.home)), identity)
        if status == "rejected":
            _require_undecided(world, entry)
        elif entry.status != "rejected":
            raise Conflict(f"{identity} is {entry.status}; only what was rejected can be reopened")
        audit.append(
            world,
            opened.home,
            "rejected" if status == "rejected" else "reopened",
            component=_COMPONENTS[entry.proposal.tool],
            proposal=identity,
            reason=reason,
            proposal_bytes=entry.data.decode(),
        )
        decision = Decision(identity, status, world.operator, world.clock.now(), reason)
        if entry.note.by_operator:
            queue.write(opened.home, decision)
        why = None if entry.note.by_operator else telling.decided(opened, decision)
    word = "rejected" if status == "rejected" else "reopened"
    line = f"{word} {entry.proposal.args.get('host') or 'lines for its Dockerfile'}"
    if why is not None:
        line += f"; the agent could not be told ({why})"
    return Outcome(identity, slug, "rejected" if word == "rejected" else "pending", in_force=False, line=line)


def _settle_first(opened: Session, identity: str) -> None:
    """A "no" needs no gate, unless it is this very proposal whose apply was interrupted and is not settled yet."""
    try:
        recover.recover_session(opened)
    except StateUnknown:
        data = opened.home.read(journal.FILE)
        if data is None or journal.parse(data).proposal == identity:
            raise


def _entry(bottle: Held, identity: str) -> Entry:
    entry = queue.entry(bottle.session.home, identity, bottle.session.recorded.incarnation)
    if entry is None:
        raise NotFound(f"the copy of proposal {identity} is damaged; the agent has to ask again")
    return outdated.as_is(entry, bottle.session.clock.now())


def _require_undecided(world: World, entry: Entry) -> None:
    if entry.status in review.UNDECIDED:
        return
    raise review.already_decided(world, entry)


def _record(world: World, bottle: Held, entry: Entry, kind: str, **facts: object) -> None:
    """In the ledger, as part of an approval."""
    component = _COMPONENTS[entry.proposal.tool]
    audit.append(world, bottle.session.home, kind, of="approve", component=component, proposal=entry.id, **facts)


def _outcome(
    bottle: Held,
    entry: Entry,
    status: str,
    line: str,
    *,
    in_force: bool = False,
    exit_code: int = 0,
    applied: dict[str, object] | None = None,
) -> Outcome:
    return Outcome(
        id=entry.id,
        slug=bottle.session.slug,
        status="approved" if status == "approved" else "failed",
        in_force=in_force,
        line=line,
        exit_code=exit_code,
        applied=applied,
    )


def _edit_data(edit: Edit) -> dict[str, object]:
    return {key: value for key, value in vars(edit).items() if value is not None}
