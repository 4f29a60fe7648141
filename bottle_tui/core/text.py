"""The one sanitiser for foreign text: what an agent, a server or a log wrote is made visible before it is shown.

Nothing that went through here can move the cursor, ring, link, hide, or reorder what stands beside it.
"""

import re
import unicodedata
from collections.abc import Iterator

MOST_MARKS = 4
"""Marks on one character that are drawn: no script needs more, and a tower of them covers the lines beside it."""

_NAMED_RANGES: tuple[tuple[int, int], ...] = (
    (0x80, 0x9F),  # C1: CSI, OSC and friends in one byte
    (0xAD, 0xAD),  # soft hyphen
    (0x34F, 0x34F),  # combining grapheme joiner
    (0x61C, 0x61C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers: wide and blank
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),  # zero width, left-to-right and right-to-left marks
    (0x2028, 0x202E),  # line and paragraph separators, bidi embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, bidi isolates
    (0x2800, 0x2800),  # braille blank
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),  # lone surrogates: would break the encoder
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),  # tags and further selectors
)


def _glyphs() -> Iterator[tuple[int, str]]:
    for code in range(0x20):
        yield code, chr(0x2400 + code)
    yield 0x7F, "␡"
    for first, last in _NAMED_RANGES:
        for code in range(first, last + 1):
            yield code, f"⟨U+{code:04X}⟩"


_TABLE: dict[int, str] = dict(_glyphs())
_BLOCK: dict[int, str] = {code: glyph for code, glyph in _TABLE.items() if code != 0x0A} | {0x09: "    "}


_MAY_STACK = re.compile(rf"(?:^|(?<=\n))[\u0300-\U0010ffff]|[\u0300-\U0010ffff]{{{MOST_MARKS + 1}}}")
"""Where marks could stand without a character, or too many on one; most text has no such place."""


def visible(text: str) -> str:
    """One line: every control, bidi and zero-width character becomes a visible glyph, line ends too."""
    if text.isascii() and text.isprintable():
        return text
    return _few_marks(text.translate(_TABLE))


def visible_block(text: str) -> str:
    """Several lines: as `visible`, but line feeds stay and a tab is four spaces. CR LF counts as one line end."""
    return _few_marks(text.replace("\r\n", "\n").translate(_BLOCK))


def _few_marks(text: str) -> str:
    """Marks past the bound, and those without a character of their own to stand on, become visible."""
    if text.isascii() or not _MAY_STACK.search(text):
        return text
    shown, left = [], 0
    for char in text:
        if not _stacks(char):
            left = 0 if char == "\n" else MOST_MARKS
        elif left == 0:
            char = f"⟨U+{ord(char):04X}⟩"
        else:
            left -= 1
        shown.append(char)
    return "".join(shown)


def _stacks(char: str) -> bool:
    """Whether a character is drawn on the one before it: marks, and the vowels and finals of decomposed Hangul."""
    if char < "\u0300":
        return False
    return unicodedata.category(char) in ("Mn", "Me") or "\u1161" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"


def visible_lines(text: str, limit: int | None = None) -> list[str]:
    """The block's lines; past `limit` lines, one last line says how many more there are."""
    lines = visible_block(text).split("\n")
    if limit is not None and len(lines) > limit:
        return [*lines[:limit], f"… {len(lines) - limit} more lines"]
    return lines


def is_visible(text: str, *, block: bool = False) -> bool:
    """Whether `text` is free of everything the sanitiser replaces: what a widget may assert."""
    return (visible_block(text) if block else visible(text)) == text


def cut(text: str, width: int) -> str:
    """At most `width` characters, the last of them an ellipsis when something was left out."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
