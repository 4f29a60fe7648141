"""A connection to a container's terminal that nobody waits for: an agent that reads nothing keeps nobody who joined it.

What it does not take is kept until it does, also while its own output is read: it may be waiting for that.
"""

import ssl
from typing import Any

_CHUNK = 65536
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """Owns the socket, and what of the operator's keys it has not taken yet."""

    def __init__(self, connection: Any) -> None:
        self._sock = getattr(connection, "_sock", connection)
        self._sock.setblocking(False)
        self._waiting = bytearray()

    def fileno(self) -> int:
        return int(self._sock.fileno())

    @property
    def is_behind(self) -> bool:
        """Whether something waits to be taken."""
        return bool(self._waiting)

    def received(self) -> bytes | None:
        """What has come; b"" at its end, None when nothing has."""
        try:
            return bytes(self._sock.recv(_CHUNK))
        except _NOT_NOW:
            return None

    def send(self, data: bytes = b"") -> None:
        """As much of what waits, and of that after it, as is taken now."""
        self._waiting += data
        try:
            while self._waiting:
                del self._waiting[: self._sock.send(bytes(self._waiting[:_CHUNK]))]
        except _NOT_NOW:
            return
