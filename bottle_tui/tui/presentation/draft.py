"""An operator's own change as a card: every risk, then every line that would change; scrolled as one."""

from dataclasses import dataclass
from datetime import datetime

from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.change_rows import whole_change
from bottle_tui.tui.presentation.risk_rows import risk_row, worst_first
from bottle_tui.tui.presentation.rows import Row, Span, row, rule
from bottle_tui.tui.presentation.times import clock


@dataclass(frozen=True)
class DraftView:
    """The rows, which risks (indices, worst first) are among them, and how far it can be scrolled."""

    rows: tuple[Row, ...]
    seen: frozenset[int]
    max_scroll: int


def draft_view(card: Card, width: int, height: int, top: int, as_of: datetime) -> DraftView:
    """The card from row `top` on, in at most `height` rows; its head always stands above."""
    head = rule(f"{visible(card.tool)} for {visible(card.slug)}", f"read {clock(as_of)} · a apply · esc leave", width)
    risks = worst_first(card.risks)
    body: list[Row] = [risk_row(risk, width) for risk in risks]
    if not risks:
        body.append(row(Span(" no risk is known: it takes away, or changes nothing that is admitted", "muted")))
    body += [(), *whole_change(card, width)]
    room = max(height - 1, 1)
    most = max(len(body) - room, 0)
    top = min(max(top, 0), most)
    shown = body[top : top + room]
    left = len(body) - top - room
    if left > 0:
        shown[-1] = rule("", f"{left + 1} more lines: j", width)
    seen = range(top, min(top + len(shown) - (1 if left > 0 else 0), len(risks)))
    return DraftView((head, *shown), frozenset(seen), most)
