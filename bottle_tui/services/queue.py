"""The queue on the host's side: a copy of each proposal as first seen, and the decisions.

What lies in supervise is the agent's side of the wall: read, checked, hashed, never believed twice.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bottle_tui.core.views import ProposalStatus
from bottle_tui.errors import InvalidFile, NotFound, UsageError
from bottle_tui.ports import BottleHome, World
from bottle_tui.services.session import Session
from sidecar_addon import proposals
from sidecar_addon.proposals import Decision, Proposal, ProposalError
from sidecar_addon.table import digest_of
from sidecar_addon.times import iso, parse_time

FOLDER = "queue"
PROPOSALS = "/var/lib/supervise/proposals"
SEEN_FILE = f"{FOLDER}/seen"
"""When supervise's folder was last read; `status --short` says by it whether its count is still known."""
SEEN_EVERY = timedelta(seconds=10)
OPEN = ("pending", "failed")
MOST = 2_000
"""Files of one reading that are looked at; a hostile supervise may have made more."""


@dataclass(frozen=True)
class Note:
    """What the host keeps beside a proposal: `queue/<id>.note.json`."""

    incarnation: str
    digest: str
    """Of the bytes as first seen."""
    seen_at: datetime
    grants: tuple[str, ...] = ()
    """Every grant that an approval of it ever made, the last one last."""
    change: str = ""
    lasts: str = ""
    by_operator: bool = False
    """Whether the operator filed it, here; supervise and the agent do not know it."""


@dataclass(frozen=True)
class Entry:
    """One proposal of the queue. `data` is the host's copy, the only one that counts."""

    proposal: Proposal
    data: bytes
    note: Note
    decision: Decision | None = None
    current: bool = True
    """Whether it belongs to the incarnation that is there now."""

    @property
    def id(self) -> str:
        """The proposal's ULID."""
        return self.proposal.id

    @property
    def status(self) -> ProposalStatus:
        """How it stands. Proposals of an earlier incarnation, never decided, are superseded."""
        if self.decision is not None and self.decision.status != "pending":
            status: ProposalStatus = self.decision.status  # type: ignore[assignment]  # parse_decision checked it
            if self.current or status != "failed":
                return status
        return "pending" if self.current else "superseded"

    def grant_id(self) -> str:
        """The id of the grant that the next approval makes; never one that was in force before."""
        count = len(self.note.grants)
        return self.id if count == 0 else f"{self.id}.{count + 1}"


@dataclass(frozen=True)
class Refused:
    """A file in supervise that is no proposal, or is not what it was."""

    name: str
    why: str


def sync(session: Session) -> list[Refused]:
    """Copy what is new in supervise. Raises SidecarUnreachable. What is refused is reported, and never followed."""
    found = session.sidecar("supervise").read_folder(PROPOSALS)
    refused: list[Refused] = []
    for name in sorted(found, key=_by_age)[-MOST:]:
        why = _take(session, name, found[name])
        if why is not None:
            refused.append(Refused(name[:100], why))
    if len(found) > MOST:
        refused.append(Refused("…", f"{len(found) - MOST} more files are left unread; supervise files at most 20 open"))
    stamp(session)
    return refused


def _by_age(name: str) -> tuple[bool, str]:
    """The oldest first, and before all what is none: an agent that asks for weeks fills the folder with old ones."""
    return proposals.is_id(name.removesuffix(".json")), name


def stamp(session: Session) -> None:
    """Leave when the queue was looked at, at most every few seconds."""
    now, last = session.clock.now(), session.home.read(SEEN_FILE)
    stamp, recent = str(iso(now)), str(iso(now - SEEN_EVERY))
    if last is None or not recent <= last.decode("ascii", "replace") <= stamp:
        session.home.write(SEEN_FILE, stamp.encode())


def _take(session: Session, name: str, data: bytes) -> str | None:
    """Keep one proposal; why not, if not. What is known is not read again: after a while that is nearly all of them."""
    known = _note(session.home, identity) if proposals.is_id(identity := name.removesuffix(".json")) else None
    if known is not None:
        same = known.digest == digest_of(data)
        return None if same else "was changed after it was first seen; the copy first seen counts"
    try:
        proposal = proposals.parse_proposal(data)
    except ProposalError as error:
        return str(error)
    if name != f"{proposal.id}.json":
        return f"holds the proposal {proposal.id}, which is not its name"
    note = Note(session.recorded.incarnation, digest_of(data), session.clock.now())
    session.home.write(f"{FOLDER}/{proposal.id}.json", data)
    _keep(session.home, proposal.id, note)
    return None


