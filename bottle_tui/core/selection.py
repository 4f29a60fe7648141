"""Which proposal is open, and in which order they stand: pinned to ids, so that arrivals move nothing under the cursor.

Pure; `items` are (id, created) in any order, as a listing gives them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self


@dataclass(frozen=True)
class Selection:
    """Ids in the order of the screen, the open one, and the first one in view."""

    order: tuple[str, ...] = ()
    selected: str | None = None
    leaving: str | None = None
    """An id that is gone from the listing and stays on screen until the operator looks elsewhere."""

    @property
    def index(self) -> int:
        """Where the open one stands, 0 when nothing is open."""
        return self.order.index(self.selected) if self.selected in self.order else 0

    def loaded(self, items: Iterable[tuple[str, datetime]]) -> Self:
        """A new listing: what was there keeps its place, newcomers go to the end, the open one stays open."""
        created = dict(items)
        kept = [id for id in self.order if id in created or id == self.selected]
        fresh = sorted((id for id in created if id not in self.order), key=lambda id: (created[id], id))
        order = (*kept, *fresh)
        gone = self.selected is not None and self.selected not in created
        selected = self.selected if self.selected in order else (order[0] if order else None)
        return replace(self, order=order, selected=selected, leaving=self.selected if gone else None)

    def moved(self, by: int) -> Self:
        """The cursor goes up or down and stops at the ends."""
        if not self.order:
            return self
        return self.at(self.order[min(max(self.index + by, 0), len(self.order) - 1)])

    def at(self, id: str) -> Self:
        """Open this one; one that had only stayed for being looked at leaves."""
        if id not in self.order or id == self.selected:
            return self
        order = tuple(other for other in self.order if other != self.leaving)
        return replace(self, order=order, selected=id, leaving=None)

    def decided(self, id: str, waiting: Iterable[tuple[str, datetime]]) -> Self:
        """After a decision the next oldest opens, if the decided one was the open one."""
        if id != self.selected:
            return self
        rest = sorted(((created, other) for other, created in waiting if other != id and other in self.order))
        return self.at(rest[0][1]) if rest else self

    def without(self, id: str) -> Self:
        """Drop one that has left for good."""
        if id not in self.order:
            return self
        at = self.index
        order = tuple(other for other in self.order if other != id)
        if id != self.selected:
            return replace(self, order=order)
        return replace(self, order=order, selected=order[min(at, len(order) - 1)] if order else None, leaving=None)


def viewport(top: int, index: int, was_index: int, rows: int, count: int) -> int:
    """The first row in view so that the cursor keeps its place on screen where the ends of the list allow it."""
    wanted = index - (was_index - top)
    wanted = min(wanted, index)
    wanted = max(wanted, index - rows + 1)
    return max(0, min(wanted, max(0, count - rows)))
