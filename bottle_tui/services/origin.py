"""From what a log line is about, in whichever sidecar's log it stands, to the grant or the ask behind it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bottle_tui.core import deeds
from bottle_tui.core.deeds import Deed
from bottle_tui.core.provenance import Provenance
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, provenance, queue, session
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
    load = subject.get("apply")
    if isinstance(load, str):
        return of_load(world, slug, load)
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
    at = f"{decision.decided_at.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{what} was asked for by the agent, {entry.status} by {decision.by} at {at}{reason}; no grant came of it"


def of_load(world: World, slug: str, apply: str) -> Provenance:
    """Of what somebody decided, where a table was loaded for that; else what is known of it. Raises NotFound."""
    found = provenance.of_event(world, slug, {})
    deed = _deed_of(world, slug, apply)
    if deed is None:
        line = "no decision that the ledger still has loaded this table: a start, a time that ended, or an old one"
        return replace(found, line=line)
    did = f"{deed.verb} {deed.what}" if deed.verb.endswith("ed") else f"ran {deed.what}"
    line = f"loaded as {deed.actor} {did} at {deed.at.astimezone():%Y-%m-%d %H:%M:%S}"
    if deed.proposal is not None:
        told = of_proposal(world, slug, deed.proposal)
        return replace(told, line=f"{line}: {told.line}")
    host = ", ".join(deed.hosts)
    return replace(found, source="operator", host=host, decided_by=deed.actor, decided_at=deed.at, line=line)


def _deed_of(world: World, slug: str, apply: str) -> Deed | None:
    records = audit.newest_records(world.home.bottle(slug))
    numbers = {each.get("n") for each in records if each.get("kind") == "result" and each.get("apply") == apply}
    return next((deed for deed in deeds.deeds(records, {}) if deed.n in numbers), None) if numbers else None


def _of_host(world: World, slug: str, host: str, sidecar: str, *, refused: bool) -> Provenance:
    """Of the one grant that covers it. With several, which of them it was stands in the gate's log only."""
    covering = provenance.covering(world, slug, host)
    if len(covering) == 1:
        found = provenance.of_grant(world, slug, covering[0].id)
        return replace(found, line=f"refused by {sidecar} although {found.line}") if refused else found
    found = provenance.of_event(world, slug, {"host": host})
    if covering:
        return replace(found, line=f"{len(covering)} grants cover {host}; which one it was is in the log of egress")
    live = _live(world, slug)
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
