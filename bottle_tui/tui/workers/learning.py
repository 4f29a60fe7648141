"""Finds out how far fresh approvals have come: each again and again until its end, a few at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bottle_tui.tui.workers.deeds import Deeds

AT_ONCE = 4
"""Each is read from its bottle's output."""


@dataclass
class Learning:
    """Owns which question is under way; what was asked longest ago comes first."""

    deeds: Deeds
    _asked: dict[str, int] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)
    _turn: int = 0

    def follow(self, ids: Iterable[str]) -> None:
        """Ask for some of them; the others come with the next listings."""
        wanted = list(ids)
        self._asked = {id: self._asked[id] for id in wanted if id in self._asked}
        due = sorted((id for id in wanted if id not in self._under_way), key=lambda id: self._asked.get(id, 0))
        for id in due[: AT_ONCE - len(self._under_way)]:
            self._turn += 1
            self._asked[id] = self._turn
            self._under_way.add(id)
            self.deeds.learn(id)

    def learned(self, id: str) -> None:
        """It was answered, or not."""
        self._under_way.discard(id)
