"""From what a log line is about, in whichever sidecar's log it stands, to the grant or the ask behind it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bottle_tui.core.provenance import Provenance
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import lookup, provenance, queue, session
from bottle_tui.services.queue import Entry
from bottle_tui.services.session import Live
from sidecar_addon import hosts, proposals
from sidecar_addon.table import Grant


def of_subject(world: World, slug: str, subject: Mapping[str, Any]) -> Provenance:
    """See `log_subject.subject`; one without a sidecar's name is the gate's event of a request. Raises NotFound."""
    if "of" not in subject:
        return provenance.of_event(world, slug, subject)
    identity = subject.get("proposal")
    if isinstance(identity, str):
        return of_proposal(world, slug, identity)
    host = str(subject.get("host") or "")
    return _of_host(world, slug, host, str(subject["of"]), refused=subject.get("refused") is True)


def of_proposal(world: World, slug: str, identity: str) -> Provenance:
    """Of its grant where it was approved; else how the ask stands. Raises NotFound for the bottle."""
    record = lookup.find(world, slug)
    home = world.home.bottle(slug)
    entry = queue.entry(home, identity, record.incarnation if record else None) if proposals.is_id(identity) else None
    standing = [grant.id for grant in _grants(world, slug) if grant.proposal == identity]
    if standing or (entry is not None and entry.status == "approved" and entry.note.grants):
        return provenance.of_grant(world, slug, standing[-1] if standing else entry.note.grants[-1])  # type: ignore[union-attr]
    found = provenance.of_grant(world, slug, identity)
    if entry is not None:
        return replace(found, grant="", source="asked", line=_how_it_stands(entry))
    if found.source == "unknown":
        return replace(found, grant="", line=f"no proposal {identity} is kept of this bottle: it was never copied here")
    return found


def _how_it_stands(entry: Entry) -> str:
    what, decision = entry.proposal.args.get("host") or entry.proposal.tool, entry.decision
    if entry.status == "pending" or decision is None:
        return f"{what} was asked for by the agent, and waits for a decision: no grant yet"
    reason = f": {decision.reason}" if decision.reason else ""
    at = f"{decision.decided_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{what} was asked for by the agent, {entry.status} by {decision.by} at {at}{reason}; no grant came of it"


def _of_host(world: World, slug: str, host: str, sidecar: str, *, refused: bool) -> Provenance:
    """Of the one grant that covers it. With several, which of them it was stands in the gate's log only."""
    live = _live(world, slug)
    table = live.table if live else None
    route = table.route_for(host) if table else None
    covering = [each for each in route.grants if each.host is None or hosts.covers(each.host, host)] if route else []
    if len(covering) == 1:
        found = provenance.of_grant(world, slug, covering[0].id)
        return replace(found, line=f"refused by {sidecar} although {found.line}") if refused else found
    found = provenance.of_event(world, slug, {"host": host})
    if covering:
        return replace(found, line=f"{len(covering)} grants cover {host}; which one it was is in the log of egress")
    listed = live.state.extra.hosts if live else ()
    if any(hosts.covers(pattern, host) for pattern in listed):
        return replace(found, line=f"no grant: no route names {host}; it stands in pipelock's own list")
    return found


def _grants(world: World, slug: str) -> list[Grant]:
    live = _live(world, slug)
    return [grant for _, grant in live.table.grants()] if live else []


def _live(world: World, slug: str) -> Live | None:
    try:
        return session.live(world.home.bottle(slug))
    except BottleError:
        return None
