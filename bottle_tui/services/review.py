"""Cards: each proposal with its facts, its risks and the change that approving it would make."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bottle_tui.core import denials, mirror
from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.risk import Seen
from bottle_tui.core.views import Card
from bottle_tui.errors import AlreadyDecided, BottleError, Conflict, InvalidFile, NotFound, SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import card_facts, filed, granted, interrupted, lookup, outdated, queue, seen, session, telling
from bottle_tui.services.lag import NO_LAG
from bottle_tui.services.proposed import Ground, Proposed, Subject, propose
from bottle_tui.services.queue import Entry
from bottle_tui.services.rounds import Rounds, once
from bottle_tui.services.seen import Traffic
from bottle_tui.services.session import Live, Session
from sidecar_addon import proposals

UNDECIDED = queue.OPEN
_EARLIER = "{} belongs to an earlier start of the bottle; the agent has to ask again"
PATIENCE, GLANCE = 20.0, 1.0
"""Seconds until a list is made without what a slow bottle's sidecars say: once, or again and again."""


def cards(
    world: World,
    slug: str | None = None,
    *,
    everything: bool = False,
    rounds: Rounds[Traffic] | None = None,
    lost: dict[str, str] | None = None,
) -> list[Card]:
    """Every proposal that waits, oldest first; with `everything`, decided ones too. Raises NotFound for a slug,
    InvalidFile.

    All bottles are looked at at once. With `rounds`, of somebody who looks again, one that is slow has the cards that
    are known by now. With `lost`, bottles whose files are damaged are left out, and it is told why, by slug.
    """
    if slug is not None:
        lookup.home_of(world, slug)
    listed, damaged = lookup.everything(world) if slug is None else ({slug: None}, {})
    slugs = list(listed)
    if lost is not None:
        lost |= damaged
    questions = {name: partial(_look, world, name, everything=everything) for name in slugs}
    seconds = PATIENCE if rounds is None else GLANCE
    heard = (rounds or Rounds[Traffic]()).ask(questions, seconds)
    found: list[Card] = []
    for name in slugs:
        try:
            found += _of_bottle(world, name, heard.get(name, Traffic()), everything=everything)
        except InvalidFile as error:
            if lost is None:
                raise
            lost[name] = str(error)
    return sorted(found, key=lambda card: card.id)


def card(world: World, id_fragment: str, edit: Edit = AS_ASKED, *, traffic: Traffic | None = None) -> Card:
    """One proposal, by any unique fragment of its id, with the operator's edit in its change. Raises NotFound.

    With `traffic` at hand, as when another edit is tried, neither queues nor logs are read again.
    """
    if traffic is None and not _is_known(world, id_fragment):
        once({name: partial(_sync, world, name) for name in lookup.everything(world)[0]}, PATIENCE)
    slug, identity = queue.find(world, id_fragment)
    if traffic is None:
        interrupted.settle(world, slug)
        outdated.settle(world, slug)
    opened = _session(world, slug)
    entry = queue.entry(world.home.bottle(slug), identity, opened.recorded.incarnation if opened else None)
    if entry is None:
        raise NotFound(f"the copy of proposal {identity} is damaged; the agent has to ask again")
    traffic = traffic or (seen.look(opened) if opened else Traffic())
    return _card(world, slug, opened, outdated.as_is(entry, world.clock.now()), traffic, edit)


def _is_known(world: World, identity: str) -> bool:
    """Whether that is a whole id of which there is a copy: then no queue has to be looked into."""
    name = f"{queue.FOLDER}/{identity}.note.json"
    return proposals.is_id(identity) and any(world.home.bottle(slug).read(name) for slug in world.home.slugs())


def _look(world: World, slug: str, *, everything: bool) -> Traffic:
    """What is new in its queue is copied; what its sidecars say beside what waits. Damage is told by the listing."""
    opened = _sync(world, slug)
    if opened is None:
        return Traffic()
    with contextlib.suppress(InvalidFile):
        if queue.has_open(opened.home, opened.recorded.incarnation) or (everything and opened.home.names(queue.FOLDER)):
            return seen.look(opened)
    return Traffic()


def _of_bottle(world: World, slug: str, traffic: Traffic, *, everything: bool) -> list[Card]:
    opened = _session(world, slug)
    incarnation = opened.recorded.incarnation if opened else None
    entries = outdated.as_they_are(queue.entries(world.home.bottle(slug), incarnation), world.clock.now())
    listed = [entry for entry in entries if everything or entry.status in UNDECIDED]
    return [_card(world, slug, opened, entry, traffic, AS_ASKED) for entry in listed]


def _session(world: World, slug: str) -> Session | None:
    if lookup.find(world, slug) is None:
        return None
    return session.opened(world, slug)


def _sync(world: World, slug: str) -> Session | None:
    """The bottle's session with new proposals copied; None when it is down. An unreachable or damaged queue is an old
    one.
    """
    interrupted.settle(world, slug)
    opened = _session(world, slug)
    if opened is not None:
        try:
            with contextlib.suppress(InvalidFile):
                filed.sync(opened)
        except SidecarUnreachable:
            return opened
        outdated.settle(world, slug)
    return opened


def ground(world: World, opened: Session, live: Live, traffic: Traffic, host: str) -> Ground:
    """What a proposal is measured against."""
    networks = mirror.allow_private(live.config)
    denied = (
        sum(count for name, count in traffic.denied.items() if denials.reaches(host, name)) if traffic.known else None
    )
    return Ground(live.state, opened.default_scan, world.clock.now(), Seen(denied, networks))


def subject(entry: Entry, edit: Edit) -> Subject:
    """A proposal as what it asks."""
    return Subject(entry.proposal.tool, entry.proposal.args, entry.grant_id(), entry.id, edit)


def measured(
    world: World,
    opened: Session,
    live: Live,
    entry: Entry,
    traffic: Traffic,
    edit: Edit,
    lag: timedelta = NO_LAG,
) -> Proposed:
    """What approving would do. `lag`: how far the gate's clock is behind. Raises BottleError when it cannot be."""
    if entry.proposal.tool == "capability-block":
        raise Conflict("this version cannot rebuild yet: a capability can be shown and rejected, not approved")
    why = telling.check_again(opened.home, entry.proposal.args)
    if why is not None:
        raise Conflict(why)
    against = ground(world, opened, live, traffic, str(entry.proposal.args.get("host", "")))
    return propose(subject(entry, edit), replace(against, lag=lag))


def _computed(
    world: World, opened: Session | None, entry: Entry, traffic: Traffic, edit: Edit
) -> tuple[Live | None, Proposed | None, str | None]:
    """What the bottle has, what approving would do, and why that cannot be said."""
    if entry.status not in UNDECIDED:
        return None, None, how_decided(entry)
    if opened is None:
        return None, None, "the bottle is down"
    live = None
    try:
        live = session.live(opened.home)
        return live, measured(world, opened, live, entry, traffic, edit), None
    except InvalidFile as error:
        return None, None, str(error)
    except BottleError as error:
        return live, None, str(error)


def _card(world: World, slug: str, opened: Session | None, entry: Entry, traffic: Traffic, edit: Edit) -> Card:
    live, proposed, problem = _computed(world, opened, entry, traffic, edit)
    args, decision = edit.apply_to(entry.proposal.args), entry.decision
    holds = decision is not None and decision.holds(world.clock.now()) and _still_granted(opened, entry)
    return Card(
        id=entry.id,
        slug=slug,
        tool=entry.proposal.tool,
        status=entry.status,
        author=entry.proposal.author,
        created=entry.proposal.created,
        host=str(args.get("host", "")),
        args={key: value for key, value in args.items() if key != "justification"},
        words=str(args.get("justification", "")),
        facts=(
            *card_facts.asked_and_seen(entry, edit, traffic, live, proposed),
            *card_facts.restart(opened, live, proposed),
        ),
        risks=proposed.risks if proposed else (),
        change=proposed.change if proposed else None,
        scan=card_facts.scan(proposed, live.state, str(args.get("host", ""))) if live else "",
        problem=problem,
        reason=decision.reason if decision else None,
        applied=decision.applied if decision else None,
        in_force=holds,
        by_operator=entry.note.by_operator,
        decided_at=decision.decided_at if decision and decision.status != "pending" else None,
        decided_by=decision.by if decision and decision.status != "pending" else None,
        ends=decision.expires_at if decision and decision.in_force else None,
        agent_waits=entry.id in traffic.waiting,
        delivery=_delivery(entry, traffic),
    )


def how_decided(entry: Entry, ago: str = "") -> str:
    """By whom, e.g. "approved by NAME"; without an age that would stand still where it is kept, unless one is given."""
    decision = entry.decision
    if decision is None or decision.status in UNDECIDED:
        return _EARLIER.format(entry.id)
    if entry.status == "superseded" and decision.status != "superseded":
        return _EARLIER.format(entry.id)
    why = f": {decision.reason}" if entry.status == "superseded" and decision.reason else ""
    return f"{entry.status} by {decision.by}{ago}{why}"


def already_decided(world: World, entry: Entry) -> AlreadyDecided:
    """What to say to whoever decides it once more: who was quicker, e.g. "approved by NAME, 3 s ago"."""
    at = entry.decision.decided_at if entry.decision else world.clock.now()
    seconds = max(0, round((world.clock.now() - at).total_seconds()))
    ago = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
    again = "already " if entry.status in ("approved", "rejected") else ""
    return AlreadyDecided(f"{again}{how_decided(entry, f', {ago} ago')}; nothing was done")


def require_undecided(world: World, card: Card) -> None:
    """Raises AlreadyDecided; a card without a change is then not refused for that."""
    record = lookup.find(world, card.slug)
    entry = record and queue.entry(world.home.bottle(card.slug), card.id, record.incarnation)
    if entry and card.status not in UNDECIDED:
        raise already_decided(world, outdated.as_is(entry, world.clock.now()))


def _still_granted(opened: Session | None, entry: Entry) -> bool:
    """Whether what the approval allowed is in the table."""
    if opened is None or not entry.current:
        return False
    try:
        return granted.still(session.live(opened.home), entry, opened.clock.now())
    except BottleError:
        return False


def _delivery(entry: Entry, traffic: Traffic) -> str:
    if entry.status not in ("approved", "rejected"):
        return ""
    if entry.id in traffic.refused:
        return f"retry refused ({traffic.refused[entry.id]})"
    if entry.id in traffic.passed:
        status = traffic.passed[entry.id]
        return f"retry passed ({status})" if status is not None else "retry is running"
    return "agent has read it" if traffic.read.get(entry.id) == entry.status else ""
