"""A clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeClock:
    """A clock that moves when it is told to, or when somebody waits on a fake."""

    def __init__(self, now: datetime = START) -> None:
        self._start = now
        self._passed = 0.0

    def now(self) -> datetime:
        """UTC."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds
