"""The three sidecars as parts of one process: each on an event loop of its own, so that none can hold up another."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

START_SECONDS = 20.0


class PartFailed(RuntimeError):
    """A part did not start, or ended; the message says why."""


class Running(Protocol):
    """What runs on a part's loop. All methods are called on that loop."""

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError, ValueError or RuntimeError."""
        ...

    def reload(self) -> None:
        """What SIGHUP does."""

    async def ended(self) -> None:
        """Returns when it has ended by itself."""

    async def close(self) -> None:
        """Stop listening and end what is open."""


class Part:
    """One sidecar on a thread and loop of its own; `build` makes it anew at every start."""

    def __init__(self, name: str, build: Callable[[int], Running]) -> None:
        """`build` takes the port to listen on, 0 for any."""
        self.name = name
        self.port = 0
        self._build = build
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: Running | None = None
        self._ended: asyncio.Event | None = None
        self._started = threading.Event()
        self._problem: BaseException | None = None

    def start(self, port: int = 0) -> None:
        """Start it; returns once it listens. Raises PartFailed."""
        self._started.clear()
        self._problem = None
        self._thread = threading.Thread(target=self._run, args=(port,), name=self.name, daemon=True)
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            raise PartFailed(f"{self.name} did not start within {START_SECONDS:.0f} s")
        if not self.is_up:
            raise PartFailed(f"{self.name} did not start: {self._problem or 'it ended at once; look at process.log'}")

    def start_near(self, port: int) -> None:
        """Start on that port if it is free, else on any. Raises PartFailed."""
        if port:
            try:
                self.start(port)
                return
            except PartFailed:
                if not isinstance(self._problem, OSError):
                    raise
        self.start(0)

    def reload(self) -> None:
        """Ask it to load its files; does not wait."""
        running = self._running
        if running is None or not self._call(running.reload):
            raise PartFailed(f"{self.name} does not run")

    def stop(self, timeout: float = 5.0) -> None:
        """End it; a part that hangs is left behind."""
        ended = self._ended
        if ended is not None:
            self._call(ended.set)
        if self._thread is not None:
            self._thread.join(timeout)

    def restart(self) -> None:
        """End it and start it on the same port."""
        self.stop()
        if self.is_up:
            raise PartFailed(f"{self.name} hangs and cannot be restarted; stop the bottle and start it again")
        self.start(self.port)

    @property
    def is_up(self) -> bool:
        """Whether its loop runs."""
        return self._thread is not None and self._thread.is_alive() and self._running is not None

    def on_loop(self, action: Callable[[Running], None]) -> bool:
        """Do something with what runs, on its loop; False when it does not run."""
        running = self._running
        return running is not None and self._call(lambda: action(running))

    def _call(self, action: Callable[[], None]) -> bool:
        loop = self._loop
        if loop is None or loop.is_closed():
            return False
        try:
            loop.call_soon_threadsafe(action)
        except RuntimeError:  # closed between the look and the call
            return False
        return True

    def _run(self, port: int) -> None:
        try:
            asyncio.run(self._serve(port))
        except (OSError, ValueError, RuntimeError, PartFailed) as error:
            self._problem = error
        finally:
            self._running = None
            self._loop = None
            self._started.set()

    async def _serve(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        running = self._build(port)
        self.port = await running.start()
        self._running = running
        self._started.set()
        ends = [asyncio.create_task(self._ended.wait()), asyncio.create_task(running.ended())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await running.close()
