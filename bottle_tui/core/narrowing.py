"""One key, one step: an operator's edit made narrower, wider, shorter. Pure; nothing here decides anything.

Each step gives the next edit, or says in one line why there is none. `-` never widens; `=` admits what it says.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from bottle_tui.core.edits import ALWAYS, AS_ASKED, BOTTLE, LASTS, ONCE, Edit
from bottle_tui.core.evidence import Evidence
from bottle_tui.core.prefixes import covers, folders, is_canonical, narrowest, narrows
from bottle_tui.core.risk import is_public_suffix
from sidecar_addon import hosts
from sidecar_addon.asks import MAX_PREFIXES, host_problem
from sidecar_addon.hosts import HostError

READING = ("GET", "HEAD")
UNTIL = {
    ONCE: "1 request",
    "15m": "15 min",
    "1h": "1 h",
    "8h": "8 h",
    BOTTLE: "bottle stops",
    ALWAYS: "always",
}
TURNS = (BOTTLE, *(lasts for lasts in LASTS if lasts not in (BOTTLE, ALWAYS)), ALWAYS)
"""The order of `t`: the first turn shortens, what outlives the bottle comes last."""


@dataclass(frozen=True)
class Step:
    """The next edit, or None and why not."""

    edit: Edit | None
    why: str = ""


@dataclass(frozen=True)
class Ask:
    """A proposal as the agent made it, the edit so far, what was seen (None: not looked yet), how its host is scanned
    with that edit ("" where nothing says so)."""

    tool: str
    args: Mapping[str, Any]
    edit: Edit = AS_ASKED
    evidence: Evidence | None = None
    scan: str = ""
    trouble: str = ""
    """Why nothing is known of what was seen."""

    @property
    def host(self) -> str:
        """As it would be granted."""
        return self.edit.host if self.edit.host is not None else str(self.args.get("host", ""))

    @property
    def paths(self) -> tuple[str, ...]:
        """As they would be granted; empty is every path."""
        return _now(self.edit.path_allowlist, self.args, "path_allowlist")

    @property
    def methods(self) -> tuple[str, ...]:
        """As they would be granted; empty is every method."""
        return _now(self.edit.methods, self.args, "methods")


def _now(edited: tuple[Any, ...] | None, args: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = edited if edited is not None else args.get(key) or ()
    return tuple(str(item) for item in value)


def _plain_http(ask: Ask) -> bool:
    ports = ask.edit.ports if ask.edit.ports is not None else tuple(ask.args.get("ports") or ())
    return 80 in ports


NOT_A_ROUTE = "only a route has paths and methods"
NO_RULES = "plain HTTP knows no paths or methods: every one or none"


def _no_rules(ask: Ask) -> str:
    """Why paths and methods cannot be stepped."""
    if ask.tool != "egress-block":
        return NOT_A_ROUTE
    return NO_RULES if _plain_http(ask) else ""


def fit(ask: Ask) -> Step:
    """The narrowest paths, methods and ports that admit what was denied (`=`)."""
    if ask.tool != "egress-block":
        return Step(None, NOT_A_ROUTE)
    if ask.evidence is None:
        return Step(None, _unread(ask))
    if not ask.evidence.known:
        return Step(None, "what was denied is not known: the gate's events cannot be read")
    found = ask.evidence.fit
    if found is None:
        return Step(None, "no such denial seen: there is nothing to fit to")
    edit = replace(ask.edit, path_allowlist=found.paths, methods=found.methods, ports=found.ports)
    edit = settled(ask, edit)
    return Step(None, "it fits already") if edit == settled(ask, ask.edit) else Step(edit)


def _unread(ask: Ask) -> str:
    return f"what was denied is not known: {ask.trouble}" if ask.trouble else "what was denied is still being read"


def settled(ask: Ask, edit: Edit) -> Edit:
    """The same edit with nothing in it that the agent asked for anyway, so that "as asked" is one value."""
    if edit.path_allowlist == tuple(ask.args.get("path_allowlist") or ()):
        edit = replace(edit, path_allowlist=None)
    if edit.methods == tuple(ask.args.get("methods") or ()):
        edit = replace(edit, methods=None)
    if edit.ports == tuple(ask.args.get("ports") or (443,)):
        edit = replace(edit, ports=None)
    return replace(edit, host=None) if edit.host == ask.args.get("host") else edit


def narrower_path(ask: Ask) -> Step:
    """One step down towards the paths that were seen (`-`)."""
    why = _no_rules(ask)
    if why:
        return Step(None, why)
    rungs = ladder(ask)
    for rung in rungs[bisect_left(rungs, True, key=lambda rung: narrows(ask.paths, rung)) :][:1]:
        return Step(settled(ask, replace(ask.edit, path_allowlist=rung)))
    if ask.evidence is None:
        return Step(None, _unread(ask))
    return Step(None, "no narrower path was seen" if _seen(ask) else "no path was seen to narrow it to: e edits it")


def wider_path(ask: Ask) -> Step:
    """One step up: what was asked, its folders, every path (`+`)."""
    why = _no_rules(ask)
    if why:
        return Step(None, why)
    rungs = ladder(ask)
    for rung in rungs[: bisect_left(rungs, True, key=lambda rung: not narrows(rung, ask.paths))][-1:]:
        return Step(settled(ask, replace(ask.edit, path_allowlist=rung)))
    return Step(None, "every path is the widest there is")


def ladder(ask: Ask) -> tuple[tuple[str, ...], ...]:
    """Every rung, the widest first, each narrower than the one before: every path, the folders of what was asked, what
    was asked, the folders and paths seen below it."""
    asked = tuple(str(path) for path in ask.args.get("path_allowlist") or ())
    return _rungs(asked, tuple(path for path in _seen(ask) if covers(asked, (path,))))


@lru_cache(maxsize=4)
def _rungs(asked: tuple[str, ...], seen: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Climbed for every key and every footer, and agents choose how many there are: so they come in runs that are in
    this order already, and the open card's are remembered."""
    steps: list[tuple[str, ...]] = [()]
    for run in (folders(asked), [asked], folders(seen), [narrowest(seen)] if seen else []):
        rungs = [rung for rung in run if rung and len(rung) <= MAX_PREFIXES]
        last = steps[-1]
        steps += rungs[bisect_left(rungs, True, key=lambda rung: narrows(last, rung)) :]
    return tuple(steps)


