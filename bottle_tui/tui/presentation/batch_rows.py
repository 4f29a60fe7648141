"""Asks to be decided together, each with every line of its change."""

from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.diff_rows import style_of
from bottle_tui.tui.presentation.risk_rows import GLYPHS, RISK_STYLES, worst_first
from bottle_tui.tui.presentation.rows import Row, Span, row, rule, wrapped


def batch_rows(cards: tuple[Card, ...], width: int) -> list[Row]:
    """Each ask: whose and what, every risk, every line of its change."""
    rows: list[Row] = []
    for number, card in enumerate(cards, start=1):
        rows.append(rule(f"{number} of {len(cards)}: {visible(card.slug)} {visible(card.host)}", "", width))
        for risk in worst_first(card.risks):
            for line in wrapped(f"{GLYPHS[risk.level]} {visible(risk.text)}", width - 3):
                rows.append(row(Span(f"  {line}", RISK_STYLES[risk.level])))
        if card.change is not None:
            rows += _changed("", card.change.routes, width) + _changed("pipelock ", card.change.pipelock, width)
            if card.change.unchanged:
                rows.append(row(Span("  in force already: nothing changes", "muted")))
    return rows


def _changed(file: str, diff: str, width: int) -> list[Row]:
    """The lines that one file gains and loses, marked with its name."""
    rows: list[Row] = []
    for line in diff.splitlines():
        if line[:1] in "+-":
            pieces = wrapped(visible(line), width - 3 - len(file))
            rows += [row(Span(f"  {file}", "muted"), Span(piece, style_of(line))) for piece in pieces]
    return rows
