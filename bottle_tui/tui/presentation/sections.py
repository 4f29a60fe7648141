"""Lists under each other in a fixed height: each gets its share, and says how much of it is not shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from bottle_tui.tui.presentation.rows import Row, Span, row, rule

LEAST = 2
"""Rows below which a section has no room to say anything: its rule and one line."""


@dataclass(frozen=True)
class Section:
    """A rule with a title and words at its end, and the rows that there are."""

    title: str
    right: str
    rows: Sequence[Row]
    more: int = 0
    """How many groups there are beyond these."""


def shares(wishes: Sequence[int], room: int) -> list[int]:
    """What each gets of `room`: row by row in turn, the first ones first, nobody more than it wishes."""
    given = [0] * len(wishes)
    while room > 0 and any(has < wish for has, wish in zip(given, wishes, strict=True)):
        for place, wish in enumerate(wishes):
            if room > 0 and given[place] < wish:
                given[place] += 1
                room -= 1
    return given


def stacked(sections: Sequence[Section], width: int, height: int) -> list[Row]:
    """All that have rows, with a blank line between them where there is room for it."""
    sections = [section for section in sections if section.rows][: max(height // LEAST, 1)]
    wishes = [1 + len(section.rows) + (section.more > 0) for section in sections]
    gaps = len(sections) - 1
    airy = sum(wishes) + gaps <= height or height - gaps >= sum(min(wish, 4) for wish in wishes)
    drawn: list[Row] = []
    for place, share in enumerate(shares(wishes, height - gaps if airy else height)):
        drawn += [row()] if airy and place else []
        drawn += _drawn(sections[place], width, share)
    return drawn


def _drawn(section: Section, width: int, share: int) -> list[Row]:
    rows = list(section.rows)
    if 1 + len(rows) + (section.more > 0) > share:
        rows = rows[: max(share - 2, 0)]
    if left := len(section.rows) + section.more - len(rows):
        rows.append(row(Span(f"  and {left} more" + (" groups" if section.more else ""), "muted")))
    return [rule(section.title, section.right, width), *rows]
