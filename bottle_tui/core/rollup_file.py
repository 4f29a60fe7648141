"""The files of counted traffic: one batch a line, `{"n": number, "rows": [[…]], "gaps": [[…]]}`; and how far it goes.

Rows and gaps are lists in the order of their fields.
"""

import json
from collections.abc import Iterable
from dataclasses import astuple
from datetime import datetime
from typing import Any

from bottle_tui.core.counting import Cursor
from bottle_tui.core.rollup import Gap, Row

_MOST = 2**63


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
            counted = [_row(each) for each in value["rows"]], [_gap(each) for each in value["gaps"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        rows += counted[0]
        gaps += counted[1]
    return rows, gaps


def _row(fields: list[Any]) -> Row:
    """Raises TypeError, ValueError: whoever adds up counts on what is there."""
    row = Row(*fields)
    _require(str, row.minute, row.host, row.method, row.prefix, row.first, row.last)
    _require(str, *(each for each in (row.grant, row.reason) if each is not None))
    _require(int, row.count, row.bytes_up, row.bytes_down)
    if max(row.count, row.bytes_up, row.bytes_down) > _MOST:
        raise ValueError("more than can have been counted")
    return row


def _gap(fields: list[Any]) -> Gap:
    gap = Gap(*fields)
    _require(str, gap.end, gap.why, *([] if gap.start is None else [gap.start]))
    _require(int, *([] if gap.count is None else [gap.count]))
    return gap


def _require(kind: type, *values: object) -> None:
    if any(type(value) is not kind for value in values):
        raise TypeError("a field of the traffic is of another type")


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
