"""A card with nothing cut: zoomed, copied, its change and its words alone."""

from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.card_rows import NAME, asked_text, change_title, fact_rows, head
from bottle_tui.tui.presentation.change_rows import whole_change
from bottle_tui.tui.presentation.risk_rows import GLYPHS, RISK_STYLES, worst_first
from bottle_tui.tui.presentation.rows import Row, Span, Style, fit, row, rule, wrapped


def whole_card(card: Card, place: str, now: datetime, width: int, evidence: tuple[str, ...] = ()) -> tuple[Row, ...]:
    """Everything, nothing cut: the zoomed card."""
    rows = [head(card, place, now, width)]
    for fact in card.facts:
        if cell_len(asked_text(fact)) + cell_len(visible(fact.seen)) + NAME + 3 <= width:
            rows += fact_rows((fact,), width, 0)
            continue
        rows += _wrapped_pair(visible(fact.name).upper(), asked_text(fact), "strong", width)
        rows += _wrapped_pair("", visible(fact.seen), "muted", width) if fact.seen else []
    if card.risks:
        rows.append(rule(f"RISKS {len(card.risks)}", "", width))
    for risk in worst_first(card.risks):
        style = RISK_STYLES[risk.level]
        for index, line in enumerate(wrapped(visible(risk.text), width - 6)):
            rows.append(row(Span(f" {GLYPHS[risk.level]} " if not index else "    ", style), Span(line)))
    if evidence:
        rows.append(rule("SEEN", "", width))
        rows += [row(Span(f"  {piece}", "muted")) for line in evidence for piece in wrapped(visible(line), width - 3)]
    rows.append(rule(change_title(card)[0], "", width))
    rows += whole_change(card, width)
    rows.append(rule(card.whose_words, "", width))
    rows += whole_words(card, width)
    if card.reason:
        rows.append(rule("last answer", "", width))
        rows += [row(Span(f"  {line}", "warn")) for line in wrapped(visible(card.reason), width - 3)]
    return tuple(rows)


def whole_words(card: Card, width: int) -> list[Row]:
    """All of them, folded."""
    lines = visible_lines(card.words or "(no words)")
    return [row(Span(f"  {piece}", "quote")) for line in lines for piece in wrapped(line, width - 4)]


def _wrapped_pair(name: str, text: str, style: Style, width: int) -> list[Row]:
    lines = wrapped(text, width - NAME - 1)
    return [
        row(Span(f" {fit(name if not index else '', NAME - 2)} ", "muted"), Span(line, style))
        for index, line in enumerate(lines)
    ]


def plain_card(card: Card, now: datetime, width: int = 100, evidence: tuple[str, ...] = ()) -> str:
    """The card as plain text, to copy or to print."""
    rows = whole_card(card, "", now, width, evidence)
    return "\n".join("".join(span.text for span in line).rstrip() for line in rows)
