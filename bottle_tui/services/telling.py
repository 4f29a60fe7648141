"""What supervise is told: decisions, so that the agent gets its answers, and what it may know of the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import BottleHome
from bottle_tui.services import ack, queue
from bottle_tui.services.session import Session
from sidecar_addon import asks, proposals
from sidecar_addon.proposals import Decision, ProposalError, State
from sidecar_addon.table import digest_of
from sidecar_addon.times import iso, parse_time

_UNTOLD = ".untold"
DECISIONS = "/var/lib/supervise/decisions"
STATE_FILE = "state.json"
STATE_PATH = f"{DECISIONS}/{STATE_FILE}"
TOLD_FILE = f"{queue.FOLDER}/told"
"""When supervise was last told of its settings."""


def tell(session: Session, *decisions: Decision) -> str | None:
    """Hand decisions to supervise, so that the agent gets its answers. None when it has the last, else why not.

    What could not be handed over is marked, for `tell_again`: an ask that is decided here and waits there would never
    be answered, nor the same ask again.
    """
    if not decisions:
        return None
    try:
        return _hand_over(session, decisions)
    except SidecarUnreachable as error:
        for each in decisions:
            session.home.write(_mark(each), b"")
        return error.message


def decided(session: Session, decision: Decision) -> str | None:
    """Write a decision down and hand it over, as `tell` does; whoever dies between the two has left the mark."""
    keep(session, decision)
    return hand_over(session, decision)


def keep(session: Session, decision: Decision) -> None:
    """Write a decision down, marked as one that is still to be handed over."""
    session.home.write(_mark(decision), b"")
    queue.write(session.home, decision)


def hand_over(session: Session, *kept: Decision) -> str | None:
    """As `tell`, of what was kept with a mark."""
    why = tell(session, *kept)
    if why is None:
        for each in kept:
            session.home.delete(_mark(each))
    return why


def _mark(decision: Decision) -> str:
    return f"{queue.FOLDER}/{decision.id}{_UNTOLD}"


def tell_again(session: Session) -> None:
    """Hand over what could not be before, if it can be now. The caller holds the lock."""
    marked = [name.removesuffix(_UNTOLD) for name in session.home.names(queue.FOLDER) if name.endswith(_UNTOLD)]
    items = [queue.entry(session.home, identity, session.recorded.incarnation) for identity in marked]
    decisions = [item.decision for item in items if item is not None and item.current and item.decision is not None]
    try:
        if decisions:
            _hand_over(session, decisions)
    except SidecarUnreachable:
        return
    for identity in marked:
        session.home.delete(f"{queue.FOLDER}/{identity}{_UNTOLD}")


def _hand_over(session: Session, decisions: Sequence[Decision]) -> str | None:
    files = {f"{DECISIONS}/{each.id}.json": proposals.render(each) for each in decisions}
    judge = ack.decision(decisions[-1].id, digest_of(proposals.render(decisions[-1])))
    verdict = ack.drive(session.clock, session.sidecar("supervise"), files, judge, ack.SUPERVISE_WAIT)
    if verdict is None:
        return "supervise says nothing"
    return None if verdict.loaded else verdict.why


def state(home: BottleHome) -> State:
    """What supervise was last told besides decisions; nothing grantable when nobody has written it."""
    data = home.read(STATE_FILE)
    try:
        return State() if data is None else proposals.parse_state(data)
    except ProposalError as error:
        raise queue.damaged(home, STATE_FILE, error) from None


def told_at(home: BottleHome) -> datetime | None:
    """When that was written, as well as it is known."""
    try:
        return parse_time((home.read(TOLD_FILE) or b"").decode("ascii", "replace"))
    except ValueError:
        return None


def tell_state(session: Session, **changes: Any) -> None:
    """Change what supervise knows of the operator, e.g. `watched_at`; not waited for. Raises SidecarUnreachable."""
    data = proposals.render(replace(state(session.home), **changes))
    session.home.write(TOLD_FILE, str(iso(session.clock.now())).encode())
    session.home.write(STATE_FILE, data)
    supervise = session.sidecar("supervise")
    supervise.put(STATE_PATH, data)
    supervise.signal()


def check_again(home: BottleHome, args: Mapping[str, Any]) -> str | None:
    """Why a token that is asked for may not be handed out, by the host's own list."""
    try:
        asks.check_grantable(args, state(home).grantable_tokens or {})
    except ProposalError as error:
        return str(error)
    return None
