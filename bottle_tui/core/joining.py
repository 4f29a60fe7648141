"""Asks of one bottle for the same host stand together, on the row and the card of the first of them. Pure."""

from collections.abc import Iterable, Mapping

from bottle_tui.core.views import Card


def joined(order: Iterable[str], cards: Mapping[str, Card]) -> dict[str, tuple[str, ...]]:
    """First ask → all of that bottle for the same host, in the order of the screen; every other ask alone."""
    heads: dict[tuple[str, str], str] = {}
    found: dict[str, tuple[str, ...]] = {}
    for id in order:
        card = cards.get(id)
        if card is None:
            continue
        joins = card.tool == "egress-block" and card.status in ("pending", "failed") and not card.by_operator
        head = heads.setdefault((card.slug, card.host), id) if joins else id
        found[head] = (*found.get(head, ()), id)
    return found


def head_of(rows: Mapping[str, tuple[str, ...]], id: str | None) -> str | None:
    """The first ask of the row on which that one stands."""
    return next((head for head, ids in rows.items() if id in ids), id)
