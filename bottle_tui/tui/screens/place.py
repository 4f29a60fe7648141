"""Where a list stands on screen: the row of its cursor, and the first row in view."""

from dataclasses import dataclass

from bottle_tui.core.selection import viewport


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
