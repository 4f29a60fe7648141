"""The files of counted traffic: one batch a line, `{"n": number, "rows": [[…]], "gaps": [[…]]}`; and how far it goes.

Rows and gaps are lists in the order of their fields.
"""

import json
from collections.abc import Iterable
from dataclasses import astuple
from datetime import datetime

from bottle_tui.core.counting import Cursor
from bottle_tui.core.rollup import Gap, Row


def line(number: int, rows: Iterable[Row], gaps: Iterable[Gap]) -> bytes:
    """One batch as a line of the day's file."""
    data = {"n": number, "rows": [astuple(row) for row in rows], "gaps": [astuple(gap) for gap in gaps]}
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True).encode()


def read(data: bytes, newest: int) -> tuple[list[Row], list[Gap]]:
    """A day's file. Batches after `newest` were never confirmed; what cannot be read is left out."""
    rows: list[Row] = []
    gaps: list[Gap] = []
    for text in data.splitlines():
        try:
            value = json.loads(text)
            if int(value["n"]) > newest:
                continue
            rows += [Row(*each) for each in value["rows"]]
            gaps += [Gap(*each) for each in value["gaps"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return rows, gaps


def render_cursor(cursor: Cursor) -> bytes:
    """The cursor's file."""
    return json.dumps({**vars(cursor), "seen": list(cursor.seen)}, separators=(",", ":")).encode()


def parse_cursor(data: bytes | None) -> Cursor:
    """Read it; an absent or damaged one is that of a bottle of which nothing was counted."""
    try:
        value = json.loads(data or b"{}")
        seen = tuple((str(moment), str(key)) for moment, key in value.get("seen", ()))
        return _checked(Cursor(**{**value, "seen": seen}))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Cursor()


def _checked(cursor: Cursor) -> Cursor:
    """Raises ValueError, TypeError where a field is not what it must be."""
    kinds = (type(cursor.number), type(cursor.incarnation), type(cursor.floor), type(cursor.closed))
    if kinds != (int, str, str, bool):
        raise TypeError("a field of the cursor is of another type")
    for moment in (cursor.floor, *(moment for moment, _ in cursor.seen)):
        if moment:
            datetime.fromisoformat(moment)
    return cursor
