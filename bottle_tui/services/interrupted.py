"""What a crash left is settled by whoever looks next, too: a look must not go on saying what is no longer so.

Nothing waits: while somebody holds the lock an apply is under way, and he settles it. A gate that does not answer is
not asked again at every look.
"""

from collections import deque
from dataclasses import dataclass

from bottle_tui.core import journal as journals
from bottle_tui.errors import BottleError, Conflict
from bottle_tui.ports import Home, World
from bottle_tui.services import lookup, recover, session

_AGAIN_SECONDS = 20.0


@dataclass(frozen=True)
class _Try:
    """When that journal was tried in vain, and what was said."""

    journal: bytes
    at: float
    said: str


_tries: dict[str, _Try] = {}
"""The last of each bottle's folder: a dashboard looks every few seconds."""
_unheard: deque[tuple[Home, str]] = deque(maxlen=20)
"""What looks have settled and `everywhere` has not told yet, each with the home it was in."""


def settle(world: World, slug: str) -> str | None:
    """Settle an interrupted apply, if there is one and nobody is at it; the line that says how, or why not.

    A world that only looks settles nothing, and says what does. Raises nothing.
    """
    try:
        home = world.home.bottle(slug)
        data = home.read(journals.FILE)
        if data is None or lookup.find(world, slug) is None:
            return None
        key, now = str(home.path), world.clock.monotonic()
        known = _tries.get(key)
        if known is not None and known.journal == data and now - known.at < _AGAIN_SECONDS:
            return known.said
        with home.lock(timeout=0.0):
            if world.read_only:
                return _unsettled(slug)
            _tries.pop(key, None)
            said = _settled(world, slug)
            if (left := home.read(journals.FILE)) is not None:
                _tries[key] = _Try(left, now, said or _unsettled(slug))
            elif said is not None:
                _unheard.append((world.home, f"{slug}: {said}"))
            return said
    except Conflict:
        return None
    except BottleError as error:
        return str(error)


def everywhere(world: World, slug: str | None = None) -> list[str]:
    """The same for every bottle, or one; what was settled, now or by the looks since the last call."""
    for name in [slug] if slug else world.home.slugs():
        settle(world, name)
    told = [each for each in tuple(_unheard) if each[0] is world.home]
    for each in told:
        _unheard.remove(each)
    return [line for _, line in told]


def _settled(world: World, slug: str) -> str | None:
    try:
        return recover.recover_session(session.opened(world, slug))
    except BottleError as error:
        return str(error)


def _unsettled(slug: str) -> str:
    return f"{slug}: an apply was interrupted, what is shown may be old; `bottle-tui ps` finishes it"
