"""What is known beside a claim: denials in groups, a candidate replayed over them, what it repeats. Pure.

Made of the gate's own events; text in them (hosts, paths) is foreign and is sanitised by whoever draws it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bottle_tui.core import admission
from sidecar_addon import hosts, matching, paths
from sidecar_addon.table import METHODS, Grant, Route, Table

SEGMENTS = 2
"""How many segments of a path a group or a roll-up keeps."""
FITTED = 8
"""Of more paths than this, a fit takes their folders."""


@dataclass(frozen=True)
class Denial:
    """One denial, or `count` repeats of one that the gate merged: then `path` is None, since it kept none."""

    at: datetime
    host: str
    method: str
    path: str | None
    reason: str
    scheme: str = "https"
    port: int = 443
    count: int = 1
    background: bool = False
    """Whether the agent program knocks there by itself."""
    pipelock: bool = False
    """Whether pipelock refused, after the gate had allowed it."""


@dataclass(frozen=True)
class Use:
    """What one grant has admitted. `since`: from when on that is known; before, nobody counted."""

    grant: str
    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    first: datetime | None = None
    last: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Window:
    """The last events of one gate. `known` is False when it could not be read; then nothing here says anything."""

    known: bool = False
    denials: tuple[Denial, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    dropped: int = 0
    """Events that the gate could not write."""
    again: Mapping[str, int] = field(default_factory=dict)
    """Proposal → how often the agent came back for it after it was decided."""
    scans: Mapping[str, tuple[int, int, int]] | None = None
    """Host → what scanning it has cost: requests, bytes, milliseconds."""


@dataclass(frozen=True)
class Group:
    """Denials of one host, method and path prefix. `paths`: the most frequent whole paths, with their counts."""

    host: str
    method: str
    prefix: str | None
    """None: repeats of which the gate kept no path."""
    count: int
    first: datetime
    last: datetime
    reason: str
    """The latest."""
    background: bool = False
    paths: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Replay:
    """A candidate over the denials of a window: it would admit `admits` of `total`, `unasked` of them not asked for."""

    total: int
    admits: int
    unasked: int
    unread: int = 0
    """Of `total`: repeats on the candidate's host whose path the gate did not keep; not counted as admitted."""
    since: datetime | None = None


@dataclass(frozen=True)
class Fit:
    """The narrowest rule that admits denials. Empty paths or methods: every one (plain HTTP knows no rules)."""

    paths: tuple[str, ...]
    methods: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Subsumed:
    """A grant that is there already and that the candidate covers as a whole."""

    grant: str
    host: str
    text: str
    """Its paths and methods in one line."""


@dataclass(frozen=True)
class Elsewhere:
    """Another bottle of the same home whose confirmed table admits the host."""

    slug: str
    route: str
    since: datetime | None = None
    uses: int | None = None
    """Admitted requests in the roll-ups, None when nobody counted."""
    last: datetime | None = None


@dataclass(frozen=True)
class Prior:
    """What was decided in this bottle before about the same host."""

    id: str
    status: str
    by: str
    at: datetime
    reason: str | None
    asked: str
    """Its paths and methods in one line."""
    again: int = 0
    """How often the agent has asked again since."""
    by_operator: bool = False
    """Whether the operator asked, not the agent."""


