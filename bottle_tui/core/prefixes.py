"""Path prefixes as sets: which covers which, and few that cover many. An empty list of them is every path. Pure."""

from collections.abc import Iterable, Sequence

from sidecar_addon import paths
from sidecar_addon.asks import MAX_PREFIX_LENGTH, MAX_PREFIXES

SEGMENTS = 2
"""How many segments of a path a group or a roll-up keeps."""


def prefix_of(path: str) -> str:
    """A path's first segments; with a slash at the end when something follows."""
    return cut(path, SEGMENTS)


def cut(path: str, depth: int) -> str:
    """A path's first `depth` segments; with a slash at the end when something follows."""
    parts = path.split("/")
    return path if len(parts) <= depth + 1 else "/".join(parts[: depth + 1]) + "/"


def united(prefixes: Iterable[str]) -> tuple[str, ...]:
    """In order, without those that another one covers."""
    listed = set(prefixes)
    return tuple(sorted(prefix for prefix in listed if listed.isdisjoint(_above(prefix))))


def _above(prefix: str) -> set[str]:
    """All other prefixes that cover it: its folders, with the slash at the end and without."""
    ends = [at for at, char in enumerate(prefix) if char == "/"]
    return ({prefix[:at] for at in ends} | {prefix[: at + 1] for at in ends}) - {prefix, ""}


def nameable(path: str) -> str:
    """The narrowest prefix that a route can name for it: no pattern's characters, not too long; its folder, else."""
    while path != "/" and (set(path) & {*"*?"} or len(path) > MAX_PREFIX_LENGTH):
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return path


def narrowest(whole: Iterable[str], most: int = MAX_PREFIXES) -> tuple[str, ...]:
    """At most `most` prefixes that cover all these paths: the paths themselves, and where they are more, folders in
    place of what is below them, deep and crowded ones first. "/" where nothing narrower would do."""
    found = united(nameable(path) for path in whole)
    depth = max((path.count("/") for path in found), default=1)
    while len(found) > most and depth > 1:
        depth -= 1
        found = united(_folded(found, depth, len(found) - most))
    return found if len(found) <= most else ("/",)


def _folded(found: Iterable[str], depth: int, excess: int) -> list[str]:
    """With folders of that depth in place of their paths, the most crowded first, until `excess` are saved."""
    below: dict[str, list[str]] = {}
    for path in found:
        below.setdefault(cut(path, depth), []).append(path)
    kept: list[str] = []
    for folder, listed in sorted(below.items(), key=lambda item: -len(item[1])):
        saved = len(listed) - 1 if excess > 0 else 0
        kept += [folder] if saved else listed
        excess -= saved
    return kept


def folders(wanted: Sequence[str]) -> list[tuple[str, ...]]:
    """Of these paths, cut at every depth, the shallowest first; without "/", which is every path."""
    deepest = max((path.strip("/").count("/") for path in wanted), default=0)
    return [united(cut(path, depth) for path in wanted) for depth in range(1, deepest + 1)]


def covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether these prefixes admit all that those do."""
    if not wide or "/" in wide:
        return True
    return bool(narrow) and all(any(paths.covers(prefix, path) for prefix in wide) for path in narrow)


def narrows(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether `narrow` admits only what `wide` does, and not the same."""
    return covers(wide, narrow) and not covers(narrow, wide)
