"""The bottle's lock as services take it: whoever holds it first settles what a crash left, and what time has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bottle_tui.core import changes
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, granted, queue, recover, session, telling
from bottle_tui.services.apply import enforce
from bottle_tui.services.session import Live, Session
from bottle_tui.services.wish import Wish
from sidecar_addon.proposals import Decision


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
        _close_ended(opened, live)
        telling.tell_again(opened)
        yield Held(opened, live, (recovered,) if recovered else ())


def _pruned(opened: Session, live: Live) -> Live:
    """Grants that are over leave both sidecars; their proposals are answered "no longer in force".

    Of a bottle that is stopped nothing is in force, and nothing could be loaded: the next start makes its table anew.
    """
    now = opened.clock.now()
    merged = changes.prune(live.state, now, used_up(opened, live))
    if merged.unchanged or opened.sidecar("egress").state() == "down":
        return live
    failures = _failed_before(opened, merged.grant_ids)
    if not failures:
        audit.append(
            opened.world, opened.home, "intent", of="expire", component="egress", grants=list(merged.grant_ids)
        )
    wish = Wish(
        "expire",
        merged.after,
        narrow=True,
        grants=merged.grant_ids,
        quarantined=live.table.quarantined,
        failures=failures,
    )
    enforce(opened, live, wish)
    return session.live(opened.home)


def _failed_before(opened: Session, grants: tuple[str, ...]) -> tuple[str, ...]:
    """Why the last tries to take out these very grants came to nothing, the oldest first, by the ledger's last lines:
    every look tries again."""
    found: list[str] = []
    for record in reversed(audit.recent(opened.home)):
        if record.get("of") != "expire":
            continue
        if record.get("kind") == "intent":
            return tuple(reversed(found)) if record.get("grants") == list(grants) else ()
        if record.get("in_force") is not False:
            return ()
        found.append(str(record.get("why")))
    return ()


def _close_ended(opened: Session, live: Live) -> None:
    """Whatever ended a grant (time, uses, a stop, a crash), its proposal is no longer answered "in force"."""
    now = opened.clock.now()
    for entry in queue.entries(opened.home, opened.recorded.incarnation):
        decision = entry.decision
        if decision is None or not decision.in_force or not entry.current:
            continue
        over = decision.expires_at is not None and decision.expires_at <= now
        # What brought no grant (a host that is passed through) ends by its time too.
        if (over and not entry.note.grants) or not granted.still(live, entry, now):
            close(opened, decision, "its time is over" if over else "what it allowed has ended")


def used_up(opened: Session, live: Live) -> set[str]:
    """Grants that count and have no use left, by the gate's word; it is asked only when there are any that count."""
    counted = {grant.id: grant.uses for _, grant in live.table.grants() if grant.uses is not None}
    if not counted:
        return set()
    try:
        spent = gate.status(opened.sidecar("egress")).uses
    except SidecarUnreachable:
        return set()
    return {identity for identity, uses in counted.items() if spent.get(identity, 0) >= uses}


def close(opened: Session, decision: Decision, reason: str) -> str | None:
    """Replace an approval by "no longer in force"; why the agent was not told, if it was not."""
    ended = replace(decision, in_force=False, reason=reason)
    queue.write(opened.home, ended)
    return telling.tell(opened, ended)


def decision_of(opened: Session, proposal: str | None) -> Decision | None:
    """The decision on a proposal, if it still says "in force"."""
    entry = queue.entry(opened.home, proposal, opened.recorded.incarnation) if proposal else None
    return entry.decision if entry is not None and entry.decision is not None and entry.decision.in_force else None
