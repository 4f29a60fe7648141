"""More than two asks of one bottle fold to one row. Which are folded changes only where it moves nothing under the eye.

Pure; fed with what happened. A bottle that the operator opened stays open until it is closed by hand. Of one that folds
while he looks at an ask of it, that ask keeps its row, and the others fold behind it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

MOST = 2
"""Asks of one bottle that stand as rows of their own."""


@dataclass(frozen=True)
class Line:
    """One row of the inbox: one ask, or those of a folded bottle, the first one first."""

    slug: str
    ids: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True)
class Folding:
    """Bottles that are folded, and those that were opened by hand."""

    folded: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    """Asks of folded bottles that have rows of their own."""

    def lines(self, order: Sequence[str], slugs: Mapping[str, str]) -> tuple[Line, ...]:
        """The rows, each fold in the place of its first ask."""
        members: dict[str, list[str]] = {}
        for id in order:
            if id in slugs and id not in self.apart:
                members.setdefault(slugs[id], []).append(id)
        found: list[Line] = []
        for id in order:
            slug = slugs.get(id)
            if slug is None:
                continue
            if slug not in self.folded or id in self.apart or len(members[slug]) < 2:
                found.append(Line(slug, (id,)))
            elif members[slug][0] == id:
                found.append(Line(slug, tuple(members[slug]), folded=True))
        return tuple(found)

    def arrived(self, order: Sequence[str], slugs: Mapping[str, str], selected: str | None, *, first: bool) -> Self:
        """After a listing: fold what folds below the cursor, and behind it. `first`: nothing was on screen before."""
        counts = Counter(slugs[id] for id in order if id in slugs)
        kept = frozenset(slug for slug in self.folded if counts[slug] > 1)
        index = order.index(selected) if selected in order else 0
        above = [slugs[id] for id in order[: index + 1] if id in slugs]
        mine = slugs.get(selected or "")
        quiet = (slug for slug in counts if first or above.count(slug) <= 1 + (slug == mine))
        after = self._with(kept, counts, quiet)
        if mine in after.folded - self.folded and not first:
            after = after.beside(selected or "")
        return replace(after, apart=frozenset(id for id in after.apart if slugs.get(id) in after.folded))

    def moved(self, order: Sequence[str], slugs: Mapping[str, str], selected: str | None) -> Self:
        """After the operator moved: everything but the bottle under the cursor is put right."""
        counts = Counter(slugs[id] for id in order if id in slugs)
        mine = slugs.get(selected or "")
        kept = frozenset(slug for slug in self.folded if counts[slug] > MOST or (slug == mine and counts[slug] > 1))
        after = self._with(kept, counts, (slug for slug in counts if slug != mine))
        return replace(after, apart=frozenset(id for id in self.apart if slugs.get(id) == mine))

    def beside(self, id: str) -> Self:
        """That ask gets a row of its own; the others of its bottle stay folded."""
        return replace(self, apart=self.apart | {id})

    def _with(self, kept: frozenset[str], counts: Counter[str], may: Iterable[str]) -> Self:
        more = {slug for slug in may if counts[slug] > MOST and slug not in self.opened}
        opened = frozenset(slug for slug in self.opened if counts[slug])
        return replace(self, folded=kept | more, opened=opened)

    def open(self, slug: str) -> Self:
        """Every ask of that bottle as a row of its own."""
        return replace(self, folded=self.folded - {slug}, opened=self.opened | {slug})

    def close(self, slug: str, count: int) -> Self:
        """One row again."""
        folded = self.folded | {slug} if count > 1 else self.folded
        return replace(self, folded=folded, opened=self.opened - {slug}, apart=frozenset())
