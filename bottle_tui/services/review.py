"""Cards: each proposal with its facts, its risks and the change that approving it would make."""

from bottle_tui.core import mirror, slots
from bottle_tui.core.changes import State
from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.risk import Seen
from bottle_tui.core.views import Card, Fact
from bottle_tui.errors import BottleError, Conflict, NotFound, SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import gate, loading, lookup, queue, seen, session
from bottle_tui.services.proposed import Ground, Proposed, Subject, propose
from bottle_tui.services.queue import Entry
from bottle_tui.services.seen import Traffic
from bottle_tui.services.session import Live, Session
from sidecar_addon import hosts, strict_yaml

UNDECIDED = ("pending", "failed")


def cards(world: World, slug: str | None = None, *, everything: bool = False) -> list[Card]:
    """Every proposal that waits, oldest first; with `everything`, decided ones too. Raises NotFound for a slug."""
    slugs = [slug] if slug is not None else world.home.slugs()
    if slug is not None and not world.home.bottle(slug).exists():
        raise NotFound(f"no bottle is called {slug}; `bottle-tui ps` lists them")
    found = [card for name in slugs for card in _of_bottle(world, name, everything=everything)]
    return sorted(found, key=lambda card: card.id)


def card(world: World, id_fragment: str, edit: Edit = AS_ASKED) -> Card:
    """One proposal, by any unique fragment of its id, with the operator's edit in its change. Raises NotFound."""
    for name in world.home.slugs():
        _sync(world, name)
    slug, identity = queue.find(world, id_fragment)
    opened = _session(world, slug)
    entry = queue.entry(world.home.bottle(slug), identity, opened.recorded.incarnation if opened else None)
    if entry is None:
        raise NotFound(f"the copy of proposal {identity} is damaged; the agent has to ask again")
    return _card(world, slug, opened, entry, seen.look(opened) if opened else Traffic(), edit)


def _of_bottle(world: World, slug: str, *, everything: bool) -> list[Card]:
    opened = _sync(world, slug)
    incarnation = opened.recorded.incarnation if opened else None
    entries = [
        entry
        for entry in queue.entries(world.home.bottle(slug), incarnation)
        if everything or entry.status in UNDECIDED
    ]
    traffic = seen.look(opened) if opened and entries else Traffic()
    return [_card(world, slug, opened, entry, traffic, AS_ASKED) for entry in entries]


def _session(world: World, slug: str) -> Session | None:
    if lookup.find(world, slug) is None:
        return None
    return session.opened(world, slug)


def _sync(world: World, slug: str) -> Session | None:
    """The bottle's session with new proposals copied; None when it is down. An unreachable queue is an old queue."""
    opened = _session(world, slug)
    if opened is not None:
        try:
            queue.sync(opened)
        except SidecarUnreachable:
            return opened
    return opened


def ground(world: World, opened: Session, live: Live, traffic: Traffic, host: str) -> Ground:
    """What a proposal is measured against."""
    networks = _private(live.config)
    denied = sum(count for name, count in traffic.denied.items() if _concerns(host, name)) if traffic.known else None
    return Ground(live.state, opened.default_scan, world.clock.now(), Seen(denied, networks))


def _private(config: bytes) -> tuple[str, ...]:
    section = strict_yaml.load(config, limit=len(config)).get("ssrf") or {}
    return tuple(section.get("ip_allowlist") or ())


def _concerns(pattern: str, name: str) -> bool:
    try:
        return hosts.covers(pattern, hosts.normalise(name))
    except hosts.HostError:
        return False


def subject(entry: Entry, edit: Edit) -> Subject:
    """A proposal as what it asks."""
    return Subject(entry.proposal.tool, entry.proposal.args, entry.grant_id(), entry.id, edit)


def measured(world: World, opened: Session, live: Live, entry: Entry, traffic: Traffic, edit: Edit) -> Proposed:
    """What approving would do. Raises BottleError when it cannot be approved as it stands."""
    if entry.proposal.tool == "capability-block":
        raise Conflict("this version cannot rebuild yet: a capability can be shown and rejected, not approved")
    why = queue.check_again(opened.home, entry.proposal.args)
    if why is not None:
        raise Conflict(why)
    return propose(subject(entry, edit), ground(world, opened, live, traffic, str(entry.proposal.args.get("host", ""))))


