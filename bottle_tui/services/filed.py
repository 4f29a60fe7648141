"""What supervise has filed and the host has no copy of, by its output: a look into its folder costs ten times that."""

from bottle_tui.services import backlog, outdated, queue
from bottle_tui.services.session import Session
from sidecar_addon import proposals

TAIL = 1_000
"""Lines. An output that is longer does not tell: somebody may have talked a proposal out of it."""
AGAIN = 60.0
"""Seconds after which the folder itself is read again, whatever the output says."""
_SECONDS = 1.0

_read: dict[str, float] = {}
"""When this process last read a bottle's folder: a dashboard looks every few seconds."""


def sync(session: Session) -> None:
    """Copy what is new in supervise, if there may be anything. Raises SidecarUnreachable."""
    key, now = f"{session.home.path} {session.recorded.incarnation}", session.clock.monotonic()
    last = _read.get(key)
    if last is not None and 0 <= now - last < AGAIN and unknown(session) == frozenset():
        queue.stamp(session)
        return
    queue.sync(session)
    _read[key] = now


def waiting(session: Session) -> int:
    """How many proposals of the agent have no decision, copied by now or not. Raises SidecarUnreachable."""
    entries = outdated.as_they_are(queue.entries(session.home, session.recorded.incarnation), session.clock.now())
    known = sum(each.status in queue.OPEN and not each.note.by_operator for each in entries)
    fresh = unknown(session)
    return known + len(_in_folder(session) if fresh is None else fresh)


def unknown(session: Session) -> frozenset[str] | None:
    """Ids that were filed and not copied; None when the output does not tell. Raises SidecarUnreachable."""
    supervise = session.sidecar("supervise")
    read = backlog.read(session.clock, supervise, limit=TAIL, seconds=_SECONDS, tail=TAIL)
    if not read.whole or read.lines >= TAIL:
        return None
    filed = {str(event.get("id")) for event in read.events if event.get("event") == "proposal_filed"}
    return frozenset(filed - _copied(session))


def _in_folder(session: Session) -> frozenset[str]:
    found = session.sidecar("supervise").read_folder(queue.PROPOSALS)
    return frozenset(name.removesuffix(".json") for name in found) - _copied(session)


def _copied(session: Session) -> set[str]:
    names = session.home.names(queue.FOLDER)
    ids = {name.removesuffix(".note.json") for name in names if name.endswith(".note.json")}
    return {identity for identity in ids if proposals.is_id(identity)}
