"""One proposal as rows: facts, every risk, the change, the agent's words last, within a budget of rows."""

from dataclasses import dataclass
from datetime import datetime

from bottle_tui.core.arming import Part, whole
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.card_rows import change_title, fact_rows, head, words_rows
from bottle_tui.tui.presentation.change_rows import change_rows, is_structure
from bottle_tui.tui.presentation.risk_rows import Drawn, all_risk_rows, parts
from bottle_tui.tui.presentation.rows import Row, Span, row, rule

MIN_CHANGE = 3
MIN_WORDS = 1
MAX_WORDS = 8


@dataclass(frozen=True)
class Around:
    """What is known around a card: whether its change is still that of an older edit, whether `=` would narrow it, and
    the generation of the table that it would change."""

    computing: bool = False
    fits: bool = False
    generation: int | None = None


@dataclass(frozen=True)
class CardView:
    """The rows, what of the risks is among them, and how far those scroll."""

    rows: tuple[Row, ...]
    parts: frozenset[Part] = frozenset()
    max_scroll: int = 0

    @property
    def seen(self) -> frozenset[int]:
        """The risks (indices, worst first) that are there whole."""
        return whole(self.parts)


def card_view(
    card: Card, place: str, now: datetime, width: int, height: int, scroll: int = 0, around: Around = Around()
) -> CardView:
    """The card in exactly `height` rows. `scroll`: the first risk to show where not all fit."""
    risks = all_risk_rows(card.risks, width, around.fits)
    change = _change(card, width, height - len(card.facts) - sum(map(len, risks)) - 6)
    words = words_rows(card.words, width)
    facts_least = len(fact_rows(card.facts, width, 0))
    need_change = min(len(change), MIN_CHANGE)
    # What must be there, and then what makes it pleasant: rules first, then room for words and change.
    room = max(height - (1 + facts_least + need_change + MIN_WORDS), 0)
    overfull = sum(map(len, risks)) > max(room, 1)
    window = _window(risks, max(room - overfull, 1), scroll)
    room -= len(window.rows)
    rules = _rules(room, bool(risks), overfull)
    room -= len(rules)
    facts = fact_rows(card.facts, width, max(room, 0))
    room -= len(facts) - facts_least
    shown_change = need_change + min(max(len(change) - need_change, 0), max(room, 0))
    room -= shown_change - need_change
    shown_words = MIN_WORDS + min(max(len(words) - MIN_WORDS, 0), max(room, 0), MAX_WORDS - MIN_WORDS)
    rows = [head(card, place, now, width), *facts]
    rows += [_risks_rule(len(risks), window, width)] if "risks" in rules else []
    in_view = parts(window.rows[: max(height - len(rows), 0)])
    rows += [line for line, _ in window.rows]
    rows += [_change_rule(card, around, len(change) - shown_change, width)] if "change" in rules else []
    rows += _dimmed(change[:shown_change]) if around.computing else change[:shown_change]
    rows += [_words_rule(card.whose_words, len(words), shown_words, width)] if "words" in rules else []
    rows += words[:shown_words]
    rows += [row()] * (height - len(rows))
    return CardView(tuple(rows[:height]), in_view, window.max_top)


@dataclass(frozen=True)
class _Window:
    """The risks from the `top`th on that fit, whole; the first one cut where it alone is too long."""

    rows: list[Drawn]
    top: int
    shown: int
    max_top: int


def _window(risks: list[list[Drawn]], room: int, scroll: int) -> _Window:
    """As many whole risks as `room` rows hold. Scrolling ends where the last one is in view."""
    fitting = [_fitting(risks[at:], room) for at in range(len(risks))]
    max_top = next((at for at, count in enumerate(fitting) if at + count == len(risks)), 0)
    top = min(max(scroll, 0), max_top)
    shown = fitting[top] if risks else 0
    rows = [drawn for risk in risks[top : top + shown] for drawn in risk]
    return _Window(rows[:room], top, shown, max_top)


def _fitting(risks: list[list[Drawn]], room: int) -> int:
    """How many of these come first and fit; at least one."""
    count, used = 0, 0
    for risk in risks:
        used += len(risk)
        if used > room:
            break
        count += 1
    return max(count, 1)


def _change(card: Card, width: int, room: int) -> list[Row]:
    """All that would change; where that is more than `room`, only the lines that say something."""
    change = change_rows(card, width)
    return [line for line in change if not is_structure(line)] or change if len(change) > room else change


def _dimmed(rows: list[Row]) -> list[Row]:
    return [tuple(Span(span.text, "faint") for span in line) for line in rows]


def _rules(room: int, risks: bool, overfull: bool) -> list[str]:
    """Those there is room for; where not every risk is shown, that is said first."""
    order = ["risks", "change", "words"] if overfull else ["change", "risks", "words"] if risks else ["change", "words"]
    return order[: max(room, 0)]


def _risks_rule(count: int, window: _Window, width: int) -> Row:
    top, shown = window.top, window.shown
    if len(whole(parts(window.rows))) < shown:
        return rule(f"RISKS {top + 1} of {count}, cut", "enter: whole", width)
    title = f"RISKS {count} of {count} shown" if shown == count else f"RISKS {top + 1}–{top + shown} of {count}"
    return rule(title, "tab, j: the others" if shown < count else "", width)


def _change_rule(card: Card, around: Around, left: int, width: int) -> Row:
    """With the generation that the change leads to, and how many of its lines are not shown."""
    title, hint = change_title(card)
    if around.computing:
        title = "CHANGE  computing…"
    elif around.generation is not None and card.change is not None and card.change.routes:
        title = title.replace("CHANGE  ", f"CHANGE  gen {around.generation} → {around.generation + 1}, ")
    return rule(title, f"{hint}, {left} more" if left > 0 else hint, width)


def _words_rule(whose: str, count: int, shown: int, width: int) -> Row:
    cut_off = f"{whose}, {shown} line{'s' * (shown > 1)} of {count}"
    return rule(cut_off if count > shown else whose, "v: all", width)
