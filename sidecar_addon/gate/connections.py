"""mitmproxy's handling of connections, corrected.

1. A handler that is cancelled closes its socket. mitmproxy handles an event under a lock and cancels the handler of a
   connection that is to be closed; one that was waiting for the lock at that moment dies without closing its socket:
   whoever sends on, an upstream too, leaves an open file with the gate each time. So the wait for the lock is not
   broken off, and the cancellation comes right after it.
2. While a request waits (for a hold to end, for its connection upstream) what the agent goes on sending is left in its
   socket; mitmproxy alone would read it all into memory.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Literal
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client
from mitmproxy.proxy import mode_servers

WAITING_LIMIT = 1024 * 1024
"""Bytes of a connection of the agent that may wait in memory."""
_PIECE = 200
"""What one piece costs beside its bytes."""
_LOOK_SECONDS = 1.0


class Waiting:
    """What came of one connection of the agent and cannot go on yet."""

    def __init__(self) -> None:
        self._size = 0
        self._room = asyncio.Event()

    def change(self, pieces: int, size: int) -> None:
        """Pieces were added, or (negative) have gone on."""
        self._size += size + pieces * _PIECE
        if self._size <= WAITING_LIMIT:
            self._room.set()
        else:
            self._room.clear()

    async def room(self, closed: Callable[[], bool]) -> None:
        """Until no more waits than may, or the connection is closed."""
        while self._size > WAITING_LIMIT and not closed():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), _LOOK_SECONDS)


_waiting: WeakKeyDictionary[Client, Waiting] = WeakKeyDictionary()


def waiting(client: Client) -> Waiting:
    """What waits of this connection."""
    return _waiting.setdefault(client, Waiting())


class PatientLock(asyncio.Lock):
    """A lock whose wait is not broken off by a cancellation; that is delivered at the next wait after it."""

    async def acquire(self) -> Literal[True]:
        """Wait until the lock is held, whatever comes meanwhile."""
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await super().acquire()
                break
            except asyncio.CancelledError as error:
                cancelled = error
        task = asyncio.current_task()
        if cancelled is not None and task is not None:
            task.cancel(*cancelled.args)
        return True


class GateConnection(mode_servers.ProxyConnectionHandler):  # type: ignore[misc]
    """One connection of the agent, and those behind it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if not isinstance(getattr(self, "_server_event_lock", None), asyncio.Lock):
            raise TypeError("this mitmproxy handles events without the lock that is known")
        self._server_event_lock = PatientLock()

    async def drain_writers(self) -> None:
        """As mitmproxy's: the reader of a connection reads on after this. The agent's waits for room, too."""
        await super().drain_writers()
        io = self.transports.get(self.client)
        if io is not None and io.handler is asyncio.current_task():
            await waiting(self.client).room(io.writer.is_closing)


def install() -> None:
    """Put the corrected handler in the place of mitmproxy's."""
    mode_servers.ProxyConnectionHandler = GateConnection
