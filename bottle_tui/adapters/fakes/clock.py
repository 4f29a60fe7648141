"""A clock that moves when it is told to."""

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeClock:
    """A clock that moves when it is told to, or when somebody waits on a fake."""

    def __init__(self, now: datetime = START) -> None:
        self._start = now
        self._passed = 0.0
        self._own = threading.local()
        self.alone = False
        """Whether waiting moves only the waiting thread's own `monotonic`: for a dashboard, where many wait at once."""

    def now(self) -> datetime:
        """UTC."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since it was made, and those this thread has waited alone."""
        waited: float = getattr(self._own, "waited", 0.0)
        return self._passed + waited

    def waited(self, seconds: float) -> None:
        """This thread has waited in vain."""
        if self.alone:
            self._own.waited = getattr(self._own, "waited", 0.0) + seconds
        else:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds
