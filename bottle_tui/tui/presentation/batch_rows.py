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
        change = card.change
        for line in (change.routes + change.pipelock).splitlines() if change else ():
            if line[:1] in "+-":
                rows += [row(Span(f"  {piece}", style_of(line))) for piece in wrapped(visible(line), width - 3)]
        if change is not None and change.unchanged:
            rows.append(row(Span("  in force already: nothing changes", "muted")))
    return rows
