"""Path prefixes as sets: which covers which, and few that cover many. An empty list of them is every path. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from sidecar_addon import paths
from sidecar_addon.asks import MAX_PREFIX_LENGTH, MAX_PREFIXES

SEGMENTS = 2
"""How many segments of a path a group or a roll-up keeps."""
_PATTERN = re.compile(r"[*?]")


def prefix_of(path: str) -> str:
    """A path's first segments; with a slash at the end when something follows."""
    return cut(path, SEGMENTS)


def cut(path: str, depth: int) -> str:
    """A path's first `depth` segments; with a slash at the end when something follows."""
    parts = path.split("/", depth + 1)
    return path if len(parts) <= depth + 1 else "/".join(parts[: depth + 1]) + "/"


def united(prefixes: Iterable[str]) -> tuple[str, ...]:
    """In order, without those that another one covers."""
    return tuple(sorted(_uncovered(sorted(set(prefixes), key=_segments))))


def _uncovered(ordered: Iterable[str]) -> list[str]:
    """Of prefixes in the order of their segments, where what one covers comes right behind it."""
    kept: list[str] = []
    for prefix in ordered:
        if not (kept and paths.covers(kept[-1], prefix)):
            kept.append(prefix)
    return kept


def _segments(path: str) -> list[str]:
    return path.split("/")


@lru_cache(maxsize=8_192)
def is_canonical(path: str) -> bool:
    """Whether a rule can name it at all. Remembered: an agent's paths are long, and looked at again and again."""
    return paths.problem(path) is None


def nameable(path: str) -> str:
    """The narrowest prefix that a route can name for it: no pattern's characters, not too long; its folder, else."""
    pattern = _PATTERN.search(path)
    most = min(pattern.start() if pattern else len(path), MAX_PREFIX_LENGTH)
    return path if most == len(path) else path[: path.rfind("/", 0, most) + 1] or "/"


def narrowest(whole: Iterable[str], most: int = MAX_PREFIXES) -> tuple[str, ...]:
    """At most `most` prefixes that cover all these paths: the paths themselves, and where they are more, folders in
    place of what is below them, deep and crowded ones first. "/" where nothing narrower would do.

    Agents choose the paths: what this takes must not grow with how deep they are.
    """
    found = sorted(map(_segments, united(map(nameable, whole))))
    shared = [_shared(*pair) for pair in pairwise(found)]
    while len(found) > most and max(shared, default=0) > 0:
        found, shared = _folded(found, shared, len(found) - most)
    return tuple(sorted(map("/".join, found))) if len(found) <= most else ("/",)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many segments they have in common from the start, of which the first is empty."""
    return (
        next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))) - 1
    )


def _folded(found: list[list[str]], shared: list[int], excess: int) -> tuple[list[list[str]], list[int]]:
    """With the deepest folders in place of their paths, the most crowded first, until `excess` are saved.

    `shared`: for each two neighbours, how many segments they have in common.
    """
    depth = max(shared)
    runs = [[0]]
    for at, common in enumerate(shared, 1):
        if common == depth:
            runs[-1].append(at)
        else:
            runs.append([at])
    crowded = sorted((run for run in runs if len(run) > 1), key=lambda run: (-len(run), "/".join(found[run[0]])))
    chosen: set[int] = set()
    for run in crowded:
        if excess > 0:
            chosen.add(run[0])
            excess -= len(run) - 1
    kept = [at for run in runs for at in (run[:1] if run[0] in chosen else run)]
    folders = [[*found[at][: depth + 1], ""] if at in chosen else found[at] for at in kept]
    return folders, [shared[at - 1] for at in kept[1:]]


def folders(wanted: Sequence[str], most: int = MAX_PREFIXES) -> list[tuple[str, ...]]:
    """Of these paths, cut at every depth, the shallowest first, until they are the paths themselves or more than
    `most`; without "/", which is every path. Each of them is narrower than the one before."""
    ordered = sorted(set(wanted), key=_segments)  # and in the same order when they are cut
    slashes = [[at for at, char in enumerate(path) if char == "/"] for path in ordered]
    deepest = max((path.strip("/").count("/") for path in wanted), default=0)
    rungs: list[tuple[str, ...]] = []
    for depth in range(1, deepest + 1):
        cuts = (path[: at[depth] + 1] if depth < len(at) else path for path, at in zip(ordered, slashes, strict=True))
        rung = tuple(sorted(_uncovered(cuts)))
        if len(rung) > most or rung in rungs[-1:]:
            break
        rungs.append(rung)
    return rungs


def covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether these prefixes admit all that those do."""
    if not wide or "/" in wide:
        return True
    return bool(narrow) and all(any(paths.covers(prefix, path) for prefix in wide) for path in narrow)


def narrows(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether `narrow` admits only what `wide` does, and not the same."""
    return covers(wide, narrow) and not covers(narrow, wide)
