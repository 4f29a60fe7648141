"""The bottle's lock as services take it: whoever holds it first settles what a crash left, and what time has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bottle_tui.core import changes
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, queue, recover, session
from bottle_tui.services.apply import enforce
from bottle_tui.services.session import Live, Session
from bottle_tui.services.wish import Wish
from sidecar_addon.table import iso


@dataclass(frozen=True)
class Held:
    """A bottle whose lock is held. `remarks`: what was settled on the way in."""

    session: Session
    live: Live
    remarks: tuple[str, ...] = ()


@contextmanager
def held(world: World, slug: str) -> Iterator[Held]:
    """Take the lock, recover, prune, and hand over what is in force."""
    opened = session.opened(world, slug)
    with opened.home.lock():
        opened = session.opened(world, slug)  # it may have been started anew while we waited
        recovered = recover.recover_session(opened)
        live = _pruned(opened, session.live(opened.home))
        yield Held(opened, live, (recovered,) if recovered else ())


def _pruned(opened: Session, live: Live) -> Live:
    """Grants that are over leave both sidecars; their proposals are answered "no longer in force"."""
    now = opened.clock.now()
    merged = changes.prune(live.state, now, _used_up(opened, live))
    if merged.unchanged:
        return live
    audit.append(opened.world, opened.home, "intent", of="expire", component="egress", grants=list(merged.grant_ids))
    wish = Wish("expire", merged.after, narrow=True, grants=merged.grant_ids, quarantined=live.table.quarantined)
    enforce(opened, live, wish)
    for identity in merged.grant_ids:
        close_decision(opened, identity, live, f"ended {iso(now)}")
    return session.live(opened.home)


def _used_up(opened: Session, live: Live) -> set[str]:
    counted = {grant.id: grant.uses for _, grant in live.table.grants() if grant.uses is not None}
    if not counted:
        return set()
    try:
        spent = gate.status(opened.sidecar("egress")).uses
    except SidecarUnreachable:
        return set()
    return {identity for identity, uses in counted.items() if spent.get(identity, 0) >= uses}


def close_decision(opened: Session, grant_id: str, live: Live, reason: str) -> str | None:
    """Replace the decision that made a grant by one that says it has ended; why the agent was not told, if not."""
    proposal = next((grant.proposal for _, grant in live.table.grants() if grant.id == grant_id), None)
    entry = queue.entry(opened.home, proposal, opened.recorded.incarnation) if proposal else None
    if entry is None or entry.decision is None or not entry.decision.in_force:
        return None
    if entry.note.grants and entry.note.grants[-1] != grant_id:
        return None
    decision = replace(entry.decision, in_force=False, reason=reason)
    queue.write(opened.home, decision)
    return queue.tell(opened, decision)
