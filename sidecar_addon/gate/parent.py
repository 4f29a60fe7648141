"""Whether pipelock answers: its process may be stopped while its container runs, and then nothing passes."""

import asyncio
from collections.abc import Callable

EVERY_SECONDS = 5.0
PATIENCE_SECONDS = 3.0
_QUESTION = b"GET /health HTTP/1.1\r\nHost: pipelock\r\nConnection: close\r\n\r\n"
"""Both pipelock and the hop answer it by themselves, and write no line about it."""


class Parent:
    """Asks again and again, so that whoever asks the gate is told at once."""

    def __init__(self, address: tuple[str, int], monotonic: Callable[[], float]) -> None:
        self._address = address
        self._monotonic = monotonic
        self._since: float | None = None

    @property
    def silent(self) -> float:
        """Seconds since it was first asked in vain; 0 where it has answered the last time."""
        return 0.0 if self._since is None else self._monotonic() - self._since

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Ask once. Any answer will do: what it says of itself is not for the gate to judge."""
        asked = self._monotonic()
        if await _answers(*self._address):
            self._since = None
        elif self._since is None:
            self._since = asked


async def _answers(host: str, port: int) -> bool:
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(_QUESTION)
            return await reader.readexactly(5) == b"HTTP/"
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    finally:
        if writer is not None:
            writer.transport.abort()
