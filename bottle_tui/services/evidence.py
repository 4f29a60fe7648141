"""Evidence beside a claim: one bounded look at the sidecars' events, and what the files of this home say.

Everything here blocks; it is called from workers. With a `window` at hand only files are read.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bottle_tui.core import admission, denials, gate_events
from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.evidence import Elsewhere, Evidence, Fit, Replay, Subsumed, Use, Window
from bottle_tui.errors import BottleError, NotFound, SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import backlog, gate, lookup, queue, review, session, traffic
from bottle_tui.services.prior import decided_before
from bottle_tui.services.proposed import Proposed
from bottle_tui.services.queue import Entry
from bottle_tui.services.seen import Traffic
from bottle_tui.services.session import Live, Session
from sidecar_addon import asks, hosts, proposals
from sidecar_addon.table import Grant, Table

TAIL = 5_000
"""Of the gate's lines; supervise says less."""
_SUPERVISE_TAIL = 1_000
_SECONDS = 1.0


def window(world: World, slug: str) -> Window:
    """The last events of a bottle's gate and supervise. What cannot be read is `known=False`. Raises NotFound."""
    opened = session.opened(world, slug)
    try:
        egress = opened.sidecar("egress")
        read = backlog.read(world.clock, egress, limit=TAIL, seconds=_SECONDS, tail=TAIL)
    except SidecarUnreachable:
        return Window()
    found = gate_events.window(read.events, _of_supervise(opened))
    return replace(found, scans=_scans(opened), cut_short=bool(read.problem))


def _of_supervise(opened: Session) -> list[dict[str, Any]]:
    try:
        supervise = opened.sidecar("supervise")
        read = backlog.read(opened.clock, supervise, limit=_SUPERVISE_TAIL, seconds=_SECONDS, tail=_SUPERVISE_TAIL)
    except SidecarUnreachable:
        return []
    return read.events


def _scans(opened: Session) -> dict[str, tuple[int, int, int]] | None:
    try:
        stats = gate.scan_stats(opened.sidecar("egress"), seconds=_SECONDS)
    except SidecarUnreachable:
        return None
    return {host: tuple(int(each.get(key, 0)) for key in ("requests", "bytes", "ms")) for host, each in stats.items()}  # type: ignore[misc]  # three of them


def of_card(world: World, id: str, edit: Edit = AS_ASKED, *, window: Window | None = None) -> Evidence:
    """Everything beside one proposal, with the operator's edit in it. Raises NotFound, UsageError for the id."""
    slug, identity = queue.find(world, id)
    opened = session.opened(world, slug) if lookup.find(world, slug) is not None else None
    entry = queue.entry(world.home.bottle(slug), identity, opened.recorded.incarnation if opened else None)
    if entry is None:
        raise NotFound(f"the copy of proposal {identity} is damaged; the agent has to ask again")
    host = str(edit.apply_to(entry.proposal.args).get("host", ""))
    if window is None:
        window = _window(world, slug) if opened else Window()
    prior = decided_before(world, slug, host, identity, window)
    found = Evidence(identity, slug, host, window.known, prior=prior, cut_short=window.cut_short)
    if not host:
        return found
    found = replace(_seen(found, window), elsewhere=_elsewhere(world, slug, host))
    return found if opened is None else _measured(world, opened, entry, edit, window, found)


def _window(world: World, slug: str) -> Window:
    try:
        return window(world, slug)
    except NotFound:
        return Window()


def _seen(found: Evidence, window: Window) -> Evidence:
    mine = [denial for denial in window.denials if denials.reaches(found.host, denial.host)]
    return replace(
        found,
        groups=denials.groups(mine),
        denied=sum(denial.count for denial in mine if not denial.background),
        scan=(window.scans or {}).get(found.host),
    )


