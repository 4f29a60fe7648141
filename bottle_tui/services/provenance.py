"""From a log event to the grant that decided, to who brought it, when and why; and back to the grant's traffic."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bottle_tui.core import admission, ledger, rollup
from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Row
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, queue, session, traffic
from bottle_tui.services.evidence import born
from bottle_tui.services.prior import Story, stories
from bottle_tui.services.queue import Entry
from sidecar_addon import hosts, proposals
from sidecar_addon.table import Grant, Route
from sidecar_addon.times import parse_time


def of_event(world: World, slug: str, event: Mapping[str, Any]) -> Provenance:
    """Of the grant that an `allowed`, `denied` or `finished` event names. Raises NotFound for the bottle.

    An event without one has the source "none"; the line says what that means.
    """
    grant, reason = event.get("grant"), event.get("reason")
    if not isinstance(grant, str) or not grant:
        host = str(event.get("host") or "")
        lookup.home_of(world, slug)
        return Provenance(slug, "", "none", _without(world, slug, host, reason), host=host)
    found = of_grant(world, slug, grant)
    if event.get("event") == "denied" and isinstance(reason, str):
        return replace(found, line=f"denied ({reason}) although {found.line}")
    return found


def _without(world: World, slug: str, host: str, reason: object) -> str:
    if isinstance(reason, str) and reason != "host_not_allowed":
        return f"no grant decided: {reason}"
    if not host:
        return "this line is about no request"
    later = covering(world, slug, host)
    if not later:
        return f"no grant: no route names {host}"
    which = f"{len(later)} grants do" if len(later) > 1 else f"grant …{later[0].id[-6:]} does"
    return f"no grant: no route named {host} then, {which} now"


def covering(world: World, slug: str, host: str) -> list[Grant]:
    """The grants that are about this host in the table as it is now, whatever their paths; [] without a table."""
    try:
        route = session.live(world.home.bottle(slug)).table.route_for(host)
    except BottleError:
        return []
    return [each for each in route.grants if each.host is None or hosts.covers(each.host, host)] if route else []


def of_grant(world: World, slug: str, grant_id: str) -> Provenance:
    """Where a grant comes from; one that is gone is looked up in the queue and the ledger. Raises NotFound."""
    lookup.home_of(world, slug)
    digest, route, grant = _in_table(world, slug, grant_id)
    found = Provenance(
        slug=slug,
        grant=grant_id,
        source="unknown",
        line="",
        host=(grant.host or route.host) if route and grant else "",
        route=route.host if route else "",
        rules=admission.rules(grant) if grant else "",
        in_table=grant is not None,
        expires_at=grant.expires_at if grant else None,
        digest=digest,
        standing=grant,
    )
    proposal = (grant.proposal if grant else None) or _proposal_of(grant_id)
    if proposal is not None:
        told = _of_proposal(world, slug, proposal, found)
        if told is not None:
            return told
    return _of_operator(world, slug, found) or _of_manifest(world, slug, found)


def traffic_of(world: World, slug: str, grant_id: str) -> tuple[Row, ...]:
    """What a grant has admitted, by host, method and path prefix; as far as it was drained."""
    rows, _ = traffic.kept(world, slug, None)
    return tuple(rollup.summed(row for row in rows if row.grant == grant_id and row.reason is None))


def _in_table(world: World, slug: str, grant_id: str) -> tuple[str, Route | None, Grant | None]:
    try:
        table = session.live(world.home.bottle(slug)).table
    except BottleError:
        return "", None, None
    found = ((table.digest, route, grant) for route, grant in table.grants() if grant.id == grant_id)
    return next(found, (table.digest, None, None))


def _proposal_of(grant_id: str) -> str | None:
    """A grant of a proposal has its id, `<id>.2` after it was approved before."""
    head = grant_id.partition(".")[0]
    return head if proposals.is_id(head) else None


def _of_proposal(world: World, slug: str, identity: str, found: Provenance) -> Provenance | None:
    record = lookup.find(world, slug)
    entry = queue.entry(world.home.bottle(slug), identity, record.incarnation if record else None)
    story = stories(world, slug, identity).get(identity)
    if entry is not None:
        return _with_line(_told(found, entry, story))
    if story is not None and story.proposal is not None:
        return _with_line(_recalled(found, identity, story))
    return None


def _told(found: Provenance, entry: Entry, story: Story | None) -> Provenance:
    decision, asked = entry.decision, entry.proposal
    return replace(
        found,
        source="operator" if entry.note.by_operator else "proposal",
        host=found.host or str(asked.args.get("host", "")),
        proposal=entry.id,
        asked_by=asked.author,
        asked_at=asked.created,
        decided_by=(story.by if story else "") or (decision.by if decision else ""),
        decided_at=(story.at if story else None) or (decision.decided_at if decision else None),
        words=str(asked.args.get("justification", "")),
        reason=decision.reason if decision else None,
        edited=story is not None and _is_edited(story),
        lasts=entry.note.lasts,
    )


def _recalled(found: Provenance, identity: str, story: Story) -> Provenance:
    """By the ledger alone: the proposal belongs to an earlier start, and came back as one of "always"."""
    assert story.proposal is not None, "only with its bytes does a story come here"
    return replace(
        found,
        source="operator" if story.by_operator else "proposal",
        host=found.host or str(story.proposal.args.get("host", "")),
        proposal=identity,
        asked_by=story.proposal.author,
        asked_at=story.proposal.created,
        decided_by=story.by,
        decided_at=story.at,
        words=str(story.proposal.args.get("justification", "")),
        reason=story.reason,
        edited=_is_edited(story),
        lasts=str(story.edit.get("lasts", "")),
    )


def _is_edited(story: Story) -> bool:
    return bool(story.edit.keys() - {"lasts"})


def _with_line(found: Provenance) -> Provenance:
    asked = "proposed by the operator" if found.source == "operator" else "asked for by the agent"
    parts = [f"{found.grant} was {asked}"]
    if found.decided_by and found.decided_at:
        edited = " with changes" if found.edited else ""
        parts.append(f"approved{edited} by {found.decided_by} at {found.decided_at.astimezone():%Y-%m-%d %H:%M:%S}")
    if not found.in_table:
        parts.append(f"not in force any more ({found.reason})" if found.reason else "not in force any more")
    return replace(found, line=", ".join(parts))


def _of_operator(world: World, slug: str, found: Provenance) -> Provenance | None:
    """A grant that an operator added by hand: the ledger's record that has it in the table after, and not before."""
    for line in audit.newest(world.home.bottle(slug)):
        if found.grant.encode() not in line:
            continue
        record = ledger.parsed(line)
        if record.get("kind") == "result" and record.get("in_force") is True and _adds(record, found.grant):
            who = str(record.get("actor") or "")
            told = replace(found, source="operator", asked_by=who, decided_by=who, decided_at=_moment(record))
            when = f" at {told.decided_at.astimezone():%Y-%m-%d %H:%M:%S}" if told.decided_at else ""
            over = "" if told.in_table else ", not in force any more"
            return replace(told, line=f"{found.grant} was added by {who}{when}{over}")
    return None


def _adds(record: Mapping[str, Any], grant_id: str) -> bool:
    before, after = (_table_text(record.get(side)) for side in ("before", "after"))
    mark = f'"id":"{grant_id}"'
    return mark in after and mark not in before


def _table_text(files: object) -> str:
    text = files.get("routes.yaml") if isinstance(files, dict) else None
    return text if isinstance(text, str) else ""


def _moment(record: Mapping[str, Any]) -> Any:
    try:
        return parse_time(str(record.get("time")))
    except ValueError:
        return None


def _of_manifest(world: World, slug: str, found: Provenance) -> Provenance:
    kept = world.home.bottle(slug).read("grants.yaml") or b""
    if found.grant.encode() in kept and born(found.grant) is not None:
        return replace(found, source="always", line=f"{found.grant} was approved “always” (grants.yaml)")
    if found.in_table and born(found.grant) is None:
        return replace(
            found, source="manifest", line=f"{found.grant} stands in the manifest, or came with its provider"
        )
    return replace(found, line=f"where {found.grant} comes from is not known: neither table, queue nor ledger has it")
