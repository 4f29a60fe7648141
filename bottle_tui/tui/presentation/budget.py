"""How the rows between the tabs and the result line are shared: the card's needs first, the inbox gets what is left."""

from bottle_tui.core.views import Card

FACTS = 5
LIST_WISH = 3


def list_height(room: int, count: int, card: Card | None) -> int:
    """Rows of the inbox above a card, at least one; more on tall screens."""
    if card is None:
        return 1
    change = len(card.change.routes.splitlines()) if card.change else 1
    # head, facts, risks and change and words with their rules
    need = 1 + max(len(card.facts), FACTS) + 1 + len(card.risks) + 1 + min(max(change, 3), 4) + 1 + 1
    wish = max(LIST_WISH, room // 4)
    return max(1, min(count, wish, room - need))
