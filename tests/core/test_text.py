"""Foreign text cannot draw, hide or reorder."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core.text import cut, is_visible, visible, visible_block, visible_lines


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("\x1b]0;owned\x07", "␛]0;owned␇"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("user\u202etxt.exe", "user⟨U+202E⟩txt.exe"),
        ("exa\u200bmple", "exa⟨U+200B⟩mple"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x7f", "␡"),
        ("plain — naïve 日本", "plain — naïve 日本"),
    ],
)
def test_what_could_draw_becomes_a_glyph(foreign: str, shown: str) -> None:
    assert visible(foreign) == shown


def test_no_control_or_format_character_of_unicode_gets_through() -> None:
    let_through = [
        f"U+{code:04X}"
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(chr(code)) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
        if visible(chr(code)) == chr(code)
    ]
    assert let_through == []


@pytest.mark.parametrize(
    "text",
    [
        "tiếng Việt",
        unicodedata.normalize("NFD", "tiếng Việt ế"),
        "שָׁלוֹם",
        "नमस्ते",
        unicodedata.normalize("NFD", "한글"),
        "👍🏽",
    ],
)
def test_what_people_write_keeps_its_marks(text: str) -> None:
    assert visible(text) == text


def test_a_tower_of_marks_is_drawn_up_to_a_few_and_the_rest_is_visible() -> None:
    shown = visible("Z" + "\u0301" * 50 + "x\u0301")
    assert shown == "Z" + "\u0301" * 4 + "⟨U+0301⟩" * 46 + "x\u0301"
    assert visible(shown) == shown


@pytest.mark.parametrize(("text", "shown"), [("\u0301x", "⟨U+0301⟩x"), ("\u11a8", "⟨U+11A8⟩")])
def test_a_mark_with_nothing_to_stand_on_is_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible_block(f"a\n{text}") == f"a\n{shown}"
    assert visible(f"a\n{text}") == f"a␊{text}"


def test_marks_of_different_kinds_count_together() -> None:
    assert visible("a" + "\u0301\u20dd\u0489\u036f\u0334").endswith("\u036f⟨U+0334⟩")


def test_a_block_keeps_its_line_feeds_and_nothing_else() -> None:
    assert visible_block("a\r\nb\n\tc\rd\x1b") == "a\nb\n    c␍d␛"


def test_lines_past_the_limit_are_counted() -> None:
    assert visible_lines("1\n2\n3\n4", limit=2) == ["1", "2", "… 2 more lines"]
    assert visible_lines("1\n2", limit=2) == visible_lines("1\n2") == ["1", "2"]


@given(st.text())
def test_the_sanitiser_is_idempotent_and_encodable(text: str) -> None:
    once = visible(text)
    assert visible(once) == once
    assert is_visible(once)
    once.encode()


def test_a_widget_can_ask_whether_text_is_visible() -> None:
    assert is_visible("a\nb", block=True)
    assert not is_visible("a\nb")
    assert not is_visible("a\x1bb", block=True)


def test_a_cut_says_that_it_is_one() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"
