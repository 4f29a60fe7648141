"""A card for people: facts, risks worst first, the change, the agent's words last and cut."""

from collections.abc import Sequence

from bottle_tui.cli.output import BOLD, DIM, RED, YELLOW, Output
from bottle_tui.core.text import cut
from bottle_tui.core.views import Card

_MARKS = {"danger": ("!!", RED), "warn": ("! ", YELLOW), "note": ("· ", "")}
_ORDER = ("danger", "warn", "note")
_WORDS_SHOWN = 12


def show(out: Output, card: Card, *, words: bool = True, evidence: Sequence[str] = ()) -> None:
    """A card for people. What the agent said comes last and is cut."""
    out.line(f"{card.tool}  {card.host}".rstrip(), BOLD)
    out.line(f"{card.id}  {card.slug}  {card.status}  by {card.author}", DIM)
    width = max((len(fact.name) for fact in card.facts), default=0)
    for fact in card.facts:
        out.line(f"  {fact.name.ljust(width)}  {fact.asked}" + (f"   (seen: {fact.seen})" if fact.seen else ""))
    for line in evidence:
        out.line(f"  {cut(line, 200)}", DIM)
    for risk in sorted(card.risks, key=lambda each: _ORDER.index(each.level)):
        mark, style = _MARKS[risk.level]
        out.line(f"{mark} {risk.text}", style)
    _print_change(out, card)
    for label, text in (("reason", card.reason), ("decided by", card.decided_by), ("delivery", card.delivery)):
        if text:
            out.line(f"{label}: {text}")
    if words and card.words:
        out.line("the agent says:", DIM)
        for line in card.words.splitlines()[:_WORDS_SHOWN]:
            out.line("  > " + cut(line, 200))


def _print_change(out: Output, card: Card) -> None:
    if card.change is None:
        out.line(card.problem or "no change can be computed")
        return
    for title, diff in (("routes", card.change.routes), ("pipelock", card.change.pipelock)):
        if diff.strip():
            out.line(f"change of {title}:", DIM)
            out.diff(diff)
    if card.change.unchanged:
        out.line("nothing changes: it is in force already")
    for note in card.change.notes:
        out.line(f"note: {note}")
    out.line(f"digest {card.change.digest}", DIM)


def worst(card: Card) -> str:
    """The mark of the worst risk, empty when there is none."""
    levels = {risk.level for risk in card.risks}
    return next((_MARKS[level][0].strip() for level in _ORDER if level in levels), "")
