"""Rows of styled spans, and how they are cut, padded and ruled. Widths are terminal cells, not characters."""

from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from bottle_tui.core.text import MOST_MARKS, visible

type Style = Literal[
    "plain", "strong", "muted", "faint", "ok", "warn", "danger", "added", "removed", "key", "rule", "title", "quote",
    "accent", "alarm", "cursor", "match",
]  # fmt: skip


class Span(NamedTuple):
    """A piece of one line."""

    text: str
    style: Style = "plain"


type Row = tuple[Span, ...]

ELLIPSIS = "…"


def row(*spans: Span | str) -> Row:
    """A row of spans; a bare string is plain."""
    return tuple(span if isinstance(span, Span) else Span(span) for span in spans)


def foreign(text: str, style: Style = "plain") -> Span:
    """A span of text that an agent, a server or a log wrote."""
    return Span(visible(text), style)


def short_id(id: str) -> str:
    """The end of a ULID, which tells it from others; a short id whole."""
    shown = visible(id)
    return shown if len(shown) <= 12 else f"…{shown[-6:]}"


def width_of(line: Row) -> int:
    """Its cells."""
    return sum(cell_len(span.text) for span in line)


def _near(width: int) -> int:
    """So many characters of visible text fill more than `width` cells: of what is longer the rest is never measured."""
    return (MOST_MARKS + 1) * (max(width, 0) + 1)


def fits(text: str, width: int) -> bool:
    """Whether it takes at most so many cells."""
    return len(text) <= _near(width) and cell_len(text) <= width


def _start(text: str, width: int) -> str:
    """Its first cells, so many, without blanks at the end."""
    return set_cell_size(text[: _near(width)], width).rstrip()


def cut(text: str, width: int) -> str:
    """At most `width` cells, the end replaced by an ellipsis."""
    if fits(text, width):
        return text
    return _start(text, width - 1) + ELLIPSIS if width > 0 else ""


def cut_clause(text: str, width: int) -> str:
    """As `cut`, at the last comma or semicolon where that keeps most of it: half a clause tells nothing."""
    short = cut(text, width)
    if short == text:
        return text
    at = max(short.rfind(", "), short.rfind("; "))
    return short[:at] + ELLIPSIS if at >= width * 2 // 3 else short.replace("," + ELLIPSIS, ELLIPSIS)


def cut_middle(text: str, width: int) -> str:
    """At most `width` cells with both ends kept, the tail longer: the end of a host says whose it is."""
    if fits(text, width):
        return text
    if width < 4:
        return cut(text, width)
    head = (width - 1) // 3
    return _start(text, head) + ELLIPSIS + _end(text, width - 1 - head)


def _end(text: str, width: int) -> str:
    """As much of its end as fits into so many cells."""
    at = len(text)
    while at > 0 and (width := width - cell_len(text[at - 1])) >= 0:
        at -= 1
    return text[at:]


def cut_list(text: str, width: int) -> str:
    """At most `width` cells of "a, b, c": whole items, and how many more there are; of one alone both ends."""
    items = text.split(", ")
    if fits(text, width) or len(items) == 1:
        return cut_middle(text, width)
    for shown in range(min(len(items) - 1, max(width, 0)), 0, -1):
        short = f"{', '.join(items[:shown])}, {len(items) - shown} more"
        if fits(short, width):
            return short
    more = f", {len(items) - 1} more"
    return (
        cut_middle(items[0], width - len(more)) + more if width - len(more) >= 8 else cut(f"{len(items)} listed", width)
    )


def fit(text: str, width: int) -> str:
    """Cut or padded to exactly `width` cells."""
    return set_cell_size(cut(text, width), max(width, 0))


def fit_row(line: Row, width: int) -> Row:
    """The row in exactly `width` cells."""
    left, out = width, []
    for span in line:
        size = cell_len(span.text)
        if size > left:
            out.append(Span(fit(span.text, left), span.style))
            return tuple(out)
        out.append(span)
        left -= size
    return (*out, Span(" " * left)) if left else tuple(out)


def spread(left: Row, right: Row, width: int) -> Row:
    """Left and right at their edges; the left one is cut where both do not fit."""
    room = max(width - width_of(right), 0)
    return fit_row((*fit_row(left, room), *right), width)


def rule(title: str, right: str, width: int, style: Style = "title") -> Row:
    """A thin line with a title, and words at its end."""
    head = row(Span("─ ", "rule"), Span(title, style), Span(" ", "rule")) if title else row()
    tail = row(Span(" ", "rule"), Span(right, "muted"), Span(" ─", "rule")) if right else row()
    room = width - width_of(tail)
    if width_of(head) > room:
        return fit_row((*fit_row(head, max(room, 0)), *tail), width)
    return (*head, Span("─" * (room - width_of(head)), "rule"), *tail)


def wrapped(text: str, width: int) -> list[str]:
    """Visible text in lines of at most `width` cells, broken at spaces where there are any; indents stay."""
    width = max(width, 1)  # a pane that has not been laid out yet has none
    lines: list[str] = []
    for paragraph in text.split("\n"):
        body = paragraph.lstrip(" ")
        line = " " * min(len(paragraph) - len(body), max(width - 8, 0))
        for word in body.split(" "):
            joined = f"{line} {word}" if line.strip() else line + word
            if cell_len(joined) <= width:
                line = joined
                continue
            if line.strip():
                lines.append(line)
            *whole, line = _broken(word, width)
            lines += whole
        lines.append(line)
    return lines


def _broken(word: str, width: int) -> list[str]:
    """A word in pieces of at most `width` cells; agents write words of any length, so each character counts once."""
    pieces: list[str] = []
    start = used = 0
    for at, char in enumerate(word):
        size = cell_len(char)
        if used + size > width and at > start:
            pieces.append(word[start:at])
            start, used = at, 0
        used += size
    return [*pieces, word[start:]]
