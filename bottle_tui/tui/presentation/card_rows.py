"""The parts of a card as rows: whose it is, its facts, its change, the agent's words."""

from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.views import Card, Fact
from bottle_tui.tui.presentation.rows import Row, Span, cut, cut_clause, cut_list, cut_middle, fit, row, rule, width_of
from bottle_tui.tui.presentation.times import ago

NAME = 9
"""Columns of a fact's name, with its margin."""
LISTED = ("path", "method", "port")
"""Facts of several items."""


def decided(card: Card, now: datetime) -> str:
    """Who was quicker, and when."""
    if card.decided_by is None or card.decided_at is None:
        return "no longer waiting"
    return f"{card.status} by {visible(card.decided_by)}, {ago(card.decided_at, now)} ago"


def head(card: Card, place: str, now: datetime, width: int) -> Row:
    """The rule above a card: whose it is, which of how many, its id's end, how long the agent has waited."""
    title = {
        "egress-block": "asks",
        "pipelock-block": "asks pipelock",
        "capability-block": "asks to be rebuilt",
    }.get(card.tool, visible(card.tool))
    whose = f"proposed for {visible(card.slug)}" if card.by_operator else f"{visible(card.slug)} {title}"
    waits = f"agent waits {ago(card.created, now)}" if card.agent_waits else f"asked {ago(card.created, now)} ago"
    if card.status == "failed":
        waits = "approved, not in force"
    elif card.status != "pending":
        waits = decided(card, now)
    elif card.by_operator:
        waits = f"filed {ago(card.created, now)} ago"
    right = " · ".join(part for part in (place, f"…{visible(card.id)[-6:]}", waits) if part)
    return rule(whose, right if len(right) + len(whose) + 8 <= width else waits, width)


def fact_rows(facts: tuple[Fact, ...], width: int, spare: int) -> list[Row]:
    """Asked and seen in two columns. Below 80 columns, and beside an edit, seen goes under asked, while `spare` rows
    last."""
    longest = max((cell_len(asked_text(fact)) for fact in facts if fact.seen and not fact.set), default=0)
    column = min(max(longest, 12), (width - NAME) * 2 // 5)
    rows: list[Row] = []
    for fact in facts:
        label = Span(f" {fit(visible(fact.name).upper(), NAME - 2)} ", "muted")
        size, seen = cell_len(asked_text(fact)), visible(fact.seen)
        together = NAME + size + 2 + cell_len(seen) <= width
        if not seen or (not together and spare > 0 and (width < 80 or fact.set)):
            rows.append((label, *asked_spans(fact, width - NAME - 1)))
            if seen:
                spare -= 1
                rows.append(row(Span(" " * NAME), Span(seen_text(fact, width - NAME - 1), "muted")))
            continue
        shown = asked_spans(fact, size if together else max(column, (width - NAME) * 3 // 5 if fact.set else 0))
        gap = max(column - width_of(shown), 0) + 2
        room = max(width - NAME - width_of(shown) - gap - 1, 0)
        rows.append((label, *shown, Span(" " * gap), Span(seen_text(fact, room), "muted")))
    return rows


def seen_text(fact: Fact, width: int) -> str:
    """What was seen, in as many words as fit; the fewest of them, cut, where none do."""
    forms = [visible(form) for form in (fact.seen, *fact.shorter)]
    return next((form for form in forms if cell_len(form) <= width), cut_clause(forms[-1], width))


def asked_text(fact: Fact) -> str:
    return visible(fact.asked) + (f" → {visible(fact.set)}" if fact.set else "")


def asked_spans(fact: Fact, width: int) -> Row:
    """What was asked; where the operator set something else, that follows and is the last to be cut."""
    middle = cut_list if fact.name in LISTED else cut_middle if fact.name == "host" else cut
    asked, wished = visible(fact.asked), visible(fact.set)
    if not wished:
        return row(Span(middle(asked, width), "strong"))
    old = middle(asked, max(width - 3 - cell_len(wished), min(8, width // 3)))
    return row(Span(old, "muted"), Span(" → ", "accent"), Span(middle(wished, width - 3 - cell_len(old)), "accent"))


def words_rows(words: str, width: int) -> list[Row]:
    """The agent's words, quoted, one row a line, cut; what people must not take for ours."""
    lines = [line for line in visible_lines(words, 200) if line.strip()] or ["(no words)"]
    quoted = ["“" + lines[0], *lines[1:]]
    quoted[-1] += "”"
    return [row(Span(f"  {cut(line, width - 4)}", "quote")) for line in quoted]


def change_title(card: Card) -> tuple[str, str]:
    change = card.change
    both = bool(change and change.pipelock)
    target = "both sidecars" if both else "egress only" if change and change.routes else ""
    if card.tool == "capability-block":
        target = "the agent's image"
    return ("CHANGE" + (f"  {target}" if target else ""), "d: whole diff")
