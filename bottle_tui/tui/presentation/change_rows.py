"""The change of a card as rows: the lines that its two files would gain and lose, or those of the agent's image."""

from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.diff_rows import diff_row, signed, style_of
from bottle_tui.tui.presentation.rows import Row, Span, cut, row, wrapped


def change_rows(card: Card, width: int) -> list[Row]:
    """The whole unified diff, then what is said about it."""
    change = card.change
    if change is None:
        return _without_change(card, width)
    rows = [diff_row(line, width, "  ") for line in change.routes.splitlines() if not line.startswith("@@")]
    pipelock = [line for line in change.pipelock.splitlines() if not line.startswith("@@")]
    rows += [diff_row(line, width, "  pipelock ") for line in _without_context(pipelock)]
    if change.unchanged or not rows:
        rows.insert(0, row(Span("  nothing changes: already in force", "ok")))
    return rows + [row(Span(f"  {cut(visible(note), width - 3)}", "warn")) for note in change.notes]


def _without_change(card: Card, width: int) -> list[Row]:
    """Why there is none, whole; and the lines of a Dockerfile that were asked for, which can be read all the same."""
    why = wrapped(visible(card.problem or "the change cannot be computed"), width - 3)
    rows = [row(Span(f"  {line}", "danger")) for line in why]
    for line in card.dockerfile:
        pieces = wrapped(visible(line), width - 6)
        rows += [row(Span(f"  {' ' if index else '+'} {piece}", "added")) for index, piece in enumerate(pieces)]
    return rows


def _without_context(lines: list[str]) -> list[str]:
    changed = [line for line in lines if line[:1] in "+-"]
    return changed or lines


def is_structure(line: Row) -> bool:
    """Lines that a cut card can do without: context, what is so unless it is said, keys that only hold others."""
    if len(line) != 2:
        return False
    bare = line[1].text[1:].strip()
    known = (
        bare in ("grants:", "pipelock: scanned")
        or bare.startswith("proposal:")
        or (bare.startswith("- id:") and line[1].style == "added")
    )
    return line[1].style == "muted" or known


def whole_change(card: Card, width: int) -> list[Row]:
    """The diff with its hunks' places, long lines folded."""
    if card.change is None:
        return _without_change(card, width)
    rows: list[Row] = []
    for title, diff in (("routes", card.change.routes), ("pipelock", card.change.pipelock)):
        if not diff:
            continue
        rows.append(row(Span(f"  {title}", "muted")))
        for line in diff.splitlines():
            sign, text = signed(line)
            for index, piece in enumerate(wrapped(text, width - 6)):
                rows.append(row(Span(f"  {sign if not index else ' '} {piece}", style_of(sign))))
    if not rows:
        rows.append(row(Span("  nothing changes: already in force", "ok")))
    return rows + [row(Span(f"  {cut(visible(note), width - 3)}", "warn")) for note in card.change.notes]
