"""Denied, not asked: what a bottle was refused and no proposal is about, and the operator's own proposal for it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bottle_tui.core import bygone, denials, evidence_text, journal
from bottle_tui.core.asked import Asked
from bottle_tui.core.evidence import Denial, DeniedGroup, Fit, Window
from bottle_tui.core.words import counted
from bottle_tui.errors import BottleError, Conflict, NotFound
from bottle_tui.ports import World
from bottle_tui.services import audit, lookup, outdated, queue, session
from bottle_tui.services import evidence as looking
from bottle_tui.services.queue import Entry
from bottle_tui.services.session import Session
from sidecar_addon import asks, hosts, proposals
from sidecar_addon.asks import ProposalError
from sidecar_addon.proposals import Decision, Proposal
from sidecar_addon.table import Grant, Route, Table

MOST = 200
"""Groups of one bottle, the latest; what is beyond them is counted in a row of its own."""
_TOOL = "egress-block"
_WHY_NOT = {
    "host_mismatch": "the request named two hosts; a route cannot help",
    "not_http": "it was no HTTP request; a route cannot help",
    "secret_in_request": "it carried a secret; credentials belong to the gate (`auth`)",
    "token_missing": "the route's token is not there; `up` delivers it",
    "tls_required": "plain HTTP passes on port 80 only",
    "ambiguous_path": "its path can be read in two ways; a rule cannot admit it",
    "method_not_allowed": "the gate knows no such method",
    "pipelock": "pipelock refused it, not the gate; see `pipelock-block`",
}
_LEFT_OUT = ("quarantined", "gate_error")


def groups(world: World, slug: str | None = None, *, windows: Mapping[str, Window] | None = None) -> list[DeniedGroup]:
    """By bottle, host and method, the latest first; then what is more than a list holds, one row a bottle; background
    folded into one row a bottle, last.

    `windows` (slug → window) saves the look at the sidecars. A bottle that cannot be read has no rows.
    """
    found: list[DeniedGroup] = []
    for name in [slug] if slug is not None else world.home.slugs():
        try:
            if lookup.find(world, name) is not None:
                given = (windows or {}).get(name)
                found += _of_bottle(session.opened(world, name), given or looking.window(world, name))
        except BottleError:
            continue
    return sorted(found, key=lambda group: (group.background, group.more > 0, -group.last.timestamp()))


def _of_bottle(opened: Session, window: Window) -> list[DeniedGroup]:
    if not window.known:
        return []
    table = session.live(opened.home).table
    now = opened.clock.now()
    entries = outdated.as_they_are(queue.entries(opened.home, opened.recorded.incarnation), now)
    asked = _by_pattern(entry for entry in entries if _is_asked(entry))
    loud = [each for each in window.denials if not each.background and each.reason not in _LEFT_OUT]
    open_ones = [each for each in loud if each.path is not None and not _settled(each, table, asked, now)]
    by_kind: dict[tuple[str, str], list[Denial]] = {}
    for denial in open_ones:
        by_kind.setdefault((denial.host, denial.method), []).append(denial)
    for denial in loud:
        if denial.path is None and (denial.host, denial.method) in by_kind:
            by_kind[denial.host, denial.method].append(denial)
    latest = sorted(by_kind.items(), key=lambda item: max(each.at for each in item[1]), reverse=True)
    past = bygone.bygone(audit.takes(opened.home), table, now) if latest else []
    made = [
        replace(_group(opened.slug, host, method, listed), over=bygone.over(past, host, listed, now))
        for (host, method), listed in latest[:MOST]
    ]
    rest = [listed for _, listed in latest[MOST:]]
    own = [each for each in window.denials if each.background]
    return [*made, *([_rest(opened.slug, rest)] if rest else []), *([_background(opened.slug, own)] if own else [])]


def _is_asked(entry: Entry) -> bool:
    """Whether the agent asked and has an answer that holds, or waits for one. The operator's own are rows still."""
    open_or_refused = entry.status in ("pending", "failed", "rejected")
    return entry.proposal.tool == _TOOL and open_or_refused and not entry.note.by_operator


def _as_table(entry: Entry) -> Table:
    """What an ask alone would admit."""
    args = entry.proposal.args
    return Table((Route(str(args["host"]), (Grant(entry.id, **asks.grant_fields(args)),), pipelock="passthrough"),))


def _by_pattern(entries: Iterable[Entry]) -> dict[str, Asked]:
    """By the host or the wildcard that is asked for: there are many denials, and after a day many asks."""
    found: dict[str, dict[object, Table]] = {}
    for entry in entries:
        args = {key: value for key, value in entry.proposal.args.items() if key != "justification"}
        alike = json.dumps(args, sort_keys=True)  # of asks in other words one is enough
        found.setdefault(str(args["host"]), {})[alike] = _as_table(entry)
    return {host: Asked.of(tables.values()) for host, tables in found.items()}


def _settled(denial: Denial, table: Table, asked: Mapping[str, Asked], now: datetime) -> bool:
    """Whether it would pass by now, or is asked for."""
    known = [asked[pattern] for pattern in _covering(denial.host) if pattern in asked] if asked else ()
    about = (each for one in known for each in one.about(denial.path or ""))
    return any(denials.admits(each, denial, now) for each in (table, *about))


