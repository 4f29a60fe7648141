"""What supervise has filed and the host has no copy of, by its output: a look into its folder costs ten times that."""

from dataclasses import dataclass
from datetime import timedelta

from bottle_tui.services import backlog, outdated, queue, telling
from bottle_tui.services.backlog import Backlog
from bottle_tui.services.session import Session
from sidecar_addon import proposals
from sidecar_addon.table import digest_of

TAIL = 1_000
"""Lines. An output that is longer does not tell: somebody may have talked a proposal out of it."""
AGAIN = 60.0
"""Seconds after which the folder itself is read again, whatever the output says."""
_SECONDS = 1.0
ANSWERS_IN = timedelta(seconds=10)
"""After which supervise hangs that was told who watches and has not said that it knows."""


@dataclass(frozen=True)
class Look:
    """What one look at supervise's output tells. `waiting`: proposals of the agent without a decision."""

    waiting: int
    hangs: bool


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


def look(session: Session) -> Look:
    """How much waits, copied by now or not, and whether supervise does its work. Raises SidecarUnreachable."""
    entries = outdated.as_they_are(queue.entries(session.home, session.recorded.incarnation), session.clock.now())
    known = sum(each.status in queue.OPEN and not each.note.by_operator for each in entries)
    read = _said(session)
    fresh = _unknown(session, read)
    return Look(known + len(_in_folder(session) if fresh is None else fresh), _hangs(session, read))


def unknown(session: Session) -> frozenset[str] | None:
    """Ids that were filed and not copied; None when the output does not tell. Raises SidecarUnreachable."""
    return _unknown(session, _said(session))


def _said(session: Session) -> Backlog:
    return backlog.read(session.clock, session.sidecar("supervise"), limit=TAIL, seconds=_SECONDS, tail=TAIL)


def _hangs(session: Session, read: Backlog) -> bool:
    """Whether what it says last of its settings is not what lies in its folder, though there was time enough.

    Its process may be stopped while its container runs. Nothing is asked of it: dashboards tell it each minute that
    somebody watches, and it says that it has heard that.
    """
    told = session.home.read(telling.STATE_FILE)
    said = [event.get("digest") for event in read.events if event.get("event") == "state_loaded"]
    if told is None or not read.whole or not said or said[-1] == digest_of(told):
        return False
    since = telling.told_at(session.home)
    if since is None or session.clock.now() - since < ANSWERS_IN:
        return False
    # Where it could not even be told there is nothing that it should have said.
    return session.sidecar("supervise").read(telling.STATE_PATH) == told


def _unknown(session: Session, read: Backlog) -> frozenset[str] | None:
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
