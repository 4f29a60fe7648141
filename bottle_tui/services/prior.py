"""What was decided in a bottle before about a host: from its queue, and from the ledger of earlier starts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottle_tui.core import ledger
from bottle_tui.core.admission import asked_line
from bottle_tui.core.evidence import Prior, Window
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, queue
from bottle_tui.services.queue import Entry
from sidecar_addon import hosts, proposals
from sidecar_addon.proposals import Proposal, ProposalError
from sidecar_addon.times import parse_time

MOST = 10


@dataclass
class Story:
    """What the ledger says of one proposal."""

    proposal: Proposal | None = None
    status: str = ""
    by: str = ""
    at: datetime | None = None
    reason: str | None = None
    change: str = ""
    edit: dict[str, Any] = field(default_factory=dict)
    by_operator: bool = False


def decided_before(world: World, slug: str, host: str, but: str, window: Window) -> tuple[Prior, ...]:
    """Decisions on the same host or pattern, `but` for one proposal; the latest first, ten at most."""
    home = world.home.bottle(slug)
    record = lookup.find(world, slug)
    entries = queue.entries(home, record.incarnation if record else None)
    about = [entry for entry in entries if _same(host, entry.proposal.args)]
    found = [_of_queue(entry, about, window) for entry in about if entry.id != but and _is_decided(entry)]
    known = {entry.id for entry in entries}
    for identity, story in stories(world, slug, host).items():
        if identity in known or identity == but or story.proposal is None or story.at is None:
            continue
        # A record holds the agent's words and whole tables too: what only names the host there is about another one.
        if _same(host, story.proposal.args):
            found.append(_of_ledger(identity, story, story.proposal, story.at))
    return tuple(sorted(found, key=lambda prior: prior.at, reverse=True)[:MOST])


def stories(world: World, slug: str, needle: str) -> dict[str, Story]:
    """Proposal → its story, of ledger records that hold the needle or continue one that did."""
    found: dict[str, Story] = {}
    for line in audit.newest(world.home.bottle(slug)):
        if needle.encode() in line:
            _tell(found, ledger.parsed(line))
    return found


def _tell(found: dict[str, Story], record: dict[str, Any]) -> None:
    identity, kind = record.get("proposal"), record.get("kind")
    if not isinstance(identity, str):
        return
    story = found.setdefault(identity, Story())
    if isinstance(record.get("proposal_bytes"), str):
        story.proposal = story.proposal or _parsed(record["proposal_bytes"])
    if kind == "proposed":
        story.by_operator = True
    elif kind == "intent" and record.get("of") == "approve":
        story.edit = record["edit"] if isinstance(record.get("edit"), dict) else {}
    elif kind == "result" and record.get("of") == "approve" and record.get("in_force") is True:
        _end(story, record, "approved")
        story.change = str(record.get("change") or "")
    elif kind == "rejected":
        _end(story, record, "rejected")
    elif kind == "reopened":
        story.status, story.at = "", None


def _end(story: Story, record: dict[str, Any], status: str) -> None:
    try:
        story.at = parse_time(str(record.get("time")))
    except ValueError:
        return
    story.status, story.by = status, str(record.get("actor") or "")
    story.reason = record.get("reason") if isinstance(record.get("reason"), str) else None


def _parsed(text: str) -> Proposal | None:
    try:
        return proposals.parse_proposal(text.encode())
    except ProposalError:
        return None


def _of_queue(entry: Entry, about: list[Entry], window: Window) -> Prior:
    decision = entry.decision
    assert decision is not None, "only what is decided comes here"
    later = [each for each in about if each.proposal.created > decision.decided_at and not each.note.by_operator]
    return Prior(
        id=entry.id,
        status="ended" if decision.status == "approved" and not decision.in_force else decision.status,
        by=decision.by,
        at=decision.decided_at,
        reason=decision.reason,
        asked=_asked(entry.proposal),
        again=window.again.get(entry.id, 0) + len(later),
        by_operator=entry.note.by_operator,
    )


def _of_ledger(identity: str, story: Story, proposal: Proposal, at: datetime) -> Prior:
    return Prior(
        id=identity,
        status=story.status,
        by=story.by,
        at=at,
        reason=story.reason,
        asked=_asked(proposal),
        by_operator=story.by_operator,
    )


def _is_decided(entry: Entry) -> bool:
    return entry.decision is not None and entry.decision.status in ("approved", "rejected")


def _asked(proposal: Proposal) -> str:
    if proposal.tool == "egress-block":
        return asked_line(proposal.args.get("path_allowlist"), proposal.args.get("methods"))
    return f"{proposal.tool} {proposal.args.get('want', '')}".strip()


def _same(host: str, args: dict[str, Any]) -> bool:
    """Whether two asks are about the same: one pattern covers the other."""
    other = args.get("host")
    if not host or not isinstance(other, str):
        return False
    try:
        mine = hosts.normalise_pattern(host)
    except hosts.HostError:
        return False
    return hosts.covers(mine, other) or hosts.covers(other, mine)
