"""Cutting a bottle off: the network first, without waiting for anybody; the gate's own flag second."""

from bottle_tui.errors import BottleError, SidecarUnreachable, StateUnknown
from bottle_tui.ports import World
from bottle_tui.services import audit, cutoff, session
from bottle_tui.services.apply import enforce
from bottle_tui.services.cutoff import Cut, attempt
from bottle_tui.services.locked import held
from bottle_tui.services.session import QUARANTINE_FILE, RELEASE_FILE, Session
from bottle_tui.services.wish import Wish

LOCK_SECONDS = 5.0
"""How long the flag waits for an apply at work; the network is cut by then, and that apply re-checks."""


def quarantine(world: World, slug: str) -> str:
    """Cut it off now. Returns the line to show. Raises StateUnknown when neither the network nor the gate says so."""
    opened = session.opened(world, slug)
    network = attempt(lambda: opened.runtime.isolate(opened.recorded))
    kept = attempt(lambda: cutoff.wish(opened))
    if opened.is_stopped():
        return _stopped_line(opened, network, kept)
    cut = Cut(network, attempt(lambda: _flag(opened)))
    unwritten = [each for each in (kept, attempt(lambda: _record(opened, cut))) if each is not None]
    if cut.network and cut.gate:
        wished = "" if kept else "; what was asked for is kept, and whoever looks next carries it out (`bottle-tui ps`)"
        raise StateUnknown(
            f"{slug} could not be cut off: {cut.why}; stop its containers by hand, or the engine{wished}"
        )
    if cut.confirmed and not unwritten:
        return f"{slug}: cut off, the gate confirms; `bottle-tui release {slug}` ends it"
    parts = [
        f"{slug}: egress is cut from the chain" if network is None else f"{slug}: the network was not cut ({network})",
        "the gate confirms that it refuses everything"
        if cut.gate is None
        else f"the gate has not confirmed ({cut.gate})",
        *(f"not all of it could be written down ({each})" for each in unwritten),
    ]
    return "; ".join(parts)


def _stopped_line(opened: Session, network: str | None, kept: str | None) -> str:
    """Its first table at the next start is made of the wish: it comes back refusing everything."""
    if kept is not None:
        raise StateUnknown(f"{opened.slug} is stopped, and that it is to stay in quarantine could not be kept: {kept}")
    unwritten = attempt(lambda: _record(opened, Cut(network, None), gate="stopped"))
    parts = [f"{opened.slug} is stopped: nothing runs; it stays in quarantine when it starts"]
    if network is not None:
        parts.append(f"its network was not cut ({network})")
    return "; ".join([*parts, f"the ledger could not be written ({unwritten})"] if unwritten else parts)


def release(world: World, slug: str) -> str:
    """End a quarantine: the gate first, the network last. Raises NotApplied, StateUnknown: then it stays cut off;
    SidecarUnreachable where only the network does, which the same again joins."""
    if session.opened(world, slug).is_stopped():
        return _released_while_stopped(world, slug)
    with held(world, slug) as bottle:
        opened, live = bottle.session, bottle.live
        mark = opened.home.read(QUARANTINE_FILE)
        if mark is None and not live.table.quarantined:
            _rejoin(opened)
            return f"{slug} is not in quarantine; egress is on the chain"
        audit.append(world, opened.home, "intent", of="release", component="egress")
        opened.home.write(RELEASE_FILE, b"{}")
        opened.home.delete(QUARANTINE_FILE)
        try:
            enforce(opened, live, Wish("release", live.state, quarantined=False))
        except BottleError:
            cutoff.keep(opened, mark or b"{}")
            raise
        try:
            _rejoin(opened)
        except SidecarUnreachable as error:
            raise SidecarUnreachable(
                f"{slug} is out of quarantine and the gate decides again, but nothing passes yet: {error.message}; "
                f"`bottle-tui release {slug}` tries that again"
            ) from error
    return "; ".join([*bottle.remarks, f"{slug} is released: the gate decides again, egress is back on the chain"])


def _rejoin(opened: Session) -> None:
    """The last step of a release."""
    opened.runtime.rejoin(opened.recorded)
    opened.home.delete(RELEASE_FILE)


def _released_while_stopped(world: World, slug: str) -> str:
    """Nothing runs that could be asked: the wish goes, and the next start makes a table without it."""
    opened = session.opened(world, slug)
    with opened.home.lock():
        was = opened.home.read(QUARANTINE_FILE) is not None
        _rejoin(opened)
        if was:
            audit.append(world, opened.home, "intent", of="release", component="egress")
            opened.home.delete(QUARANTINE_FILE)
            audit.append(world, opened.home, "result", of="release", component="egress", in_force=True, gate="stopped")
    if not was:
        return f"{slug} is stopped, and not in quarantine; `bottle-tui up` starts it"
    return f"{slug} is stopped and no longer in quarantine: `bottle-tui up` starts it without"


def _flag(opened: Session) -> None:
    with opened.home.lock(LOCK_SECONDS):
        cutoff.flag(opened)


def _record(opened: Session, cut: Cut, **about: str) -> None:
    with opened.home.lock(LOCK_SECONDS):
        cutoff.record(opened, cut, **about)
        cutoff.note(opened, cut.confirmed and not about)
