"""Where one stands: in a list on screen, by its cursor's row and the first in view; among bottles, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from bottle_tui.core.selection import viewport


def one_after(names: Sequence[str], now: str | None) -> str | None:
    """The one after that one, round the end; the first where it is not among them."""
    at = names.index(now) + 1 if now in names else 0
    return names[at % len(names)] if names else None


@dataclass
class Place:
    """Kept by whoever draws the list; it moves within what there is."""

    index: int = 0
    top: int = 0

    def moved(self, by: int, count: int) -> None:
        """Up or down."""
        self.index = max(0, min(self.index + by, count - 1))

    def window(self, rows: int, count: int) -> slice:
        """Which of `count` things are in view in that many rows; the cursor is among them."""
        self.top = viewport(self.top, self.index, self.index, rows, count)
        return slice(self.top, self.top + rows)
