"""Whether time went on as it should between two looks: a machine that slept, a clock that was set, a screen that stood.

Pure. After such a jump nothing that was known is known any more, until it has been asked for anew.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

JUMP = 5.0
"""Seconds by which the wall clock may run ahead of, or behind, the monotonic one between two looks."""
STOOD = 10.0
"""Seconds without a look: the process stood still."""


@dataclass(frozen=True)
class Pace:
    """The last look, by both clocks. `epoch` counts the jumps."""

    wall: datetime | None = None
    monotonic: float = 0.0
    epoch: int = 0

    def looked(self, wall: datetime, monotonic: float) -> tuple[Self, bool]:
        """The next look; whether a jump lies between."""
        after = replace(self, wall=wall, monotonic=monotonic)
        if self.wall is None:
            return after, False
        passed, ticked = (wall - self.wall).total_seconds(), monotonic - self.monotonic
        jumped = abs(passed - ticked) > JUMP or ticked > STOOD
        return (replace(after, epoch=self.epoch + 1), True) if jumped else (after, False)
