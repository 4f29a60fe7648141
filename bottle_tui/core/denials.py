"""Denials in groups, a candidate replayed over them by the gate's own matcher, the narrowest rule that fits. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice, product

from bottle_tui.core.evidence import Denial, Fit, Group, Replay, Unseen, Window
from bottle_tui.core.prefixes import is_canonical, narrowest, prefix_of
from sidecar_addon import hosts, matching, paths
from sidecar_addon.table import METHODS, Table


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
    total = sum(each.count for each in window.denials)
    return Replay(total, admitted, unasked, unread, window.since, window.cut_short)


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
    """The narrowest paths, methods and ports that admit what a route can admit of these; None when that is nothing.

    One grant admits each of its methods on each of its paths and ports: `unseen` says what that is beside these.
    """
    usable = [each for each in denials if each.path is not None and not each.pipelock and each.method in METHODS]
    secure = [each for each in usable if each.scheme == "https" and is_canonical(each.path or "")]
    if secure:
        methods = {each.method for each in secure}
        return Fit(
            narrowest(each.path or "/" for each in secure),
            tuple(method for method in METHODS if method in methods),
            tuple(sorted({each.port for each in secure})),
        )
    plain = any(each.scheme == "http" and each.port == 80 for each in usable)
    return Fit((), (), (80,)) if plain else None


NAMED = 5
"""Of what was not seen, so many are named."""


def unseen(wanted: Fit, denials: Iterable[Denial]) -> Unseen | None:
    """What a grant of all these methods, paths and ports admits together although no such request was denied.

    None where one of the lists is empty, which means every one, or where nothing at all of it was seen. HEAD comes with
    GET, so where GET was seen it is nothing more.
    """
    tried = {(each.method, each.path, each.port) for each in denials if each.path is not None}
    seen = {(method, p, port) for method, path, port in tried for p in wanted.paths if paths.admits(p, path)}
    seen |= {("HEAD", path, port) for method, path, port in seen if method == "GET"}
    methods, ports = set(wanted.methods), set(wanted.ports)
    seen = {each for each in seen if each[0] in methods and each[2] in ports}
    every = len(wanted.methods) * len(wanted.paths) * len(wanted.ports)
    if not seen or len(seen) == every:
        return None
    every_one = product(wanted.methods, wanted.paths, wanted.ports)  # one by one: an agent may have tried every port
    left = islice((each for each in every_one if each not in seen), NAMED)
    several = len(wanted.ports) > 1
    some = [f"{method} {path}" + (f" on {port}" if several else "") for method, path, port in left]
    return Unseen(every - len(seen), tuple(some))
