"""Asks about one host by the paths that they name, so that each denial is held against few of them. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from sidecar_addon.table import Table


@dataclass(frozen=True)
class Asked:
    """What `about` leaves out names no path like that; what it gives, the gate's own matcher has to decide."""

    _heads: Sequence[str]
    """What the paths of these asks begin with, in order."""
    _shorter: Sequence[int]
    """For each of them the longest other one that it begins with; -1 where there is none."""
    _tables: Sequence[Sequence[Table]]

    @classmethod
    def of(cls, tables: Iterable[Table]) -> Self:
        """Each table is what one ask alone would admit."""
        by_head: dict[str, list[Table]] = {}
        for table in tables:
            for _, grant in table.grants():
                for head in grant.path_allowlist or ("",):
                    by_head.setdefault(head, []).append(table)
        heads = sorted(by_head)
        shorter: list[int] = []
        for at, head in enumerate(heads):
            above = at - 1
            while above >= 0 and not head.startswith(heads[above]):
                above = shorter[above]
            shorter.append(above)
        return cls(heads, shorter, [by_head[head] for head in heads])

    def about(self, path: str) -> Iterator[Table]:
        """Those that name a path with which this one begins, or every path."""
        at = bisect_right(self._heads, path) - 1
        while at >= 0:
            if path.startswith(self._heads[at]):
                yield from self._tables[at]
            at = self._shorter[at]
