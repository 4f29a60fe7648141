"""Lines of unified diffs as rows: green what comes, red what goes."""

from bottle_tui.core.text import visible, visible_lines
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut_middle, row, wrapped


def style_of(line: str) -> Style:
    """By its sign."""
    return "added" if line.startswith("+") else "removed" if line.startswith("-") else "muted"


def signed(line: str) -> tuple[str, str]:
    """A line of a diff: its sign, and its text made visible."""
    return (line[0], visible(line[1:])) if line[:1] in ("+", "-", " ") and line else (" ", visible(line))


def diff_row(line: str, width: int, indent: str) -> Row:
    """One line, cut."""
    sign, text = signed(line)
    return row(Span(indent, "muted"), Span(f"{sign} {cut_middle(text, width - len(indent) - 3)}", style_of(sign)))


def patch_rows(text: str, width: int) -> list[Row]:
    """A unified diff, whole."""
    rows: list[Row] = []
    for line in visible_lines(text, 2_000):
        rows += [row(Span(f" {piece}", style_of(line))) for piece in wrapped(line, width - 2)]
    return rows
