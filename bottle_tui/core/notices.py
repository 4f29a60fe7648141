"""When the dashboard may call: only while its terminal has no focus, at most every half minute, never twice for an ask.

Pure; `at` are seconds of one monotonic clock. What a notice says are counts, slugs and hosts: never an agent's words.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Self

from bottle_tui.core.text import visible

EVERY = 30.0
HOSTS = 3
"""Hosts that one line names."""


@dataclass(frozen=True)
class Asked:
    """One ask that waits. `danger`: whether one of its risks is `!!`."""

    id: str
    slug: str
    host: str
    danger: bool = False


@dataclass(frozen=True)
class Notices:
    """What the operator has been called for, and when last."""

    told: frozenset[str] = frozenset()
    at: float = -inf

    def heard(
        self, asked: Sequence[Asked], muted: Collection[str], at: float, *, focused: bool
    ) -> tuple[Self, tuple[Asked, ...]]:
        """What waits now; returned beside the next state: what to call for at this moment, nothing at most times."""
        here = frozenset(each.id for each in asked)
        loud = tuple(each for each in asked if each.slug not in muted)
        if focused:
            return replace(self, told=frozenset(each.id for each in loud)), ()
        still = replace(self, told=self.told & here)
        if all(each.id in still.told for each in loud) or at - self.at < EVERY:
            return still, ()
        return replace(self, told=still.told | {each.id for each in loud}, at=at), loud


def line(asked: Iterable[Asked]) -> str:
    """One line for a terminal's notice, e.g. "3 waiting: lab files.example.net, docs api.example.com, …"."""
    listed = list(asked)
    named = [f"{visible(each.slug)} {visible(each.host) or 'its Dockerfile'}" for each in listed]
    more = ", …" if len(named) > HOSTS else ""
    return f"{len(listed)} waiting: {', '.join(named[:HOSTS])}{more}"


def payload(asked: Iterable[Asked], time: str) -> dict[str, Any]:
    """What `notify.command` reads; the shape of docs/settings.md."""
    listed = list(asked)
    counts = Counter(each.slug for each in listed)
    return {
        "version": 1,
        "event": "waiting",
        "time": time,
        "waiting": len(listed),
        "danger": any(each.danger for each in listed),
        "bottles": [
            {
                "slug": visible(slug),
                "waiting": count,
                "hosts": list(dict.fromkeys(visible(each.host) for each in listed if each.slug == slug and each.host)),
            }
            for slug, count in counts.items()
        ],
        "text": line(listed),
    }


# What a terminal understands

_ESC = "\x1b"
_END = f"{_ESC}\\"


def bell() -> str:
    """The bell passes through tmux by itself, which marks the window with it."""
    return "\x07"


def notices(text: str, *, tmux: bool) -> str:
    """OSC 9 and OSC 777: each terminal shows the one it knows."""
    clean = visible(text).replace(";", ",")
    return _through(f"{_ESC}]9;{clean}{_END}", tmux) + _through(f"{_ESC}]777;notify;bottle-tui;{clean}{_END}", tmux)


def title(waiting: int) -> str:
    """The badge: how many wait, in the terminal's title (OSC 2). tmux takes it for the pane's title by itself."""
    return f"{_ESC}]2;{f'({waiting}) ' if waiting else ''}bottle-tui{_END}"


def keep_title() -> str:
    """Before the first badge: the terminal puts the title it has on its stack."""
    return f"{_ESC}[22;2t"


def restore_title() -> str:
    """At the end: an empty title for those without a stack, then the one that was kept."""
    return f"{_ESC}]2;{_END}{_ESC}[23;2t"


def _through(sequence: str, tmux: bool) -> str:
    """Wrapped so that tmux hands it on to the terminal around it."""
    return f"{_ESC}Ptmux;{sequence.replace(_ESC, _ESC * 2)}{_END}" if tmux else sequence
