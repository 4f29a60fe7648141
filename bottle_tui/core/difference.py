"""The change as people read it, a unified diff, and the digest that binds a decision to it. Pure.

Only the neighbourhood of what changed is rendered, so that ten thousand routes cost nothing.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bottle_tui.core.mirror import Mirrored
from bottle_tui.core.views import Risk
from sidecar_addon.block_yaml import block_yaml
from sidecar_addon.table import Route, route_as_data

_CONTEXT = 3


@dataclass(frozen=True)
class Display:
    """How long new grants last, in words: their moment is only known when they are approved."""

    grant_ids: tuple[str, ...] = ()
    lasts: str = ""
    host: str = ""
    """The route whose `passthrough_until`, when it changes, is shown in the same words."""


@dataclass(frozen=True)
class Difference:
    """Two unified diffs without file headers, and the changed lines, each with its place, for the digest."""

    routes: str = ""
    pipelock: str = ""
    lines: tuple[str, ...] = field(default=())


def difference(
    before: Sequence[Route],
    after: Sequence[Route],
    mirrored_before: Mirrored,
    mirrored_after: Mirrored,
    display: Display = Display(),
) -> Difference:
    """What changes for the gate and for pipelock."""
    lines = [*_route_lines(before, after, display), *_mirror_lines(mirrored_before, mirrored_after)]
    return Difference(
        _diff_routes(before, after, display), _diff_mirrored(mirrored_before, mirrored_after), tuple(lines)
    )


def change_digest(lines: Iterable[str], risks: Iterable[Risk], bound: Sequence[str] = ()) -> str:
    """`sha256:…` over the changed lines, the risks that want a thought (notes come and go), and what else binds."""
    named = sorted(risk.id for risk in risks if risk.level != "note")
    text = json.dumps([list(lines), named, list(bound)], separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _diff_routes(before: Sequence[Route], after: Sequence[Route], display: Display) -> str:
    first, last = _common_ends(before, after)
    start = max(0, first - 1)
    stop = max(0, last - 1)
    old = before[start : len(before) - stop]
    new = after[start : len(after) - stop]
    offset = 1 + sum(_height(route) for route in before[:start])
    return _unified(_rendered(old, Display()), _rendered(new, display), offset)


def _rendered(routes: Sequence[Route], display: Display) -> list[tuple[str, str]]:
    """(host, line) of every line."""
    return [(route.host, line) for route in routes for line in _yaml_of(route, display).splitlines()]


def _yaml_of(route: Route, display: Display) -> str:
    return _block(json.dumps(_shown(route, display)))


@lru_cache(maxsize=256)
def _block(data: str) -> str:
    """Remembered: YAML is slow to write, and every card is made anew at each look."""
    return block_yaml([json.loads(data)])


def _shown(route: Route, display: Display) -> dict[str, Any]:
    data = route_as_data(route)
    in_words = f"{display.lasts} after approval"
    for grant in data["grants"]:
        if grant["id"] in display.grant_ids and "expires_at" in grant and display.lasts:
            grant["expires_at"] = in_words
    if "passthrough_until" in data and display.lasts and route.host == display.host:
        data["passthrough_until"] = in_words
    return data


def _bound(route: Route, display: Display) -> dict[str, Any]:
    """As shown, but for the ids of new grants: they are made up each time somebody looks."""
    data = _shown(route, display)
    for grant in data["grants"]:
        if grant["id"] in display.grant_ids:
            grant["id"] = "new"
    return data


def _height(route: Route) -> int:
    data = route_as_data(route)
    return len(data) + sum(len(grant) for grant in data["grants"])


def _common_ends[T](before: Sequence[T], after: Sequence[T]) -> tuple[int, int]:
    """How many items are equal at the beginning, and how many of the others at the end."""
    most = min(len(before), len(after))
    first = 0
    while first < most and before[first] == after[first]:
        first += 1
    last = 0
    while last < most - first and before[-1 - last] == after[-1 - last]:
        last += 1
    return first, last


def _unified(old: list[tuple[str, str]], new: list[tuple[str, str]], offset: int) -> str:
    """Unified diff; each hunk's head names the route it begins in, as version control names the function."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    text: list[str] = []
    if old != new:
        for group in matcher.get_grouped_opcodes(_CONTEXT):
            text += _hunk(group, old, new, offset)
    return "\n".join(text)


def _hunk(
    group: list[tuple[str, int, int, int, int]], old: list[tuple[str, str]], new: list[tuple[str, str]], offset: int
) -> list[str]:
    i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
    changed = next((op for op in group if op[0] != "equal"), group[0])
    where = new[changed[3]][0] if changed[3] < changed[4] else old[changed[1]][0]
    head = f"@@ -{_range(i1, i2, offset)} +{_range(j1, j2, offset)} @@ {where}".rstrip()
    lines = [head]
    for kind, a1, a2, b1, b2 in group:
        if kind == "equal":
            lines += [" " + line for _, line in old[a1:a2]]
            continue
        lines += ["-" + line for _, line in old[a1:a2]]
        lines += ["+" + line for _, line in new[b1:b2]]
    return lines


def _range(start: int, stop: int, offset: int) -> str:
    length = stop - start
    first = start + offset + (1 if length else 0)
    return str(first) if length == 1 else f"{first},{length}"


def _mirror_text(mirrored: Mirrored) -> list[tuple[str, str]]:
    return [
        ("", "api_allowlist:"),
        *(("", f"- {host}") for host in mirrored.hosts),
        ("", "passthrough_domains:"),
        *(("", f"- {host}") for host in mirrored.passthrough),
    ]


def _diff_mirrored(before: Mirrored, after: Mirrored) -> str:
    old, new = _mirror_text(before), _mirror_text(after)
    first, last = _common_ends(old, new)
    start, stop = max(0, first - _CONTEXT), max(0, last - _CONTEXT)
    return _unified(old[start : len(old) - stop], new[start : len(new) - stop], start)


def _route_lines(before: Sequence[Route], after: Sequence[Route], display: Display) -> list[str]:
    """Every changed line with sign and route; equal for the same change whatever else the table holds."""
    old = {route.host: route for route in before}
    new = {route.host: route for route in after}
    lines: list[str] = []
    for host in [*(h for h in old if h not in new or old[h] != new[h]), *(h for h in new if h not in old)]:
        was = _yaml_of(old[host], Display()).splitlines() if host in old else []
        will = _block(json.dumps(_bound(new[host], display))).splitlines() if host in new else []
        lines += [f"{sign} {host} {line}" for sign, line in _changed(was, will)]
    kept_before = [host for host in old if host in new]
    kept_after = [host for host in new if host in old]
    return lines if kept_before == kept_after else [*lines, "order " + " ".join(kept_after)]


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Lines that go, with -, and that come, with +. Which of them are alike is not asked: that takes hours of many."""
    for kind, a1, a2, b1, b2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield from (("-", line) for line in old[a1:a2])
            yield from (("+", line) for line in new[b1:b2])


def _mirror_lines(before: Mirrored, after: Mirrored) -> list[str]:
    lines: list[str] = []
    for name, old, new in (
        ("allow", before.hosts, after.hosts),
        ("passthrough", before.passthrough, after.passthrough),
    ):
        was, will = set(old), set(new)
        lines += [f"- pipelock {name} {host}" for host in old if host not in will]
        lines += [f"+ pipelock {name} {host}" for host in new if host not in was]
    return lines