def file_own(session: Session, proposal: Proposal) -> None:
    """Put a proposal of the operator's into the host's queue. The caller holds the lock and has it in the ledger."""
    data = proposals.render(proposal)
    note = Note(session.recorded.incarnation, digest_of(data), session.clock.now(), by_operator=True)
    session.home.write(f"{FOLDER}/{proposal.id}.json", data)
    _keep(session.home, proposal.id, note)


def entries(home: BottleHome, incarnation: str | None) -> list[Entry]:
    """Every proposal that the host has a copy of, oldest first. `incarnation`: the one that runs, None when down."""
    return list(_entries(home, incarnation))


def has_open(home: BottleHome, incarnation: str | None) -> bool:
    """Whether one of them waits."""
    return any(item.status in OPEN for item in _entries(home, incarnation))


def _entries(home: BottleHome, incarnation: str | None) -> Iterator[Entry]:
    for name in home.names(FOLDER):
        identity = name.removesuffix(".note.json")
        item = entry(home, identity, incarnation) if identity != name and proposals.is_id(identity) else None
        if item is not None:
            yield item


def entry(home: BottleHome, identity: str, incarnation: str | None) -> Entry | None:
    """One proposal; None when there is none, or when its copy is not what was hashed. Raises InvalidFile."""
    note, data = _note(home, identity), home.read(f"{FOLDER}/{identity}.json")
    if note is None or data is None or digest_of(data) != note.digest:
        return None
    try:
        proposal = _parsed(note.digest, data)
    except ProposalError as error:  # an earlier version took it
        raise damaged(home, f"{FOLDER}/{identity}.json", error) from None
    return Entry(
        proposal=proposal,
        data=data,
        note=note,
        decision=_decision(home, identity),
        current=note.incarnation == incarnation,
    )


_proposals: dict[str, Proposal] = {}
"""By the digest of their bytes, as this process has read them: agents make them long, and every look needs them all."""


def _parsed(digest: str, data: bytes) -> Proposal:
    found = _proposals.get(digest)
    if found is None:
        found = proposals.parse_proposal(data)
        if len(_proposals) >= MOST:
            _proposals.clear()
        _proposals[digest] = found
    return found


def find(world: World, fragment: str) -> tuple[str, str]:
    """(slug, id) of the one proposal whose id contains the fragment. Raises NotFound, UsageError."""
    wanted = fragment.strip().upper()
    found = [
        (slug, identity)
        for slug in world.home.slugs()
        for name in world.home.bottle(slug).names(FOLDER)
        if name.endswith(".note.json") and wanted in (identity := name.removesuffix(".note.json"))
    ]
    if not wanted or not found:
        raise NotFound(f"no proposal has {fragment!r} in its id; `bottle-tui proposals --all` lists them")
    exact = [item for item in found if item[1] == wanted]
    if len(found) > 1 and not exact:
        some = ", ".join(identity for _, identity in found[:4])
        raise UsageError(f"{fragment!r} is in {len(found)} ids ({some}…); write more of the one you mean")
    return (exact or found)[0]


def remember(home: BottleHome, item: Entry, **changes: Any) -> None:
    """Change the host's note on a proposal."""
    _keep(home, item.id, replace(item.note, **changes))


def write(home: BottleHome, decision: Decision) -> None:
    """Keep a decision on the host."""
    home.write(f"{FOLDER}/{decision.id}.decision.json", proposals.render(decision))


def _decision(home: BottleHome, identity: str) -> Decision | None:
    name = f"{FOLDER}/{identity}.decision.json"
    data = home.read(name)
    try:
        return None if data is None else proposals.parse_decision(data)
    except ProposalError as error:
        raise damaged(home, name, error) from None


def _note(home: BottleHome, identity: str) -> Note | None:
    name = f"{FOLDER}/{identity}.note.json"
    data = home.read(name)
    if data is None:
        return None
    try:
        value = json.loads(data)
        return Note(
            incarnation=value["incarnation"],
            digest=value["digest"],
            seen_at=parse_time(value["seen_at"]),
            grants=tuple(value["grants"]),
            change=value["change"],
            lasts=value["lasts"],
            by_operator=value.get("by_operator") is True,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(home, name, error) from None


def damaged(home: BottleHome, name: str, error: Exception) -> InvalidFile:
    """Of a file that this host has written itself, about an ask."""
    return InvalidFile(f"is damaged ({error}); move it out of {home.path}, and the agent may ask again", file=name)


def _keep(home: BottleHome, identity: str, note: Note) -> None:
    data = {
        "incarnation": note.incarnation,
        "digest": note.digest,
        "seen_at": iso(note.seen_at),
        "grants": list(note.grants),
        "change": note.change,
        "lasts": note.lasts,
        "by_operator": note.by_operator,
    }
    home.write(f"{FOLDER}/{identity}.note.json", json.dumps(data).encode())