MOST_SEEN = 256
"""Paths of single denials that the ladder is made of, the most frequent: a fit covers the others."""


def _seen(ask: Ask) -> list[str]:
    """Whole paths that were denied on this host and that a route can name."""
    if ask.evidence is None:
        return []
    fit = ask.evidence.fit.paths if ask.evidence.fit is not None else ()
    single = (path for group in ask.evidence.groups if not group.background for path, _ in group.paths)
    found = dict.fromkeys([*islice(single, MOST_SEEN), *fit])
    return [path for path in found if path != "/" and is_canonical(path) and not set(path) & {*"*?"}]


def next_methods(ask: Ask) -> Step:
    """What was seen, reading, every method, what was asked (`m`)."""
    why = _no_rules(ask)
    if why:
        return Step(None, why)
    asked = tuple(str(method) for method in ask.args.get("methods") or ())
    seen = ask.evidence.fit.methods if ask.evidence and ask.evidence.fit else ()
    wheel = list(dict.fromkeys([*([seen] if seen else []), READING, (), asked]))
    at = wheel.index(ask.methods) if ask.methods in wheel else -1
    turn = wheel[(at + 1) % len(wheel)]
    return Step(settled(ask, replace(ask.edit, methods=turn)))


def next_host(ask: Ask) -> Step:
    """The exact host, or everything beside and below it (`w`)."""
    if ask.tool != "egress-block":
        return Step(None, "pipelock's list takes exact hosts only" if ask.tool == "pipelock-block" else NOT_A_ROUTE)
    asked = str(ask.args.get("host", ""))
    if hosts.is_wildcard(ask.host):
        exact = asked if not hosts.is_wildcard(asked) else _most_denied(ask) or ask.host[2:]
        return Step(settled(ask, replace(ask.edit, host=exact)))
    if hosts.is_wildcard(asked):
        return Step(settled(ask, replace(ask.edit, host=None)))
    if ask.args.get("auth"):
        return Step(None, "a wildcard carries no credential, and this asks for one")
    pattern, why = wildcard_of(ask.host)
    return Step(settled(ask, replace(ask.edit, host=pattern))) if pattern else Step(None, why)


def wildcard_of(host: str) -> tuple[str, str]:
    """`*.example.com` for api.example.com and for example.com; "" and why not, where a public suffix would be left."""
    for name in (host.partition(".")[2], host):
        if "." in name and not is_public_suffix(name) and host_problem("*." + name) is None:
            return "*." + name, ""
    return "", f"{host} is a public suffix: a wildcard there reaches whoever registers a name"


def _most_denied(ask: Ask) -> str:
    """The host below the pattern that was denied most."""
    counts: dict[str, int] = {}
    for group in ask.evidence.groups if ask.evidence else ():
        if not group.background and _is_below(ask.host, group.host):
            counts[group.host] = counts.get(group.host, 0) + group.count
    return max(counts, key=lambda host: (counts[host], host), default="")


def _is_below(pattern: str, host: str) -> bool:
    try:
        return hosts.normalise(host) == host and hosts.covers(pattern, host)
    except HostError:
        return False


def next_scan(ask: Ask) -> Step:
    """Scanned or passthrough (`s`)."""
    if ask.tool != "egress-block":
        return Step(None, "the ask itself is about that")
    if ask.scan == "not_scanned":
        return Step(None, "nothing is scanned here: the hop stands in for pipelock")
    if not ask.scan and ask.edit.scan is None:
        return Step(None, "how the host is scanned is not known")
    if ask.edit.scan is not None:
        return Step(replace(ask.edit, scan=None))
    return Step(replace(ask.edit, scan="scanned" if ask.scan == "passthrough" else "passthrough"))


def next_until(ask: Ask) -> Step:
    """How long: until the bottle stops, one request, 15 min, 1 h, 8 h, and last what outlives the bottle (`t`)."""
    if ask.tool == "capability-block":
        return Step(None, "a rebuild has no end")
    wheel = [lasts for lasts in TURNS if ask.tool == "egress-block" or lasts != ONCE]
    if ask.tool == "pipelock-block" and ask.args.get("want") == "allow":
        wheel = [BOTTLE, ALWAYS]
    at = wheel.index(ask.edit.lasts) if ask.edit.lasts in wheel else -1
    return Step(replace(ask.edit, lasts=wheel[(at + 1) % len(wheel)]))


def as_asked(ask: Ask) -> Step:
    """Nothing changed (`0`)."""
    return Step(AS_ASKED) if ask.edit != AS_ASKED else Step(None, "it is as it was asked")


STEPS = {
    "=": fit,
    "-": narrower_path,
    "+": wider_path,
    "m": next_methods,
    "w": next_host,
    "s": next_scan,
    "t": next_until,
    "0": as_asked,
}
"""By the key that takes the step."""
