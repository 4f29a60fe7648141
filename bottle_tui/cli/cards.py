"""A card for people: facts, risks worst first, the change, the agent's words last.

Folded at the width of the terminal with the later lines indented, so that 60 columns read as well as 200. The agent's
words begin every line with `> `, so that no folding makes them look like a fact.
"""

import textwrap
from collections.abc import Sequence

from bottle_tui.cli.output import BOLD, DIM, GREEN, RED, YELLOW, Output
from bottle_tui.core.text import cut, visible_lines
from bottle_tui.core.views import Card

_MARKS = {"danger": ("!!", RED), "warn": ("! ", YELLOW), "note": ("· ", "")}
_ORDER = ("danger", "warn", "note")
_WORDS_SHOWN = 40


def show(out: Output, card: Card, *, words: bool = True, evidence: Sequence[str] = ()) -> None:
    """A card for people. What the agent said comes last and is cut."""
    out.line(f"{card.tool}  {card.host}".rstrip(), BOLD)
    out.line(f"{card.id}  {card.slug}  {standing(card, whole=True)}", DIM)
    out.wrapped(card.filed_by, DIM)
    width = max((len(fact.name) for fact in card.facts), default=0)
    for fact in card.facts:
        seen = f"   (seen: {fact.seen})" if fact.seen else ""
        changed = f" → you set {fact.set}" if fact.set else ""
        out.wrapped(f"  {fact.name.ljust(width)}  {fact.asked}{changed}{seen}", indent=width + 4)
    for line in evidence:
        out.wrapped(f"  {cut(line, 200)}", DIM, indent=4)
    for risk in sorted(card.risks, key=lambda each: _ORDER.index(each.level)):
        mark, style = _MARKS[risk.level]
        out.wrapped(f"{mark} {risk.text}", style, indent=3)
    _print_change(out, card)
    for label, text in (("reason", card.reason), ("decided by", card.decided_by), ("delivery", card.delivery)):
        if text:
            out.wrapped(f"{label}: {text}", indent=2)
    if words and card.words:
        out.line(f"{card.whose_words}:", DIM)
        for line in _quoted(card.words, out.width):
            out.line(line)


def _quoted(words: str, width: int | None) -> list[str]:
    """The agent's words, each line of the screen marked as theirs. Past forty lines the rest is counted."""
    room = max(width or 200, 24) - 4
    lines = [part for line in visible_lines(words.strip()) for part in textwrap.wrap(line, room) or [""]]
    more = len(lines) - _WORDS_SHOWN
    return [f"  > {line}" for line in lines[:_WORDS_SHOWN]] + ([f"  … {more} more lines: --json"] if more > 0 else [])


def _print_change(out: Output, card: Card) -> None:
    if card.change is None:
        out.wrapped(card.problem or "no change can be computed", indent=2)
        for line in card.dockerfile:
            out.wrapped(f"+ {line}", GREEN, indent=4)
        return
    for title, diff in (("routes", card.change.routes), ("pipelock", card.change.pipelock)):
        if diff.strip():
            out.line(f"change of {title}:", DIM)
            out.diff(diff)
    if card.change.unchanged:
        out.line("nothing changes: it is in force already")
    for note in card.change.notes:
        out.wrapped(f"note: {note}", indent=2)
    out.line(f"digest {card.change.digest}", DIM)


def standing(card: Card, *, whole: bool = False) -> str:
    """Its status; of an approval that has ended that it has, `whole` with how."""
    if card.status != "approved" or card.in_force:
        return card.status
    how = f", {card.reason}" if whole and card.reason else ""
    return f"approved{how}: not in force"


def worst(card: Card) -> str:
    """The mark of the worst risk, empty when there is none."""
    levels = {risk.level for risk in card.risks}
    return next((_MARKS[level][0].strip() for level in _ORDER if level in levels), "")
