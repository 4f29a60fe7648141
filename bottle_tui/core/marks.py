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

    def __contains__(self, id: object) -> bool:
        return any(id == each for each, _ in self.marked)

    def __len__(self) -> int:
        return len(self.marked)

    def toggled(self, id: str, digest: str) -> Self:
        """Marked, or no longer."""
        rest = tuple(pair for pair in self.marked if pair[0] != id)
        return replace(self, marked=rest if id in self else (*rest, (id, digest)))

    def kept(self, shown: Mapping[str, str]) -> Self:
        """Only those that are still listed with the change they were marked with. `shown`: id → digest now."""
        return replace(self, marked=tuple((id, digest) for id, digest in self.marked if shown.get(id) == digest))

    @property
    def digest(self) -> str:
        """Of all of them together: what a `y` is bound to."""
        text = "\n".join(f"{id} {digest}" for id, digest in self.marked)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
