"""mitmproxy's handling of connections, corrected.

1. A handler that is cancelled closes its socket. mitmproxy handles an event under a lock and cancels the handler of a
   connection that is to be closed; one that was waiting for the lock at that moment dies without closing its socket:
   whoever sends on, an upstream too, leaves an open file with the gate each time. So the wait for the lock is not
   broken off, and the cancellation comes right after it.
2. While a request waits (for a hold to end, for its connection upstream) what the agent goes on sending is left in its
   socket; mitmproxy alone would read it all into memory.
3. The same for what the other side of an HTTP/2 connection gives no window for, both ways. Whoever is read from waits;
   if both had to, the upstream is read on (it may be what gives the window), up to a limit that ends the connection.
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
UNSENT_LIMIT = 4 * 1024 * 1024
"""Bytes that may wait for an HTTP/2 window before their sender has to."""
UNSENT_END = 64 * 1024 * 1024
"""Bytes that wait for the agent's window, although it sends on itself, at which its connection ends."""
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


_known: WeakKeyDictionary[Client, WeakKeyDictionary[Any, bool]] = WeakKeyDictionary()
"""HTTP/2 connections of, and behind, a connection of the agent: whether they lead to the agent."""


def know(client: Client, connection: Any, *, to_agent: bool) -> None:
    """From now on what this HTTP/2 connection cannot send counts."""
    _known.setdefault(client, WeakKeyDictionary())[connection] = to_agent


def unsent(client: Client, *, to_agent: bool) -> int:
    """What waits for windows in one direction."""
    found = [each for each, way in _known.get(client, {}).items() if way is to_agent]
    queues = [pieces for each in found for pieces in each.stream_buffers.values()]
    return sum(len(piece.data) + _PIECE for pieces in queues for piece in pieces)


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
        self._moved = asyncio.Event()
        self._agent_waits = False

    async def server_event(self, event: Any) -> None:
        """As mitmproxy's; whoever waits for room looks again."""
        await super().server_event(event)
        self._moved.set()

    async def drain_writers(self) -> None:
        """As mitmproxy's: the reader of a connection reads on after this, once there is room for what it reads."""
        await super().drain_writers()
        agent = self.transports.get(self.client)
        if agent is None or agent.writer is None:
            return
        closing = agent.writer.is_closing
        if agent.handler is asyncio.current_task():
            await waiting(self.client).room(closing)
            self._agent_waits = True
            try:
                await self._until(lambda: closing() or unsent(self.client, to_agent=False) <= UNSENT_LIMIT)
            finally:
                self._agent_waits = False
        else:
            await self._until(
                lambda: closing() or self._agent_waits or unsent(self.client, to_agent=True) <= UNSENT_LIMIT
            )
            if unsent(self.client, to_agent=True) > UNSENT_END:
                agent.writer.transport.abort()

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), _LOOK_SECONDS)


def install() -> None:
    """Put the corrected handler in the place of mitmproxy's."""
    mode_servers.ProxyConnectionHandler = GateConnection