@dataclass(frozen=True)
class Evidence:
    """Everything beside one card. `known` is about the gate's events; `replay` is None where nothing is merged."""

    id: str
    slug: str
    host: str
    known: bool
    groups: tuple[Group, ...] = ()
    """Of the card's host only, the most frequent first."""
    denied: int = 0
    """Denials of the card's host, background ones left out."""
    replay: Replay | None = None
    fit: Fit | None = None
    """What `=` sets: None when nothing was denied that a route could admit."""
    subsumes: tuple[Subsumed, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    prior: tuple[Prior, ...] = ()
    """The latest first."""
    uses: tuple[Use, ...] = ()
    """Of the grants that decide for this host now; zero requests is "never used"."""
    scan: tuple[int, int, int] | None = None
    """What scanning this host has cost: requests, bytes, milliseconds; None when not known."""


@dataclass(frozen=True)
class DeniedGroup:
    """What a bottle was denied and nobody has asked for: one row of the list, by host and method."""

    slug: str
    host: str
    method: str
    count: int
    first: datetime
    last: datetime
    reason: str
    """The latest."""
    paths: tuple[tuple[str, int], ...] = ()
    """The most frequent whole paths, with their counts; five at most."""
    fit: Fit | None = None
    """What the narrowest ask would be, None where no route can admit it."""
    problem: str = ""
    """Why not, in one line."""
    background: bool = False
    """The agent program's own knocking; one row a bottle, after all others, host "" and method ""."""


def prefix_of(path: str) -> str:
    """A path's first segments; with a slash at the end when something follows."""
    parts = path.split("/")
    if len(parts) <= SEGMENTS + 1:
        return path
    return "/".join(parts[: SEGMENTS + 1]) + "/"


def groups(denials: Iterable[Denial]) -> tuple[Group, ...]:
    """By host, method and prefix; the most frequent first, background last."""
    found: dict[tuple[str, str, str | None], list[Denial]] = {}
    for denial in denials:
        prefix = None if denial.path is None else prefix_of(denial.path)
        found.setdefault((denial.host, denial.method, prefix), []).append(denial)
    made = [_group(key, listed) for key, listed in found.items()]
    return tuple(sorted(made, key=lambda group: (group.background, -group.count, group.host, group.prefix or "")))


def _group(key: tuple[str, str, str | None], listed: Sequence[Denial]) -> Group:
    latest = max(listed, key=lambda denial: denial.at)
    whole = Counter[str]()
    for denial in listed:
        if denial.path is not None:
            whole[denial.path] += denial.count
    return Group(
        *key,
        count=sum(denial.count for denial in listed),
        first=min(denial.at for denial in listed),
        last=latest.at,
        reason=latest.reason,
        background=all(denial.background for denial in listed),
        paths=tuple(whole.most_common(5)),
    )


def admits(table: Table, denial: Denial, now: datetime) -> bool:
    """Whether the gate's own matcher would let this one through; of merged repeats nobody can say."""
    if denial.path is None or denial.pipelock:
        return False
    request = matching.Request(denial.method, denial.scheme, denial.host, denial.port, denial.path)
    return matching.decide(table, request, matching.Conditions(now)).allowed


def replay(window: Window, before: Table, after: Table, asked: Table, now: datetime) -> Replay:
    """What `after` would have let through that `before` does not; `asked`: after the ask as the agent made it."""
    touched = _touched(before, after)
    near = {name: any(reaches(host, name) for host in touched) for name in {each.host for each in window.denials}}
    kinds = Counter[Denial]()
    for each in window.denials:
        if near[each.host]:
            kinds[replace(each, at=now, count=1)] += each.count
    admitted = unasked = unread = 0
    for kind, count in kinds.items():
        if kind.path is None:
            unread += count
        elif admits(after, kind, now) and not admits(before, kind, now):
            admitted += count
            unasked += 0 if asked is after or admits(asked, kind, now) else count
    return Replay(sum(each.count for each in window.denials), admitted, unasked, unread, window.since)


def _touched(before: Table, after: Table) -> tuple[str, ...]:
    """The patterns of the grants that are new: only their hosts need a look."""
    known = {(route.host, grant) for route, grant in before.grants()}
    return tuple(dict.fromkeys(g.host or r.host for r, g in after.grants() if (r.host, g) not in known))


def reaches(pattern: str, host: str) -> bool:
    """Whether a pattern of the policy names a host as an event has it, which may be no host at all."""
    try:
        return hosts.covers(pattern, hosts.normalise(host))
    except hosts.HostError:
        return False


def fitted(denials: Iterable[Denial]) -> Fit | None:
    """The narrowest paths, methods and ports that admit what a route can admit of these; None when that is nothing."""
    usable = [each for each in denials if each.path is not None and not each.pipelock and each.method in METHODS]
    secure = [each for each in usable if each.scheme == "https" and paths.problem(each.path or "") is None]
    if secure:
        methods = {each.method for each in secure}
        return Fit(
            narrowest(each.path or "/" for each in secure),
            tuple(method for method in METHODS if method in methods),
            tuple(sorted({each.port for each in secure})),
        )
    plain = any(each.scheme == "http" and each.port == 80 for each in usable)
    return Fit((), (), (80,)) if plain else None


def narrowest(whole: Iterable[str]) -> tuple[str, ...]:
    """Few prefixes that cover all these paths, cut at segment boundaries; the paths themselves where they are few."""
    wanted = sorted(set(whole))
    found = _without_repeats(wanted)
    depth = max((path.count("/") for path in wanted), default=1)
    while len(found) > FITTED and depth > 1:
        depth -= 1
        found = _without_repeats(sorted({_cut(path, depth) for path in wanted}))
    return found if len(found) <= FITTED else ("/",)


def _cut(path: str, depth: int) -> str:
    parts = path.split("/")
    return path if len(parts) <= depth + 1 else "/".join(parts[: depth + 1]) + "/"


def _without_repeats(prefixes: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        prefix for prefix in prefixes if not any(other != prefix and paths.covers(other, prefix) for other in prefixes)
    )


def subsumed(before: Iterable[Route], added: Grant, host: str) -> tuple[Subsumed, ...]:
    """Grants that admit nothing but what the added one, on this host or pattern, admits too; times are left aside."""
    return tuple(
        Subsumed(grant.id, grant.host or route.host, rules(grant))
        for route in before
        for grant in route.grants
        if grant.id != added.id and hosts.covers(host, grant.host or route.host) and admission.narrower(grant, added)
    )


def rules(grant: Grant) -> str:
    """A grant's paths and methods in one line."""
    return asked_line(grant.path_allowlist, grant.methods)


def asked_line(prefixes: Iterable[str] | None, methods: Iterable[str] | None) -> str:
    """Paths and methods in one line; nothing means every."""
    return f"{' '.join(prefixes or ()) or 'every path'}, {' '.join(methods or ()) or 'every method'}"
