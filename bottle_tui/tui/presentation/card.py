"""One proposal as rows: facts, every risk, the change, the agent's words last, within a budget of rows."""

from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.views import Card, Change, Fact, Risk, RiskLevel
from bottle_tui.tui.presentation.rows import (
    Row,
    Span,
    Style,
    cut,
    cut_clause,
    cut_middle,
    fit,
    foreign,
    row,
    rule,
    spread,
    width_of,
    wrapped,
)
from bottle_tui.tui.presentation.times import ago

GLYPHS: dict[RiskLevel, str] = {"danger": "!!", "warn": "! ", "note": "· "}
RISK_STYLES: dict[RiskLevel, Style] = {"danger": "danger", "warn": "warn", "note": "muted"}
WORST_FIRST: dict[RiskLevel, int] = {"danger": 0, "warn": 1, "note": 2}
FITTED = ("every_method", "write_methods", "every_path")
"""Risks that `=` narrows."""
MIN_CHANGE = 3
MIN_WORDS = 1
MAX_WORDS = 8
NAME = 9
"""Columns of a fact's name, with its margin."""


@dataclass(frozen=True)
class Around:
    """What is known around a card: whether its change is still that of an older edit, whether `=` would narrow it, and
    the generation of the table that it would change."""

    computing: bool = False
    fits: bool = False
    generation: int | None = None


@dataclass(frozen=True)
class CardView:
    """The rows, and which risks (indices, worst first) are among them; what did not fit."""

    rows: tuple[Row, ...]
    seen: frozenset[int]
    hidden_risks: int = 0
    max_scroll: int = 0


def decided(card: Card, now: datetime) -> str:
    """Who was quicker, and when."""
    if card.decided_by is None or card.decided_at is None:
        return "no longer waiting"
    return f"{card.status} by {visible(card.decided_by)}, {ago(card.decided_at, now)} ago"