def _measured(world: World, opened: Session, entry: Entry, edit: Edit, window: Window, found: Evidence) -> Evidence:
    """What a merge is needed for. A proposal that cannot be merged as it stands has none of it."""
    try:
        live = session.live(opened.home)
    except BottleError:
        return found
    found = replace(found, uses=_uses_on(world, opened, live, found.host))
    if entry.status not in review.UNDECIDED or entry.proposal.tool != "egress-block":
        return found
    now = world.clock.now()
    mine = [each for each in window.denials if denials.reaches(found.host, each.host)]
    fit = denials.fitted(each for each in mine if not denials.admits(live.table, each, now))
    found = replace(found, fit=fit, unseen=denials.unseen(_listed(edit.apply_to(entry.proposal.args)), mine))
    try:
        proposed = review.measured(world, opened, live, entry, Traffic(), edit)
    except BottleError:
        return found
    return replace(
        found,
        replay=_replay(world, opened, live, entry, edit, proposed, window),
        subsumes=_subsumed(proposed, found.host),
    )


def _listed(args: Mapping[str, Any]) -> Fit:
    """What an ask lists."""
    fields = asks.grant_fields(args)
    return Fit(*(tuple(fields[key] or ()) for key in ("path_allowlist", "methods", "ports")))


def _replay(
    world: World, opened: Session, live: Live, entry: Entry, edit: Edit, proposed: Proposed, window: Window
) -> Replay | None:
    if not window.known:
        return None
    before, after = Table(proposed.before.routes), Table(proposed.merged.after.routes)
    asked = after
    if entry.note.by_operator:
        asked = before
    elif edit != AS_ASKED:
        try:
            plain = review.measured(world, opened, live, entry, Traffic(), Edit(lasts=edit.lasts, scan=edit.scan))
            asked = Table(plain.merged.after.routes)
        except BottleError:
            asked = before
    return denials.replay(window, before, after, asked, world.clock.now())


def _subsumed(proposed: Proposed, host: str) -> tuple[Subsumed, ...]:
    ids = proposed.merged.grant_ids
    new = next((grant for route in proposed.merged.after.routes for grant in route.grants if grant.id in ids), None)
    return admission.subsumed(proposed.before.routes, new, host) if new is not None else ()


def _uses_on(world: World, opened: Session, live: Live, host: str) -> tuple[Use, ...]:
    """Of the grants that decide for this host."""
    route = live.state.named(host)
    mine = [grant for grant in (route.grants if route else ()) if grant.host is None or hosts.covers(grant.host, host)]
    if not mine:
        return ()
    counted = traffic.uses(world, opened.slug)
    return tuple(_use(grant, counted, opened) for grant in mine)


def of_grants(world: World, slug: str) -> dict[str, Use]:
    """Every grant in the table with what it has admitted: `requests == 0` is never used. Raises NotFound, Conflict."""
    opened = session.opened(world, slug)
    counted = traffic.uses(world, slug)
    return {grant.id: _use(grant, counted, opened) for _, grant in session.live(opened.home).table.grants()}


def _use(grant: Grant, counted: Mapping[str, Use], opened: Session) -> Use:
    """A manifest's grant is called the same in the next incarnation, so only an id of its own tells its beginning."""
    since = born(grant.id) or opened.recorded.created
    return replace(counted.get(grant.id, Use(grant.id)), since=since)


def _elsewhere(world: World, slug: str, host: str) -> tuple[Elsewhere, ...]:
    found = []
    for other in world.home.slugs():
        if other == slug:
            continue
        try:
            found += _in_other(world, other, host)
        except BottleError:
            continue  # a damaged neighbour is its own trouble
    return tuple(found)


def _in_other(world: World, slug: str, host: str) -> list[Elsewhere]:
    record = lookup.find(world, slug)
    data = world.home.bottle(slug).read(session.TABLE_FILE)
    if record is None or data is None:
        return []
    live = session.live(world.home.bottle(slug))
    route = live.state.named(host)
    mine = [grant for grant in (route.grants if route else ()) if grant.host is None or hosts.covers(grant.host, host)]
    if route is None or not mine:
        return []
    counted = traffic.uses(world, slug)
    used = [counted[grant.id] for grant in mine if grant.id in counted]
    last = max((use.last for use in used if use.last is not None), default=None)
    since = min(born(grant.id) or record.created for grant in mine)
    return [Elsewhere(slug, route.host, since, sum(use.requests for use in used), last)]


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def born(identity: str) -> datetime | None:
    """When an id was made, by the time in a ULID; None for one that is none, such as a manifest's `m1`."""
    head = identity.partition(".")[0]
    if not proposals.is_id(head):
        return None
    milliseconds = 0
    for char in head[:10]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(char)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError):
        return None
