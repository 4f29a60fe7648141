"""The queue on its volume: proposals that supervise files, decisions and state that the host puts there.

Everything is reconstructed from disk; what is kept in memory is a copy. Nothing here knows MCP.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio

from sidecar_addon import proposals, spool
from sidecar_addon.asks import ProposalError, ask_key
from sidecar_addon.proposals import Decision, Proposal, State
from sidecar_addon.supervise.settings import Emit

MAX_OPEN = 20
REMEMBERED = timedelta(minutes=30)
STATE_FILE = "state.json"
REPEATED = 50
"""Of a large reload, as many acks are repeated by a signal without a new file."""


class QueueFull(Exception):
    """As many proposals wait as may wait. `ids` names them."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} proposals are waiting")
        self.ids = ids


class Queue:
    """Proposals and decisions of one bottle. Not for threads: it lives on the event loop."""

    def __init__(self, folder: Path, emit: Emit, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._proposals_folder = folder / "proposals"
        self._decisions_folder = folder / "decisions"
        self._aside = folder / "aside"
        self._emit = emit
        self.now = now
        self.state = State()
        self.changed = anyio.Event()
        """Set, and replaced, whenever something was loaded."""
        self._proposals: dict[str, Proposal] = {}
        self._latest: dict[str, str] = {}
        self._decisions: dict[str, Decision] = {}
        self._digests: dict[str, str] = {}
        self._first_seen: dict[str, datetime] = {}
        self._read: set[tuple[str, str]] = set()
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._last_acks: list[dict[str, Any]] = []

    def open(self) -> None:
        """Make the folders, set aside what is no proposal, load everything. Raises OSError."""
        for folder in (self._proposals_folder, self._decisions_folder):
            folder.mkdir(parents=True, exist_ok=True)
            spool.sweep(folder)
        entries, refused = spool.scan(self._proposals_folder, proposals.LIMIT_BYTES)
        for item in refused:
            self._refuse_proposal(item.name, item.problem)
        for entry in entries:
            try:
                self._remember(_named(entry.name, proposals.parse_proposal(entry.data)))
            except ProposalError as error:
                self._refuse_proposal(entry.name, str(error))
        self.reload()
        self._take_old_ones_as_read()

    def reload(self) -> None:
        """Read decisions and state off disk; one event line for each that was put there since the last time.

        A signal without a new file repeats the lines of the one before, so that a lost answer can be asked for again.
        """
        entries, refused = spool.scan(self._decisions_folder, proposals.LIMIT_BYTES)
        acks: list[dict[str, Any]] = []
        for entry in entries:
            if self._stamps.get(entry.name) != entry.stamp:
                self._stamps[entry.name] = entry.stamp
                acks.append(self._load(entry))
        for item in refused:
            if self._stamps.get(item.name) != item.stamp:
                self._stamps[item.name] = item.stamp
                acks.append(_rejected(f"decisions/{item.name}", item.problem))
        acks += self._forget_removed({entry.name for entry in entries} | {item.name for item in refused})
        for ack in acks or self._last_acks:
            self._emit(ack)
        self._last_acks = acks[-REPEATED:] or self._last_acks
        self.changed.set()
        self.changed = anyio.Event()

    def file(self, tool: str, args: dict[str, Any], author: str) -> Proposal:
        """Write a new proposal and tell the host. Raises QueueFull, OSError. No await, so no cancellation."""
        waiting = self.open_ids()
        if len(waiting) >= MAX_OPEN:
            raise QueueFull(waiting)
        moment = self.now()
        identity = proposals.new_id(int(moment.timestamp() * 1000), secrets.token_bytes(10))
        proposal = Proposal(id=identity, tool=tool, author=author, created=moment, args=args)
        data = proposals.render(proposal)
        spool.write(self._proposals_folder, f"{identity}.json", data)
        self._remember(proposal)
        self._emit({"event": "proposal_filed", "id": identity, "digest": spool.digest_of(data)})
        return proposal

    def same_ask(self, tool: str, args: dict[str, Any]) -> Proposal | None:
        """The earlier proposal that this ask joins: still open, decided but never read, or rejected lately."""
        identity = self._latest.get(ask_key(tool, args))
        if identity is None:
            return None
        decision = self.decision(identity)
        if decision is None or decision.status == "failed" or not self._is_told(identity, decision):
            return self._proposals[identity]
        return None

    def remembered_until(self, identity: str) -> datetime:
        """Until when a rejection answers the same ask. A decision dated in the future counts from when it came."""
        decision = self._decisions[identity]
        return min(decision.decided_at, self._first_seen[identity]) + REMEMBERED

    def proposal(self, identity: str) -> Proposal | None:
        """The proposal of that id."""
        return self._proposals.get(identity)

    def decision(self, identity: str) -> Decision | None:
        """Its decision as last loaded; None when nobody has decided, or when it was reopened."""
        decision = self._decisions.get(identity)
        return None if decision is None or decision.status == "pending" else decision

    def is_final(self, identity: str) -> bool:
        """Whether it was approved, rejected or superseded; `failed` is still open."""
        decision = self.decision(identity)
        return decision is not None and decision.status != "failed"

    def open_ids(self) -> list[str]:
        """Ids that still wait for the operator, oldest first."""
        return sorted(identity for identity in self._proposals if not self.is_final(identity))

    def mark_read(self, identity: str) -> None:
        """The agent has been given this decision; said once."""
        decision = self.decision(identity)
        if decision is None or self.was_read(identity):
            return
        self._read.add((identity, self._digests[identity]))
        self._emit({"event": "decision_read", "id": identity, "status": decision.status})

    def was_read(self, identity: str) -> bool:
        """Whether the agent has been given the decision as it stands, as far as this process knows."""
        return (identity, self._digests.get(identity, "")) in self._read

    def _is_told(self, identity: str, decision: Decision) -> bool:
        """Whether this final decision is no answer to the same ask any more."""
        if decision.status == "rejected":
            return self.was_read(identity) and self.now() >= self.remembered_until(identity)
        if decision.status == "approved" and not decision.holds(self.now()):
            return True
        return self.was_read(identity)

    def _take_old_ones_as_read(self) -> None:
        """After a restart nobody knows what was read; what is old is not told again."""
        for identity, decision in self._decisions.items():
            if self.now() - decision.decided_at > REMEMBERED:
                self._read.add((identity, self._digests[identity]))

    def _remember(self, proposal: Proposal) -> None:
        key = proposal.key
        self._proposals[proposal.id] = proposal
        self._latest[key] = max(proposal.id, self._latest.get(key, ""))

    def _refuse_proposal(self, name: str, problem: str) -> None:
        moved = spool.set_aside(self._proposals_folder, name, self._aside)
        where = "; set aside" if moved else "; left where it is"
        self._emit(_rejected(f"proposals/{name}", problem + where))

    def _load(self, entry: spool.Entry) -> dict[str, Any]:
        try:
            if entry.name == STATE_FILE:
                self.state = proposals.parse_state(entry.data)
                return {"event": "state_loaded", "digest": entry.digest}
            decision = _named(entry.name, proposals.parse_decision(entry.data))
        except ProposalError as error:
            return _rejected(f"decisions/{entry.name}", str(error))
        self._decisions[decision.id] = decision
        self._digests[decision.id] = entry.digest
        self._first_seen[decision.id] = self.now()
        return {"event": "decision_loaded", "id": decision.id, "digest": entry.digest, "status": decision.status}

    def _forget_removed(self, names: set[str]) -> list[dict[str, Any]]:
        acks: list[dict[str, Any]] = []
        for name in [name for name in self._stamps if name not in names]:
            del self._stamps[name]
            identity = name.removesuffix(".json")
            if name == STATE_FILE:
                self.state = State()
                acks.append({"event": "state_loaded", "digest": None})
            elif self._decisions.pop(identity, None) is not None:
                self._digests.pop(identity, None)
                acks.append({"event": "decision_loaded", "id": identity, "digest": None, "status": "pending"})
        return acks


def _named[T: (Proposal, Decision)](name: str, item: T) -> T:
    if name != f"{item.id}.json":
        raise ProposalError(f"id: {item.id} does not belong in a file of this name")
    return item


def _rejected(name: str, error: str) -> dict[str, Any]:
    return {"event": "file_rejected", "name": name[:200], "error": error[:500]}
