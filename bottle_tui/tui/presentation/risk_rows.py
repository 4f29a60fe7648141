"""Risks as rows, the worst first."""

from bottle_tui.core.text import visible
from bottle_tui.core.views import Risk, RiskLevel
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, row, spread

GLYPHS: dict[RiskLevel, str] = {"danger": "!!", "warn": "! ", "note": "· "}
RISK_STYLES: dict[RiskLevel, Style] = {"danger": "danger", "warn": "warn", "note": "muted"}
WORST_FIRST: dict[RiskLevel, int] = {"danger": 0, "warn": 1, "note": 2}
FITTED = ("every_method", "write_methods", "every_path")
"""Risks that `=` narrows."""


def worst_first(risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    """As they are shown."""
    return tuple(sorted(risks, key=lambda risk: WORST_FIRST[risk.level]))


def risk_row(risk: Risk, width: int, fits: bool = False) -> Row:
    """One line: its glyph and its sentence; where `=` would take it away, that key."""
    style = RISK_STYLES[risk.level]
    text_style: Style = "danger" if risk.level == "danger" else "plain" if risk.level == "warn" else "muted"
    if fits and risk.id in FITTED:
        left = row(Span(f" {GLYPHS[risk.level]} ", style), Span(cut(visible(risk.text), width - 16), text_style))
        return spread(left, row(Span("= ", "key"), Span("fits it ", "muted")), width)
    return row(Span(f" {GLYPHS[risk.level]} ", style), Span(cut(visible(risk.text), width - 5), text_style))
