"""Asks that are marked to be decided together: each bound to the change that was on screen when it was marked. Pure.

An ask with a danger is never among them, and one whose change is no longer the one that was marked falls out.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Marks:
    """(id, digest of the change as shown), in the order of marking."""

    marked: tuple[tuple[str, str], ...] = ()
    unseen: frozenset[str] = frozenset()
    """Those that were marked with their whole bottle, and not while they were open."""

    def __contains__(self, id: object) -> bool:
        return any(id == each for each, _ in self.marked)

    def __len__(self) -> int:
        return len(self.marked)

    def toggled(self, id: str, digest: str) -> Self:
        """Marked, or no longer."""
        rest = tuple(pair for pair in self.marked if pair[0] != id)
        return replace(self, marked=rest if id in self else (*rest, (id, digest)), unseen=self.unseen - {id})

    def with_all(self, able: Mapping[str, str]) -> Self:
        """All of these (id → digest) as well; where all of them are marked so already, none of them."""
        asked = tuple(able.items())
        if all(pair in self.marked for pair in asked):
            return replace(self, marked=tuple(pair for pair in self.marked if pair[0] not in able))
        new = tuple(pair for pair in asked if pair not in self.marked)
        rest = tuple(pair for pair in self.marked if pair in asked or pair[0] not in able)
        return replace(self, marked=(*rest, *new), unseen=self.unseen | {id for id, _ in new})

    def has_unseen(self) -> bool:
        """Whether one of them was never open."""
        return any(id in self.unseen for id, _ in self.marked)

    def kept(self, shown: Mapping[str, str]) -> Self:
        """Only those that are still listed with the change they were marked with. `shown`: id → digest now."""
        return replace(self, marked=tuple((id, digest) for id, digest in self.marked if shown.get(id) == digest))

    @property
    def digest(self) -> str:
        """Of all of them together: what a `y` is bound to."""
        text = "\n".join(f"{id} {digest}" for id, digest in self.marked)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
