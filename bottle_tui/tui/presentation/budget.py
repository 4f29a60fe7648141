"""How the rows between the tabs and the result line are shared: the card's needs first, the inbox gets what is left."""

from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.risk_rows import all_risk_rows

FACTS = 5
LIST_WISH = 3
WORDS = 3
"""Rows of the agent's words that a long list leaves a card at least."""


def list_height(room: int, count: int, card: Card | None, width: int = 80) -> int:
    """Rows of the inbox above a card, more on tall screens; below 80 columns a strip, since facts stack there."""
    if card is None:
        return 1
    change = len(card.change.routes.splitlines()) if card.change else 2 + len(card.dockerfile)
    risks = sum(map(len, all_risk_rows(card.risks, width)))
    # head, facts, risks and change and words with their rules; who comes next goes before a fourth line of change
    need = 1 + max(len(card.facts), FACTS) + 1 + risks + 1 + (3 if count > 1 else min(max(change, 3), 4)) + 2
    wish = max(LIST_WISH if width >= 80 else 1, room // 4 if room > 24 else 0)
    facts = len(card.facts) * (1 if width >= 80 else 2)
    blank = room - facts - risks - change - WORDS - 4  # what a short card would leave
    return max(1, min(count, max(min(wish, room - need), blank)))
