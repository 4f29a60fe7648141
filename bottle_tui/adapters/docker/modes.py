"""What an agent has made of its terminal, read from what it writes: for who joins it later, and for who leaves it.

Agents switch modes on when they start, mostly before anybody has joined: without them a paste of several lines is
keys, one after the other.
"""

import re

_MODE = re.compile(
    rb"\x1b(?:\[\?(?P<modes>[\d;]+)(?P<way>[hl])"
    rb"|\[(?P<stack>[<>=])(?P<flags>\d{0,5})(?:;(?P<how>\d))?u"
    rb"|\[>4(?:;(?P<other>\d{0,5}))?m"
    rb"|\[(?P<region>\d{0,5}(?:;\d{0,5})?)r"
    rb"|(?P<pad>[=>]))"
)
_LONGEST = 32
_SCREENS = ("47", "1047", "1049")
_THEIRS = [
    "1",
    "5",
    "6",
    "9",
    "66",
    "69",
    "1000",
    "1001",
    "1002",
    "1003",
    "1004",
    "1005",
    "1006",
    "1015",
    "1016",
    "2004",
    "2031",
    "2048",
]
"""Modes that are off in a terminal at rest: cursor keys, swapped colours, margins, mouse, focus, pastes, sizes."""
_OURS = ("25", "7")
"""Those that are on: the cursor is shown, lines wrap."""
_KNOWN = frozenset((*_SCREENS, *_THEIRS, *_OURS))
_MOST_FLAGS = 64
_WRITES = b"\x1b(B\x0f\x1b[4l\x1b[0m"
"""Letters are letters, push no others aside, and have no colour: else what is drawn next is not what was meant."""
NEXT_LINE = b"\r\n"
_WHOLE = b"\x1b7\x1b[r\x1b8"
"""The whole screen scrolls; the cursor stays."""


class Modes:
    """Only modes that a terminal can be given back from. What is drawn is the agent's, and not kept."""

    def __init__(self) -> None:
        self._before = b""
        self._on: dict[str, bool] = {}
        self._flags = [0]
        """Of kitty's keyboard protocol: at rest, and what was pushed."""
        self._other = 0
        self._pad = False
        self._region = False
        """Whether only a part of the screen scrolls. Whoever joins is drawn anew, and gets it by that."""

    def wrote(self, data: bytes) -> None:
        """The agent's side wrote that."""
        seen = self._before + data
        end = 0
        for found in _MODE.finditer(seen):
            self._set(found)
            end = found.end()
        self._before = seen[max(end, len(seen) - _LONGEST) :]

    def _set(self, found: re.Match[bytes]) -> None:
        if found["modes"]:
            named = found["modes"].decode().split(";")
            self._on |= {mode: found["way"] == b"h" for mode in named if mode in _KNOWN}
        elif found["stack"]:
            self._set_flags(found["stack"], int(found["flags"] or 0), found["how"])
        elif found["region"] is not None:
            self._region = bool(found["region"])
        elif found["pad"]:
            self._pad = found["pad"] == b"="
        else:
            self._other = int(found["other"] or 0)

    def _set_flags(self, stack: bytes, flags: int, how: bytes | None) -> None:
        if stack == b">":
            self._flags = [*self._flags, flags][-_MOST_FLAGS:]
        elif stack == b"<":
            self._flags = self._flags[: max(len(self._flags) - (flags or 1), 0)] or [0]
        else:
            top = self._flags[-1]
            self._flags[-1] = top | flags if how == b"2" else top & ~flags if how == b"3" else flags

    def redone(self) -> bytes:
        """What to write so that a terminal at rest is as the agent has it."""
        parts = [b"\x1b[?%sh" % mode.encode() for mode in (*_SCREENS, *_THEIRS) if self._on.get(mode)]
        parts += [b"\x1b[?%sl" % mode.encode() for mode in _OURS if self._on.get(mode) is False]
        parts += [b"\x1b="] if self._pad else []
        parts += [b"\x1b[>4;%dm" % self._other] if self._other else []
        parts += [b"\x1b[=%du" % self._flags[0]] if self._flags[0] else []
        return b"".join([*parts, *(b"\x1b[>%du" % flags for flags in self._flags[1:])])

    def undone(self) -> bytes:
        """What to write so that the terminal is as it was: only what the agent has changed."""
        parts = [b"\x1b[<%du" % (len(self._flags) - 1)] if self._flags[1:] else []
        parts += [b"\x1b[=0u"] if self._flags[0] else []
        parts += [b"\x1b[>4m"] if self._other else []
        parts += [b"\x1b>"] if self._pad else []
        parts += [b"\x1b[?%sh" % mode.encode() for mode in _OURS if self._on.get(mode) is False]
        parts += [b"\x1b[?%sl" % mode.encode() for mode in _THEIRS if self._on.get(mode)]
        parts += [_WHOLE] if self._region else []
        parts += [b"\x1b[?%sl" % mode.encode() for mode in _SCREENS if self._on.get(mode)]
        on_its_own_screen = any(self._on.get(mode) for mode in _SCREENS)
        return b"".join([*parts, _WRITES if on_its_own_screen else _WRITES + NEXT_LINE])
