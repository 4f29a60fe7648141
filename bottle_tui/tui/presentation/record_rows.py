"""Whole records of the ledger as rows."""

import json
from collections.abc import Sequence
from typing import Any

from bottle_tui.core.text import visible, visible_lines
from bottle_tui.tui.presentation.diff_rows import style_of
from bottle_tui.tui.presentation.rows import (
    Row,
    Span,
    fit,
    row,
    rule,
    wrapped,
)

MOST_LINES = 2_000
"""Of one record's page."""


def record_rows(records: Sequence[tuple[dict[str, Any], Sequence[str]]], width: int) -> list[Row]:
    """Whole records: every field, and the files as diffs."""
    rows: list[Row] = []
    for fields, changes in records:
        rows.append(rule(f"record {fields.get('n', '?')}", visible(str(fields.get("time", ""))), width))
        for name, value in fields.items():
            if name not in ("n", "time"):
                rows += _field(name, value, width)
        for line in changes:
            rows += [row(Span(f"  {each}", style_of(line))) for each in wrapped(visible(line), width - 3)]
        rows.append(())
        if len(rows) > MOST_LINES:
            return [*rows[:MOST_LINES], row(Span(" … the rest: `bottle-tui audit show`", "warn"))]
    return rows


def _field(name: str, value: object, width: int) -> list[Row]:
    text = _pretty(value)
    room = max(width - 20, 20)
    lines = [piece for line in visible_lines(text, 400) for piece in wrapped(line, room)]
    return [
        row(Span(f" {fit(visible(name) if at == 0 else '', 17)} ", "muted"), Span(line))
        for at, line in enumerate(lines)
    ]


def _pretty(value: object) -> str:
    if isinstance(value, str):
        if value.startswith("{"):
            try:
                return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
            except ValueError:
                return value
        return value
    return json.dumps(value, indent=2, ensure_ascii=False)
