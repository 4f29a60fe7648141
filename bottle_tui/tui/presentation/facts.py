"""The open card as it is drawn: its facts with the evidence beside them."""

from dataclasses import replace

from bottle_tui.core import narrowing
from bottle_tui.core.columns import with_evidence
from bottle_tui.core.evidence_text import Clock, lines
from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.card import Around
from bottle_tui.tui.presentation.times import day_clock


def drawn_card(board: Board) -> Card | None:
    """The open card. What was seen comes from the evidence, once that was read."""
    card = board.open_card
    if card is None or card.status not in ("pending", "failed") or card.tool == "capability-block":
        return card
    beside = board.evidence_of(card)
    facts = with_evidence(
        card.facts,
        beside.evidence if beside else None,
        board.now,
        slug=visible(card.slug),
        clock=_clock(board),
        exact=beside is not None and beside.edit == board.edits.of(card.id),
        trouble=board.edits.trouble.get(card.id, ""),
    )
    return replace(card, facts=facts)


def _clock(board: Board) -> Clock:
    """Times of day, with the date where it is not today's."""
    return lambda at: day_clock(at, board.now)


def evidence_lines(board: Board) -> tuple[str, ...]:
    """All of it, for the whole card."""
    card = board.open_card
    beside = board.evidence_of(card) if card else None
    return lines(beside.evidence, board.now, _clock(board)) if beside else ()


def around(board: Board) -> Around:
    """What is known around the open card."""
    card = board.open_card
    if card is None:
        return Around()
    return Around(
        computing=board.edits.is_computing(card.id),
        fits=board.ask is not None and narrowing.fit(board.ask).edit is not None,
        generation=next((bottle.generation for bottle in board.ours if bottle.slug == card.slug), None),
    )
