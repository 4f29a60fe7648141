"""Threads that follow sidecars' outputs into bounded queues; the screen takes from them when it draws."""

from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Thread

from bottle_tui.core.views import LogLine
from bottle_tui.errors import BottleError
from bottle_tui.ports import Role
from bottle_tui.tui.wiring.services import Services, Stream

QUEUED = 20_000
CHARACTERS = 8_000_000
"""And never more text than this, however long the lines are."""
WAIT = 0.5


class Follower:
    """One sidecar's output, from now until `stop`; reconnects by itself after it ended."""

    def __init__(
        self,
        services: Services,
        slug: str,
        role: Role,
        *,
        tail: int = 200,
        heard: Callable[[LogLine], None] | None = None,
        keep: bool = True,
        ended: Callable[[], object] | None = None,
    ) -> None:
        self.slug = slug
        self.role: Role = role
        self.ended = ""
        """Why it is silent, in one line; empty while it is followed."""
        self.is_live = tail == 0
        """Whether what was said before is all told: the lines asked for have come, or none comes any more."""
        self._services = services
        self._tail = tail
        self._heard = heard
        self._keep = keep
        self._on_end = ended
        self._lively = False
        self._queue: deque[LogLine] = deque()
        self._dropped = self._characters = 0
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"follow {slug} {role}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it; returns at once, the thread follows within half a second."""
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout)

    def take(self, most: int = 5_000) -> tuple[list[LogLine], int]:
        """What has come since the last time, at most `most`, and how many were dropped before it."""
        with self._lock:
            taken = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
            self._characters -= sum(len(line.text) for line in taken)
            dropped, self._dropped = self._dropped, 0
        return taken, dropped

    def _run(self) -> None:
        tail = self._tail
        while not self._stop.is_set():
            try:
                self._follow(self._services.follow(self.slug, self.role, tail))
            except BottleError as error:
                self.ended = str(error)
            except Exception as error:  # noqa: BLE001 - a worker's boundary: the tab says why it is silent
                self.ended = f"{type(error).__name__}: {error}"
            if self._lively:
                tail = 0  # what was said before has been shown; of one never heard it has not
            self.is_live = True
            self._say_ended()
            self._stop.wait(2.0)

    def _say_ended(self) -> None:
        """Once for each time that it had been followed."""
        if self._on_end is not None and self._lively and not self._stop.is_set():
            self._lively = False
            self._on_end()

    def _follow(self, stream: Stream) -> None:
        told = 0
        try:
            while not self._stop.is_set():
                line = stream.next(WAIT)
                told += 1
                self.ended = ""
                self._lively = True
                if line is not None:
                    self._put(line)
                self.is_live = self.is_live or line is None or told >= self._tail
        finally:
            stream.close()

    def _put(self, line: LogLine) -> None:
        if self._keep:
            with self._lock:
                self._queue.append(line)
                self._characters += len(line.text)
                while len(self._queue) > QUEUED or (self._characters > CHARACTERS and len(self._queue) > 1):
                    self._characters -= len(self._queue.popleft().text)
                    self._dropped += 1
        if self._heard is not None:
            self._heard(line)
