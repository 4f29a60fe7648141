"""Letting go of a joined terminal: the keys that do it.

The engine knows the keys as single bytes only. Agents ask terminals for other encodings of keys, and zellij keeps
ctrl-p and ctrl-q for itself, so they are looked for here. The first of the two is held back for a moment.
"""

import re

ENGINE_KEYS = ",".join(["ctrl-^"] * 8)
"""For the engine, which always looks for some: nobody types these, so it holds no key back."""

PATIENCE = 0.5
"""Seconds until the first key is the agent's after all."""
_MOST = 256
_CTRL = rb"(?:5|69|133|197)"  # ctrl alone, with either lock, with both


def _key(byte: bytes, code: int) -> bytes:
    """ctrl and a key: as a byte, in kitty's encoding (CSI u), in xterm's (modifyOtherKeys)."""
    number = str(code).encode()
    kitty = rb"\x1b\[" + number + rb"(?::\d*)*;" + _CTRL + rb"(?::[12])?(?:;[\d:]*)?u"
    return rb"(?:" + byte + rb"|" + kitty + rb"|\x1b\[27;" + _CTRL + rb";" + number + rb"~)"


_CTRL_ITSELF = rb"\x1b\[574[45]\d(?:;[\d:;]*)?u"
_LET_GO = rb"\x1b\[(?!574[45]\d[;u])[\d:]+;\d+:3(?:;[\d:]*)?u"  # none can be read both ways: that would take for ever
_BETWEEN = rb"(?:" + _LET_GO + rb"|" + _CTRL_ITSELF + rb")*"
_P, _Q, _BRACKET = _key(rb"\x10", 112), _key(rb"\x11", 113), _key(rb"\x1d", 93)
_LEAVE = re.compile(_P + _BETWEEN + _Q + rb"|" + _BRACKET + _BETWEEN + _BRACKET)
_FIRST = re.compile(rb"(?:" + _P + rb"|" + _BRACKET + rb")" + _BETWEEN + rb"\Z")


class Keys:
    """What is typed, looked through for the keys that let go."""

    def __init__(self) -> None:
        self._before = b""
        self._held = b""

    @property
    def holds(self) -> bool:
        """Whether the first key is held back, which may be half of leaving."""
        return bool(self._held)

    def typed(self, data: bytes) -> tuple[bytes, bool]:
        """What of all that was typed now goes to the agent, and whether the operator leaves."""
        seen, sent = self._before + data, len(self._before) - len(self._held)
        if found := _LEAVE.search(seen):
            return seen[sent : max(found.start(), sent)], True
        first = _FIRST.search(seen, sent)
        until = first.start() if first else len(seen)
        self._held, self._before = seen[until:], seen[-_MOST:]
        return seen[sent:until], False

    def waited(self) -> bytes:
        """Nothing came after what was held back: it goes to the agent, and is no half of anything any more."""
        held, self._held, self._before = self._held, b"", b""
        return held
