"""A card with nothing cut: zoomed, copied, its change and its words alone."""

from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.arming import Part
from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.card_rows import NAME, asked_text, change_title, fact_rows, head
from bottle_tui.tui.presentation.change_rows import whole_change
from bottle_tui.tui.presentation.risk_rows import Drawn, all_risk_rows, parts
from bottle_tui.tui.presentation.rows import Row, Span, Style, fit, row, rule, wrapped


@dataclass(frozen=True)
class WholeView:
    """A window of the whole card: its rows, what of the risks is among them, and how far it scrolls."""

    rows: tuple[Row, ...]
    parts: frozenset[Part]
    max_scroll: int


def whole_card(card: Card, place: str, now: datetime, width: int, evidence: tuple[str, ...] = ()) -> tuple[Row, ...]:
    """Everything, nothing cut."""
    return tuple(line for line, _ in _drawn(card, place, now, width, evidence))


def whole_view(card: Card, now: datetime, width: int, height: int, top: int, evidence: tuple[str, ...]) -> WholeView:
    """The zoomed card: from row `top` on, in at most `height` rows; the last one says when there are more."""
    drawn = _drawn(card, "", now, width, evidence)
    max_top = max(len(drawn) - height, 0)
    top = min(max(top, 0), max_top)
    shown = drawn[top : top + height]
    left = len(drawn) - top - height
    if shown and left > 0:
        shown[-1] = (rule("", f"{left + 1} more lines: j", width), None)
    return WholeView(tuple(line for line, _ in shown), parts(shown), max_top)


def _drawn(card: Card, place: str, now: datetime, width: int, evidence: tuple[str, ...]) -> list[Drawn]:
    risks = [drawn for risk in all_risk_rows(card.risks, width) for drawn in risk]
    above, below = _above(card, place, now, width), _below(card, width, evidence)
    return [*((line, None) for line in above), *risks, *((line, None) for line in below)]


def _above(card: Card, place: str, now: datetime, width: int) -> list[Row]:
    """Its head and its facts."""
    rows = [head(card, place, now, width)]
    for fact in card.facts:
        if cell_len(asked_text(fact)) + cell_len(visible(fact.seen)) + NAME + 3 <= width:
            rows += fact_rows((fact,), width, 0)
            continue
        rows += _wrapped_pair(visible(fact.name).upper(), asked_text(fact), "strong", width)
        rows += _wrapped_pair("", visible(fact.seen), "muted", width) if fact.seen else []
    if card.risks:
        rows.append(rule(f"RISKS {len(card.risks)}", "", width))
    return rows


def _below(card: Card, width: int, evidence: tuple[str, ...]) -> list[Row]:
    """What was seen, the change, the words."""
    rows: list[Row] = []
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
    return rows


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
