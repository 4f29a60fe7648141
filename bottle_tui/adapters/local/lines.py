"""A sidecar's output on the local runtime: live over the control socket, or what is left on disk once it is down."""

import select
import socket
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bottle_tui.errors import OutputEnded, SidecarUnreachable
from sidecar_addon.local.output import lines_on_disk

LINE_LIMIT = 256 * 1024
"""A line over this is cut, not kept growing."""
_CHUNK = 65536


class SocketLines:
    """`ports.EventLines` over a connection on which `follow` was asked."""

    def __init__(self, connection: socket.socket, what: str) -> None:
        self._connection = connection
        self._what = what
        self._rest = b""
        self._skipping = False
        """Whether what comes is the rest of a line that was cut."""
        self._ready: deque[str] = deque()
        self.to_come: int | None = None
        """How many lines there are until the end, where the other side has said."""

    def next(self, timeout: float) -> str | None:
        """The next line, or None after `timeout` seconds. Raises OutputEnded, SidecarUnreachable."""
        deadline = time.monotonic() + timeout
        while not self._ready:
            left = deadline - time.monotonic()
            if not self._readable(max(left, 0.0)):
                return None
            self._read()
        if self.to_come is not None:
            self.to_come -= 1
        return self._ready.popleft()

    def close(self) -> None:
        """End the stream, also from another thread: whoever waits in `next` gets SidecarUnreachable."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _readable(self, timeout: float) -> bool:
        try:
            readable, _, _ = select.select([self._connection], [], [], timeout)
        except (OSError, ValueError) as error:  # closed from another thread
            raise SidecarUnreachable(f"{self._what}: the stream was closed") from error
        return bool(readable)

    def _read(self) -> None:
        try:
            data = self._connection.recv(_CHUNK)
        except OSError as error:
            raise SidecarUnreachable(f"{self._what}: the stream broke off: {error}") from error
        if not data and (self._rest or self.to_come):
            raise SidecarUnreachable(f"{self._what}: its output broke off")
        if not data:
            raise OutputEnded(f"{self._what}: its output has ended")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._skipping:
                self._ready.append(line[:LINE_LIMIT].decode("utf-8", "replace"))
            self._skipping = False
        if len(self._rest) > LINE_LIMIT:
            if not self._skipping:
                self._ready.append(self._rest[:LINE_LIMIT].decode("utf-8", "replace"))
            self._rest, self._skipping = b"", True


class DiskLines:
    """`ports.EventLines` over what a sidecar that is down left on disk."""

    def __init__(self, path: Path, tail: int | None, what: str) -> None:
        lines: Iterable[str] = lines_on_disk(path)
        self._ready = deque(lines, maxlen=tail)
        self._what = what

    def next(self, timeout: float) -> str | None:
        """The next line. Raises OutputEnded."""
        if not self._ready:
            raise OutputEnded(f"{self._what} does not run")
        return self._ready.popleft()

    def close(self) -> None:
        """Nothing is open."""
        self._ready.clear()
