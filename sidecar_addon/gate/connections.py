"""mitmproxy's handling of connections, corrected: a handler that is cancelled closes its socket.

mitmproxy handles an event under a lock and cancels the handler of a connection that is to be closed. A handler that was
waiting for the lock at that moment dies without closing its socket: whoever sends on, an upstream too, leaves an open
file with the gate each time. So the wait for the lock is not broken off, and the cancellation comes right after it.
"""

import asyncio
from typing import Any, Literal

from mitmproxy.proxy import mode_servers


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


def install() -> None:
    """Put the corrected handler in the place of mitmproxy's."""
    mode_servers.ProxyConnectionHandler = GateConnection
