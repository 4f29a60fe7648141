"""An operator's own change as a card: every risk, then every line that would change; scrolled as one."""

from dataclasses import dataclass
from datetime import datetime

from bottle_tui.core.arming import Part, whole
from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.change_rows import whole_change
from bottle_tui.tui.presentation.risk_rows import Drawn, all_risk_rows, parts
from bottle_tui.tui.presentation.rows import Row, Span, row, rule
from bottle_tui.tui.presentation.times import clock


@dataclass(frozen=True)
class DraftView:
    """The rows, what of the risks is among them, and how far it can be scrolled."""

    rows: tuple[Row, ...]
    parts: frozenset[Part]
    max_scroll: int

    @property
    def seen(self) -> frozenset[int]:
        """The risks (indices, worst first) that are there whole."""
        return whole(self.parts)


def draft_view(card: Card, width: int, height: int, top: int, as_of: datetime) -> DraftView:
    """The card from row `top` on, in at most `height` rows; its head always stands above."""
    head = rule(f"{visible(card.tool)} for {visible(card.slug)}", f"read {clock(as_of)} · a apply · esc leave", width)
    body: list[Drawn] = [drawn for risk in all_risk_rows(card.risks, width) for drawn in risk]
    if not card.risks:
        none = " no risk is known: it takes away, or changes nothing that is admitted"
        body.append((row(Span(none, "muted")), None))
    body += [((), None), *((line, None) for line in whole_change(card, width))]
    room = max(height - 1, 1)
    most = max(len(body) - room, 0)
    top = min(max(top, 0), most)
    shown = body[top : top + room]
    left = len(body) - top - room
    if left > 0:
        shown[-1] = (rule("", f"{left + 1} more lines: j", width), None)
    in_view = parts(shown[: max(height - 1, 0)])
    return DraftView((head, *(line for line, _ in shown)), in_view, most)
