"""The machine's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """`ports.Clock` on the real clock."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds, for durations and time-outs."""
        return time.monotonic()