def _card(world: World, slug: str, opened: Session | None, entry: Entry, traffic: Traffic, edit: Edit) -> Card:
    proposed, problem, live = None, None, None
    if entry.status not in UNDECIDED:
        problem = how_decided(world, entry)
    elif opened is None:
        problem = "the bottle is down"
    else:
        try:
            live = session.live(opened.home)
            proposed = measured(world, opened, live, entry, traffic, edit)
        except BottleError as error:
            problem = error.message
    args, decision = entry.proposal.args, entry.decision
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
            *_facts(entry, edit, traffic, live.state if live else State(slots=slots.Slots())),
            *_restart(opened, live, proposed),
        ),
        risks=proposed.risks if proposed else (),
        change=proposed.change if proposed else None,
        problem=problem,
        reason=decision.reason if decision else None,
        applied=decision.applied if decision else None,
        in_force=holds,
        by_operator=entry.note.by_operator,
        decided_at=decision.decided_at if decision and decision.status != "pending" else None,
        decided_by=decision.by if decision and decision.status != "pending" else None,
        agent_waits=entry.id in traffic.waiting,
        delivery=_delivery(entry, traffic),
    )


def how_decided(world: World, entry: Entry) -> str:
    """By whom and how long ago, e.g. "approved by NAME, 3 s ago"."""
    if entry.decision is None or entry.status == "superseded":
        return f"{entry.id} belongs to an earlier start of the bottle; the agent has to ask again"
    seconds = max(0, round((world.clock.now() - entry.decision.decided_at).total_seconds()))
    ago = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
    return f"{entry.status} by {entry.decision.by}, {ago} ago"


def _still_granted(opened: Session | None, entry: Entry) -> bool:
    """Whether the grant that the approval made is in the table; what made none stands by its decision."""
    if opened is None or not entry.current:
        return False
    if not entry.note.grants:
        return True
    try:
        table = session.live(opened.home).table
    except BottleError:
        return False
    return any(grant.id == entry.note.grants[-1] for _, grant in table.grants())


def _facts(entry: Entry, edit: Edit, traffic: Traffic, state: State) -> tuple[Fact, ...]:
    args = edit.apply_to(entry.proposal.args)
    if entry.proposal.tool == "capability-block":
        return (Fact("lines", str(len(str(args.get("dockerfile", "")).splitlines()))),)
    host = str(args.get("host", ""))
    facts = [Fact("host", host, _host_seen(host, traffic))]
    if entry.proposal.tool == "pipelock-block":
        return (*facts, Fact("want", str(args.get("want", "")), _route_seen(host, state)))
    top = _top(host, traffic)
    facts.append(Fact("paths", _joined(args.get("path_allowlist"), "every path"), _seen_part(top, 1)))
    facts.append(Fact("methods", _joined(args.get("methods"), "every method"), _seen_part(top, 0)))
    ports = _joined(args.get("ports"), "443")
    auth = args.get("auth")
    asked = f"{ports} · auth {auth['scheme']} {auth['token_ref']}" if isinstance(auth, dict) else ports
    facts.append(Fact("port", asked, _route_seen(host, state)))
    return tuple(facts)


def _restart(opened: Session | None, live: Live | None, proposed: Proposed | None) -> tuple[Fact, ...]:
    """What pipelock takes only at a start ends what flows: said beforehand, with how much that is right now."""
    if opened is None or live is None or proposed is None:
        return ()
    after = proposed.merged.after
    if not loading.needs_restart(live.mirrored, mirror.mirror(after.routes, after.extra)):
        return ()
    try:
        streams = gate.status(opened.sidecar("egress")).streams
    except SidecarUnreachable:
        return (Fact("restart", "pipelock restarts", "how many streams it cuts is not known"),)
    flowing = "nothing flows now" if not streams else f"cuts {streams} stream{'s' if streams > 1 else ''} after 10 s"
    return (Fact("restart", "pipelock restarts", flowing),)


def _host_seen(host: str, traffic: Traffic) -> str:
    if not traffic.known:
        return "not known"
    count = sum(amount for name, amount in traffic.denied.items() if _concerns(host, name))
    return f"{count} denied" if count else "none denied"


def _route_seen(host: str, state: State) -> str:
    try:
        route = state.named(hosts.normalise_pattern(host))
    except hosts.HostError:
        return ""
    return "no route yet" if route is None else f"route {route.host}, {route.pipelock}"


def _top(host: str, traffic: Traffic) -> list[tuple[str, str]]:
    """(method, path) of what was denied most, three at most."""
    asked = [pair for name, counts in traffic.requests.items() if _concerns(host, name) for pair in counts.items()]
    asked.sort(key=lambda pair: -pair[1])
    return [(what.partition(" ")[0], what.partition(" ")[2]) for what, _ in asked[:3]]


def _seen_part(top: list[tuple[str, str]], part: int) -> str:
    return ", ".join(dict.fromkeys(item[part] for item in top if item[part]))


def _joined(value: object, every: str) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) and value else every


def _delivery(entry: Entry, traffic: Traffic) -> str:
    if entry.status not in ("approved", "rejected"):
        return ""
    if entry.id in traffic.passed:
        status = traffic.passed[entry.id]
        return f"retry passed ({status})" if status is not None else "retry is running"
    return "agent has read it" if traffic.read.get(entry.id) == entry.status else ""
