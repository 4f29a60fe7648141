"""What the commands print: documents or calm lines on standard output, words for people on standard error.

Everything for people goes through the sanitiser here, so no command prints foreign text raw.
"""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO

from bottle_tui.core.text import visible, visible_lines

RED, GREEN, YELLOW, DIM, BOLD = "31", "32", "33", "2", "1"


class Output:
    """The two streams of one command. `json`: documents only on standard output."""

    def __init__(self, *, as_json: bool, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stdout = stdout if stdout is not None else sys.stdout
        self._stderr = stderr if stderr is not None else sys.stderr

    def document(self, value: Any, *, indent: int | None = 2) -> None:
        """One JSON document, escaped to plain ASCII."""
        print(json.dumps(value, indent=indent, ensure_ascii=True), file=self._stdout, flush=True)

    def line(self, text: str = "", style: str = "") -> None:
        """One line of output."""
        print(_styled(visible(text), style, self._stdout), file=self._stdout, flush=True)

    @property
    def width(self) -> int | None:
        """How many columns the reader has: COLUMNS, else the terminal's; None where the output is no terminal."""
        stated = os.environ.get("COLUMNS", "")
        if stated.isdecimal() and int(stated) > 0:
            return int(stated)
        return shutil.get_terminal_size().columns if self._stdout.isatty() else None

    def wrapped(self, text: str, style: str = "", indent: int = 0) -> None:
        """One paragraph, folded at the reader's width with the later lines indented; one line where there is none."""
        width = self.width
        folded = [visible(text)]
        if width is not None:
            folded = textwrap.wrap(
                folded[0], max(width, indent + 20), subsequent_indent=" " * indent, break_on_hyphens=False
            )
        for each in folded or [""]:
            self.line(each, style)

    def block(self, text: str) -> None:
        """Several lines of output."""
        for each in visible_lines(text.rstrip("\n")):
            self.line(each)

    def diff(self, text: str) -> None:
        """A unified diff, additions and removals told apart by colour as well as by their first character."""
        for each in visible_lines(text.rstrip("\n")):
            style = {"+": GREEN, "-": RED, "@": DIM}.get(each[:1], "")
            self.line(each, style)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns; the last one is not padded."""
        shown = [[visible(cell) for cell in row] for row in rows]
        widths = [max(len(line[index]) for line in (heads, *shown)) for index in range(len(heads))]
        self.line(_aligned(heads, widths), DIM)
        for row in shown:
            self.line(_aligned(row, widths))

    def say(self, text: str) -> None:
        """One line for people, beside the output."""
        print(visible(text), file=self._stderr, flush=True)

    def interactive(self) -> bool:
        """Whether a person can be asked: a terminal on both ends, and nobody waits for a document."""
        return not self.as_json and sys.stdin.isatty() and self._stderr.isatty()

    def ask(self, question: str) -> str:
        """A typed answer, stripped; empty at the end of input. The question goes to standard error."""
        print(visible(question), end=" ", file=self._stderr, flush=True)
        return sys.stdin.readline().strip()


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def _styled(text: str, style: str, stream: TextIO) -> str:
    plain = not style or not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{style}m{text}\x1b[0m"
