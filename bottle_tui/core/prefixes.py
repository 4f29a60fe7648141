"""Path prefixes as sets: which covers which, and few that cover many. An empty list of them is every path. Pure."""

from collections.abc import Iterable, Sequence

from sidecar_addon import paths

SEGMENTS = 2
"""How many segments of a path a group or a roll-up keeps."""
FITTED = 8
"""Of more paths than this, a fit takes their folders."""


def prefix_of(path: str) -> str:
    """A path's first segments; with a slash at the end when something follows."""
    return cut(path, SEGMENTS)


def cut(path: str, depth: int) -> str:
    """A path's first `depth` segments; with a slash at the end when something follows."""
    parts = path.split("/")
    return path if len(parts) <= depth + 1 else "/".join(parts[: depth + 1]) + "/"


def united(prefixes: Iterable[str]) -> tuple[str, ...]:
    """In order, without those that another one covers."""
    listed = sorted(set(prefixes))
    return tuple(
        prefix for prefix in listed if not any(other != prefix and paths.covers(other, prefix) for other in listed)
    )


def narrowest(whole: Iterable[str]) -> tuple[str, ...]:
    """Few prefixes that cover all these paths, cut at segment boundaries; the paths themselves where they are few."""
    wanted = sorted(set(whole))
    found = united(wanted)
    depth = max((path.count("/") for path in wanted), default=1)
    while len(found) > FITTED and depth > 1:
        depth -= 1
        found = united(cut(path, depth) for path in wanted)
    return found if len(found) <= FITTED else ("/",)


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