def _covering(host: str) -> Iterator[str]:
    """Every host or wildcard that covers it; none where it is no host at all."""
    try:
        name = hosts.normalise(host)
    except hosts.HostError:
        return
    yield name
    while name:
        yield f"*.{name}"
        name = name.partition(".")[2]


def _group(slug: str, host: str, method: str, listed: Sequence[Denial]) -> DeniedGroup:
    known = denials.groups([each for each in listed if each.path is not None])
    paths = sorted((pair for group in known for pair in group.paths), key=lambda pair: -pair[1])
    latest = max(listed, key=lambda each: each.at)
    fit = denials.fitted(listed)
    problem = _problem(host, fit, latest.reason)
    return DeniedGroup(
        slug=slug,
        host=host,
        method=method,
        count=sum(each.count for each in listed),
        first=min(each.at for each in listed),
        last=latest.at,
        reason=latest.reason,
        paths=tuple(paths[:5]),
        fit=None if problem else fit,
        unseen=None if problem or fit is None else denials.unseen(fit, listed),
        problem=problem,
    )


def _rest(slug: str, groups: Sequence[Sequence[Denial]]) -> DeniedGroup:
    problem = f"the latest {MOST} groups of a bottle are listed; these follow when some of those are dealt with"
    counted_only = _summed(slug, [each for listed in groups for each in listed], problem)
    return replace(counted_only, more=len(groups))


def _background(slug: str, listed: Sequence[Denial]) -> DeniedGroup:
    return replace(_summed(slug, listed, "the agent program's own knocking; it works without"), background=True)


def _summed(slug: str, listed: Sequence[Denial], problem: str) -> DeniedGroup:
    """Denials of several kinds in one row, which is opened by nobody."""
    latest = max(listed, key=lambda each: each.at)
    count, first = sum(each.count for each in listed), min(each.at for each in listed)
    return DeniedGroup(slug, "", "", count, first, latest.at, latest.reason, problem=problem)


def _problem(host: str, fit: Fit | None, reason: str) -> str:
    if fit is None:
        return _WHY_NOT.get(reason, "no route can admit it")
    try:
        asks.normalise(_TOOL, _arguments(host, fit, "a check"))
    except ProposalError as error:
        return str(error)
    return ""


def _arguments(host: str, fit: Fit, words: str) -> dict[str, object]:
    asked: dict[str, object] = {"host": host, "ports": list(fit.ports), "justification": words}
    if fit.paths:
        asked["path_allowlist"] = list(fit.paths)
    if fit.methods:
        asked["methods"] = list(fit.methods)
    return asked


def propose(world: World, slug: str, host: str, method: str) -> str:
    """File the narrowest ask for a group as the operator's own proposal; the id of its card, the open one if there is.

    Raises NotFound when nothing of the kind is denied any more, Conflict when no route can admit it.
    """
    opened = session.opened(world, slug)
    group = _find(world, slug, host, method)
    if group.fit is None:
        raise Conflict(f"{method} {host} of {slug}: {group.problem}")
    words = f"denied {counted(group.count, 'time')}, first at {group.first.astimezone():%H:%M:%S}"
    if group.over is not None:
        words += f"; {evidence_text.over(group.over, lambda at: f'{at.astimezone():%H:%M on %m-%d}')}"
    args = asks.normalise(_TOOL, _arguments(host, group.fit, words))
    proposal = Proposal(opened.fresh_id(), _TOOL, world.operator[: proposals.MAX_AUTHOR], world.clock.now(), args)
    with opened.home.lock():
        same = _open_one(opened, proposal)
        if same is not None:
            return same
        audit.append(
            world,
            opened.home,
            "proposed",
            component="egress",
            proposal=proposal.id,
            incarnation=opened.recorded.incarnation,
            proposal_bytes=proposals.render(proposal).decode(),
        )
        queue.file_own(opened, proposal)
    return proposal.id


def _find(world: World, slug: str, host: str, method: str) -> DeniedGroup:
    for group in groups(world, slug):
        if (group.host, group.method) == (host, method) and not group.background and not group.more:
            return group
    raise NotFound(f"{slug} was not denied {method} {host} lately, or it is asked for or granted by now")


def _open_one(opened: Session, proposal: Proposal) -> str | None:
    """The operator's open proposal for the same, if there is one."""
    entries = queue.entries(opened.home, opened.recorded.incarnation)
    for entry in outdated.as_they_are(entries, opened.clock.now()):
        if entry.note.by_operator and entry.status in ("pending", "failed") and entry.proposal.key == proposal.key:
            return entry.id
    return None


def withdraw(world: World, id: str) -> None:
    """Take back a proposal of the operator's own that is not in force; the agent has never heard of it.

    Raises NotFound; Conflict for a proposal of the agent's, one that is decided, or one whose apply was cut short.
    """
    slug, identity = queue.find(world, id)
    opened = session.opened(world, slug)
    with opened.home.lock():
        entry = queue.entry(opened.home, identity, opened.recorded.incarnation)
        if entry is not None and entry.status == "failed" and opened.home.read(journal.FILE) is not None:
            raise Conflict(f"an apply of {slug} was cut short; `bottle-tui up` settles it, then take it back")
        if entry is None or not entry.note.by_operator or entry.status not in queue.OPEN:
            raise Conflict(f"{identity} is not an open proposal of your own; `r` rejects what an agent asks")
        audit.append(world, opened.home, "withdrawn", component="egress", proposal=identity)
        queue.write(opened.home, Decision(identity, "superseded", world.operator, world.clock.now()))
