"""Risks as rows, the worst first, nothing of them cut; each row knows which line of which risk it is."""

from collections.abc import Iterable

from rich.cells import cell_len

from bottle_tui.core.arming import Part
from bottle_tui.core.text import visible
from bottle_tui.core.views import Risk, RiskLevel
from bottle_tui.tui.presentation.rows import Row, Span, Style, row, spread, wrapped

GLYPHS: dict[RiskLevel, str] = {"danger": "!!", "warn": "! ", "note": "· "}
RISK_STYLES: dict[RiskLevel, Style] = {"danger": "danger", "warn": "warn", "note": "muted"}
WORST_FIRST: dict[RiskLevel, int] = {"danger": 0, "warn": 1, "note": 2}
FITTED = ("every_method", "write_methods", "every_path")
"""Risks that `=` narrows."""
MARGIN = 5
"""Columns beside a sentence."""
FITS = row(Span("= ", "key"), Span("fits it ", "muted"))
FITS_WIDTH = 11

type Drawn = tuple[Row, Part | None]
"""A row, and what of a risk it is; None where it is something else."""


def worst_first(risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    """As they are shown."""
    return tuple(sorted(risks, key=lambda risk: WORST_FIRST[risk.level]))


def risk_rows(risk: Risk, index: int, width: int, fits: bool = False) -> list[Drawn]:
    """Its glyph and its sentence, folded where it is long; where `=` would take it away, that key at its end."""
    room = max(width - MARGIN, 1)
    lines = wrapped(visible(risk.text), room)
    said = fits and risk.id in FITTED
    if said and cell_len(lines[-1]) > room - FITS_WIDTH:
        room = max(room - FITS_WIDTH, 1)
        lines = wrapped(visible(risk.text), room)
    rows = [_line(risk, line, first=not at) for at, line in enumerate(lines)]
    if said:
        rows[-1] = spread(rows[-1], FITS, width)
    return [(line, Part(index, at, len(rows), room)) for at, line in enumerate(rows)]


def _line(risk: Risk, text: str, *, first: bool) -> Row:
    glyph = f" {GLYPHS[risk.level]} " if first else "    "
    style: Style = "danger" if risk.level == "danger" else "plain" if risk.level == "warn" else "muted"
    return row(Span(glyph, RISK_STYLES[risk.level]), Span(text, style))


def all_risk_rows(risks: tuple[Risk, ...], width: int, fits: bool = False) -> list[list[Drawn]]:
    """Of every risk, worst first."""
    return [risk_rows(risk, index, width, fits) for index, risk in enumerate(worst_first(risks))]


def parts(drawn: Iterable[Drawn]) -> frozenset[Part]:
    """What of the risks is among these rows."""
    return frozenset(part for _, part in drawn if part is not None)