def worst_first(risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    """As they are shown."""
    return tuple(sorted(risks, key=lambda risk: WORST_FIRST[risk.level]))


def head(card: Card, place: str, now: datetime, width: int) -> Row:
    """The rule above a card: whose it is, which of how many, its id's end, how long the agent has waited."""
    title = {
        "egress-block": "asks",
        "pipelock-block": "asks pipelock",
        "capability-block": "asks to be rebuilt",
    }.get(card.tool, visible(card.tool))
    whose = f"{visible(card.slug)} {title}" if card.author != "operator" else f"proposed for {visible(card.slug)}"
    waits = f"agent waits {ago(card.created, now)}" if card.agent_waits else f"asked {ago(card.created, now)} ago"
    if card.status == "failed":
        waits = "approved, not in force"
    elif card.status != "pending":
        waits = decided(card, now)
    right = " · ".join(part for part in (place, f"…{visible(card.id)[-6:]}", waits) if part)
    return rule(whose, right if len(right) + len(whose) + 8 <= width else waits, width)


def fact_rows(facts: tuple[Fact, ...], width: int, spare: int) -> list[Row]:
    """Asked and seen in two columns. Below 80 columns, and beside an edit, seen goes under asked, while `spare` rows
    last."""
    longest = max((cell_len(_asked_text(fact)) for fact in facts if fact.seen and not fact.set), default=0)
    column = min(max(longest, 12), (width - NAME) * 2 // 5)
    rows: list[Row] = []
    for fact in facts:
        label = Span(f" {fit(visible(fact.name).upper(), NAME - 2)} ", "muted")
        seen, size = visible(fact.seen), cell_len(_asked_text(fact))
        together = NAME + size + 2 + cell_len(seen) <= width
        if not seen or (not together and spare > 0 and (width < 80 or fact.set)):
            rows.append((label, *asked_spans(fact, width - NAME - 1)))
            if seen:
                spare -= 1
                rows.append(row(Span(" " * NAME), Span(cut_clause(seen, width - NAME - 1), "muted")))
            continue
        shown = asked_spans(fact, size if together else max(column, (width - NAME) * 3 // 5 if fact.set else 0))
        gap = max(column - width_of(shown), 0) + 2
        room = max(width - NAME - width_of(shown) - gap - 1, 0)
        rows.append((label, *shown, Span(" " * gap), Span(cut_clause(seen, room), "muted")))
    return rows


def _asked_text(fact: Fact) -> str:
    return visible(fact.asked) + (f" → {visible(fact.set)}" if fact.set else "")


def asked_spans(fact: Fact, width: int) -> Row:
    """What was asked; where the operator set something else, that follows and is the last to be cut."""
    middle = cut_middle if fact.name in ("host", "path") else cut
    asked, wished = visible(fact.asked), visible(fact.set)
    if not wished:
        return row(Span(middle(asked, width), "strong"))
    old = middle(asked, max(width - 3 - cell_len(wished), min(8, width // 3)))
    return row(Span(old, "muted"), Span(" → ", "accent"), Span(middle(wished, width - 3 - cell_len(old)), "accent"))


def risk_row(risk: Risk, width: int, fits: bool = False) -> Row:
    """One line: its glyph and its sentence; where `=` would take it away, that key."""
    style = RISK_STYLES[risk.level]
    text_style: Style = "danger" if risk.level == "danger" else "plain" if risk.level == "warn" else "muted"
    if fits and risk.id in FITTED:
        left = row(Span(f" {GLYPHS[risk.level]} ", style), Span(cut(visible(risk.text), width - 16), text_style))
        return spread(left, row(Span("= ", "key"), Span("fits it ", "muted")), width)
    return row(Span(f" {GLYPHS[risk.level]} ", style), Span(cut(visible(risk.text), width - 5), text_style))


def change_rows(change: Change | None, problem: str | None, width: int) -> list[Row]:
    """The whole unified diff, then what is said about it."""
    if change is None:
        return [row(Span(f"  {cut(visible(problem or 'the change cannot be computed'), width - 3)}", "danger"))]
    rows = [_diff_row(line, width, "  ") for line in change.routes.splitlines() if not line.startswith("@@")]
    pipelock = [line for line in change.pipelock.splitlines() if not line.startswith("@@")]
    rows += [_diff_row(line, width, "  pipelock ") for line in _without_context(pipelock)]
    if change.unchanged or not rows:
        rows.insert(0, row(Span("  nothing changes: already in force", "ok")))
    return rows + [row(Span(f"  {cut(visible(note), width - 3)}", "warn")) for note in change.notes]


def _without_context(lines: list[str]) -> list[str]:
    changed = [line for line in lines if line[:1] in "+-"]
    return changed or lines


def _is_structure(line: Row) -> bool:
    """Lines that a cut card can do without: context, and keys that only hold others or repeat the id."""
    if len(line) != 2:
        return False
    bare = line[1].text[1:].strip()
    known = bare == "grants:" or bare.startswith("proposal:") or (bare.startswith("- id:") and line[1].style == "added")
    return line[1].style == "muted" or known


def signed(line: str) -> tuple[str, str]:
    """A line of a diff: its sign, and its text made visible."""
    return (line[0], visible(line[1:])) if line[:1] in ("+", "-", " ") and line else (" ", visible(line))


def _diff_row(line: str, width: int, indent: str) -> Row:
    sign, text = signed(line)
    style: Style = "added" if sign == "+" else "removed" if sign == "-" else "muted"
    return row(Span(indent, "muted"), Span(f"{sign or ' '} {cut_middle(text, width - len(indent) - 3)}", style))


def words_rows(words: str, width: int) -> list[Row]:
    """The agent's words, quoted, one row a line, cut; what people must not take for ours."""
    lines = [line for line in visible_lines(words, 200) if line.strip()] or ["(no words)"]
    quoted = ["“" + lines[0], *lines[1:]]
    quoted[-1] += "”"
    return [row(Span(f"  {cut(line, width - 4)}", "quote")) for line in quoted]


def _sections(card: Card) -> tuple[str, str]:
    change = card.change
    both = bool(change and change.pipelock)
    target = "both sidecars" if both else "egress only" if change and change.routes else ""
    if card.tool == "capability-block":
        target = "the agent's image"
    return ("CHANGE" + (f"  {target}" if target else ""), "d: whole diff")


def _change_title(card: Card, around: Around) -> tuple[str, str]:
    """Of the rule above the change, with the generation that it leads to."""
    title, hint = _sections(card)
    if around.computing:
        return "CHANGE  computing…", hint
    if around.generation is None or card.change is None or not card.change.routes:
        return title, hint
    number = f"gen {around.generation} → {around.generation + 1}"
    return title.replace("CHANGE  ", f"CHANGE  {number}, "), hint


def card_view(
    card: Card, place: str, now: datetime, width: int, height: int, scroll: int = 0, around: Around = Around()
) -> CardView:
    """The card in exactly `height` rows. `scroll`: the first risk to show where not all fit."""
    risks = worst_first(card.risks)
    change = change_rows(card.change, card.problem, width)
    if height < len(change) + len(card.facts) + len(risks) + 6:
        change = [line for line in change if not _is_structure(line)] or change
    words = words_rows(card.words, width)
    facts_least = len(fact_rows(card.facts, width, 0))
    need_change = min(len(change), MIN_CHANGE) if len(change) < MIN_CHANGE else MIN_CHANGE
    # What must be there, and then what makes it pleasant: rules first, then room for words and change.
    least = 1 + facts_least + need_change + MIN_WORDS
    room = max(height - least, 0)
    shown_risks = min(len(risks), max(room, 1))
    room -= shown_risks
    rules = _rules(room, bool(risks))
    room -= len(rules)
    facts = fact_rows(card.facts, width, max(room, 0))
    room -= len(facts) - facts_least
    more_change = min(max(len(change) - need_change, 0), max(room, 0))
    room -= more_change
    more_words = min(max(len(words) - MIN_WORDS, 0), max(room, 0), MAX_WORDS - MIN_WORDS)
    top = min(max(scroll, 0), len(risks) - shown_risks)
    rows = [head(card, place, now, width), *facts]
    if "risks" in rules:
        rows.append(rule(_risks_title(len(risks), shown_risks, top), _more(risks, shown_risks), width))
    rows += [risk_row(risk, width, around.fits) for risk in risks[top : top + shown_risks]]
    change_height = need_change + more_change
    if "change" in rules:
        title, hint = _change_title(card, around)
        left = len(change) - change_height
        rows.append(rule(title, f"{hint}, {left} more" if left > 0 else hint, width))
    rows += _dimmed(change[:change_height]) if around.computing else change[:change_height]
    words_height = MIN_WORDS + more_words
    if "words" in rules:
        title = f"the agent's words, {words_height} line{'s' * (words_height > 1)} of {len(words)}"
        rows.append(rule(title if len(words) > words_height else "the agent's words", "v: all", width))
    rows += words[:words_height]
    rows += [row()] * (height - len(rows))
    return CardView(
        tuple(rows[:height]),
        frozenset(range(top, top + shown_risks)),
        len(risks) - shown_risks,
        len(risks) - shown_risks,
    )


def _dimmed(rows: list[Row]) -> list[Row]:
    return [tuple(Span(span.text, "faint") for span in line) for line in rows]


def _rules(room: int, risks: bool) -> list[str]:
    order = ["change", "risks", "words"] if risks else ["change", "words"]
    return order[: max(room, 0)]


def _risks_title(count: int, shown: int, top: int) -> str:
    if shown == count:
        return f"RISKS {count} of {count} shown"
    return f"RISKS {top + 1}–{top + shown} of {count}"


def _more(risks: tuple[Risk, ...], shown: int) -> str:
    return "tab, j: the others" if shown < len(risks) else ""


def whole_card(card: Card, place: str, now: datetime, width: int, evidence: tuple[str, ...] = ()) -> tuple[Row, ...]:
    """Everything, nothing cut: the zoomed card."""
    rows = [head(card, place, now, width)]
    for fact in card.facts:
        if cell_len(_asked_text(fact)) + cell_len(visible(fact.seen)) + NAME + 3 <= width:
            rows += fact_rows((fact,), width, 0)
            continue
        rows += _wrapped_pair(visible(fact.name).upper(), _asked_text(fact), "strong", width)
        rows += _wrapped_pair("", visible(fact.seen), "muted", width) if fact.seen else []
    if card.risks:
        rows.append(rule(f"RISKS {len(card.risks)}", "", width))
    for risk in worst_first(card.risks):
        style = RISK_STYLES[risk.level]
        for index, line in enumerate(wrapped(visible(risk.text), width - 6)):
            rows.append(row(Span(f" {GLYPHS[risk.level]} " if not index else "    ", style), Span(line)))
    if evidence:
        rows.append(rule("SEEN", "", width))
        rows += [row(Span(f"  {piece}", "muted")) for line in evidence for piece in wrapped(visible(line), width - 3)]
    rows.append(rule(_sections(card)[0], "", width))
    rows += whole_change(card, width)
    rows.append(rule("the agent's words", "", width))
    rows += whole_words(card, width)
    if card.reason:
        rows.append(rule("last answer", "", width))
        rows += [row(Span(f"  {line}", "warn")) for line in wrapped(visible(card.reason), width - 3)]
    return tuple(rows)


def whole_change(card: Card, width: int) -> list[Row]:
    """The diff with its hunks' places, long lines folded."""
    if card.change is None:
        return change_rows(None, card.problem, width)
    rows: list[Row] = []
    for title, diff in (("routes", card.change.routes), ("pipelock", card.change.pipelock)):
        if not diff:
            continue
        rows.append(row(Span(f"  {title}", "muted")))
        for line in diff.splitlines():
            sign, text = signed(line)
            style: Style = "added" if sign == "+" else "removed" if sign == "-" else "muted"
            for index, piece in enumerate(wrapped(text, width - 6)):
                rows.append(row(Span(f"  {sign if not index else ' '} {piece}", style)))
    if not rows:
        rows.append(row(Span("  nothing changes: already in force", "ok")))
    return rows + [row(Span(f"  {cut(visible(note), width - 3)}", "warn")) for note in card.change.notes]


def whole_words(card: Card, width: int) -> list[Row]:
    """All of them, folded."""
    lines = visible_lines(card.words or "(no words)")
    return [row(Span(f"  {piece}", "quote")) for line in lines for piece in wrapped(line, width - 4)]


def _wrapped_pair(name: str, text: str, style: Style, width: int) -> list[Row]:
    lines = wrapped(text, width - NAME - 1)
    return [
        row(Span(f" {fit(name if not index else '', NAME - 2)} ", "muted"), Span(line, style))
        for index, line in enumerate(lines)
    ]


def plain_card(card: Card, now: datetime, width: int = 100, evidence: tuple[str, ...] = ()) -> str:
    """The card as plain text, to copy or to print."""
    rows = whole_card(card, "", now, width, evidence)
    return "\n".join("".join(span.text for span in line).rstrip() for line in rows)


def confirmation(card: Card, width: int) -> tuple[Row, ...]:
    """What `a` shows at a danger: each such sentence whole, then what `y` does."""
    rows: list[Row] = [rule("read this, then y", "", width, "danger")]
    for risk in worst_first(card.risks):
        if risk.level == "danger":
            for index, line in enumerate(wrapped(visible(risk.text), width - 6)):
                rows.append(row(Span(" !! " if not index else "    ", "danger"), Span(line, "danger")))
    approve = row(Span(" y ", "key"), Span(f"approve this for {visible(card.slug)}", "strong"))
    leave = row(Span("esc ", "key"), Span("leave it ", "plain"))
    return (*rows, spread(approve, leave, width))


def asked_row(card: Card, width: int) -> Row:
    """What is being rejected, in one line."""
    host = cut_middle(visible(card.host), max(width - 30, 12))
    return row(Span(" reject ", "strong"), foreign(card.slug, "strong"), Span(" · "), Span(host, "strong"))
