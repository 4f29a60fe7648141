"""What approving a proposal would do, computed the same way when it is shown and when it is decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bottle_tui.core import changes, edits, mirror, risk
from bottle_tui.core.changes import AuthAsk, Merged, RouteAsk, State
from bottle_tui.core.difference import Display, change_digest, difference
from bottle_tui.core.edits import ALWAYS, BOTTLE, ONCE, Edit
from bottle_tui.core.risk import Seen
from bottle_tui.core.views import Change, Risk
from bottle_tui.errors import Conflict, NeedsAcceptance, Stale, UsageError
from sidecar_addon import asks
from sidecar_addon.asks import ProposalError
from sidecar_addon.table import Grant


@dataclass(frozen=True)
class Proposed:
    """A change that can be decided: what it makes of the policy, its risks, and how it is shown."""

    before: State
    merged: Merged
    change: Change
    risks: tuple[Risk, ...]
    expires_at: datetime | None

    def require_agreed(self, digest: str | None, *, acknowledged: bool) -> None:
        """It is what was shown with that digest, dangers too; None: nothing was. Raises Stale, NeedsAcceptance."""
        if digest is not None and self.change.digest != digest:
            raise Stale("the change is not the one that was shown: look at it again; nothing was done")
        dangers = [risk.text for risk in self.risks if risk.level == "danger"]
        if dangers and not acknowledged:
            raise NeedsAcceptance(f"this needs a yes of its own: {'; '.join(dangers)}")


@dataclass(frozen=True)
class Subject:
    """What is asked: a tool's normalised arguments, the grant's id to be, the operator's edit."""

    tool: str
    args: dict[str, object]
    grant_id: str
    proposal: str | None
    edit: Edit


@dataclass(frozen=True)
class Ground:
    """What it is asked against."""

    state: State
    default_scan: str
    now: datetime
    seen: Seen
    lag: timedelta = timedelta()
    """How far the gate's clock is behind `now`: it ends what has a time by its own clock, so that comes off."""


def propose(subject: Subject, ground: Ground) -> Proposed:
    """Merge, diff, risks, digest. Raises Conflict or UsageError when this cannot be approved as it stands."""
    edit = subject.edit
    state = changes.prune(ground.state, ground.now).after
    length = edits.duration(edit.lasts)
    expires = None if length is None else ground.now + length - ground.lag
    merged = _merged(subject, state, ground, expires)
    return shown(state, merged, ground, edit.lasts, expires)


def shown(state: State, merged: Merged, ground: Ground, lasts: str, expires: datetime | None) -> Proposed:
    """The change between two policies, ready to be looked at and bound to."""
    was, will = (mirror.mirror(each.routes, each.extra) for each in (state, merged.after))
    timed = lasts if expires is not None else ""
    display = Display(merged.grant_ids, timed, merged.host)
    diff = difference(state.routes, merged.after.routes, was, will, display)
    risks = () if merged.unchanged else risk.assess(state, merged.after, ground.seen)
    change = Change(
        routes=diff.routes,
        pipelock=diff.pipelock,
        digest=change_digest(diff.lines, risks, (lasts,)),
        unchanged=merged.unchanged,
        notes=(*merged.notes, *_notes(merged, lasts)),
    )
    return Proposed(state, merged, change, risks, expires)


def _notes(merged: Merged, lasts: str) -> tuple[str, ...]:
    notes: list[str] = []
    if merged.needs_token is not None:
        notes.append(f"needs {merged.needs_token.token_ref} in this terminal")
    if lasts == ALWAYS and not merged.unchanged:
        notes.append("kept in grants.yaml: the next `up` grants it again")
    return tuple(notes)


def _merged(subject: Subject, state: State, ground: Ground, expires: datetime | None) -> Merged:
    args = _normalised(subject)
    host = str(args["host"])
    if subject.tool == "pipelock-block":
        return _pipelock(subject, state, host, args, expires)
    auth = args.get("auth")
    fields = asks.grant_fields(args)
    grant = Grant(
        id=subject.grant_id,
        expires_at=expires,
        uses=1 if subject.edit.lasts == ONCE else None,
        proposal=subject.proposal,
        **fields,
    )
    ask = RouteAsk(
        host,
        grant,
        AuthAsk(auth["scheme"], auth["token_ref"]) if isinstance(auth, dict) else None,
        subject.edit.scan,
    )
    merged = changes.merge(state, ask, now=ground.now, default_scan=ground.default_scan)
    _refuse_idle_websocket(merged)
    return merged


def _refuse_idle_websocket(merged: Merged) -> None:
    """A grant of WEBSOCKET on a scanned route would never admit anything."""
    for route in merged.after.routes:
        for grant in route.grants:
            if grant.id in merged.grant_ids and "WEBSOCKET" in (grant.methods or ()) and route.pipelock == "scanned":
                raise Conflict(
                    f"WebSocket does not pass a scanned host; make {route.host} passthrough (`s`, `--edit "
                    "scan=passthrough`), or leave WEBSOCKET out"
                )


def _pipelock(subject: Subject, state: State, host: str, args: dict[str, object], expires: datetime | None) -> Merged:
    lasts = subject.edit.lasts
    if args.get("want") == "passthrough":
        if lasts == ONCE:
            raise UsageError("passthrough is a state of the host, so one request is no measure of it; choose a time")
        return changes.pass_through(state, host, expires)
    if lasts not in (BOTTLE, ALWAYS):
        raise UsageError("pipelock's own list knows no time; choose `bottle` or `always`")
    return changes.allow_in_pipelock(state, host)


def _normalised(subject: Subject) -> dict[str, object]:
    """The arguments with the operator's edit in them, checked by the same rules as the agent's."""
    if subject.edit == Edit(lasts=subject.edit.lasts, scan=subject.edit.scan):
        return subject.args
    try:
        return asks.normalise(subject.tool, subject.edit.apply_to(subject.args))
    except ProposalError as error:
        raise UsageError(f"the edit cannot be taken: {error}") from None
