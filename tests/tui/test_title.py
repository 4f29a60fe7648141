"""The title and the tabs: how old each thing is, whose clock is off, what ends soon, and what makes way for what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.timers import Ending
from bottle_tui.core.views import BottleStatus
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.standing import Standing
from bottle_tui.tui.presentation import chrome, tabs, title_words
from bottle_tui.tui.presentation.rows import Row, Span, width_of
from tests.tui.denials import groups
from tests.tui.samples import NOON, bottles
from tests.tui.test_presentation import board


def text(line: Row) -> str:
    return "".join(span.text for span in line)


def title(shown: Board, width: int = 120) -> str:
    return text(chrome.title_row(shown, "inbox", width))


def both(shown: Board, width: int, view: str = "routes") -> str:
    """The two lines in which what ends soon is said, once at most."""
    lines = chrome.title_row(shown, view, width), tabs.tabs_row(shown, view, width)
    assert {width_of(line) for line in lines} == {width}
    return "\n".join(map(text, lines))


def ending(seconds: float, *, slug: str = "lab", host: str = "api.example.com") -> Ending:
    return Ending(slug, host, "GET", NOON + timedelta(seconds=seconds))


def standing(*endings: Ending, denied: tuple[DeniedGroup, ...] = ()) -> Standing:
    return Standing(groups=denied, endings=endings, at=NOON)


def skewed(**seconds: float) -> tuple[BottleStatus, ...]:
    return tuple(replace(each, skew=seconds.get(each.slug, 0.0)) for each in bottles())


# What waits


def test_a_count_that_nobody_has_confirmed_for_ten_seconds_is_grey_and_has_its_age() -> None:
    assert title_words.waiting(board()) == Span(" 5 waiting", "accent")
    old = board(cards_at=NOON - timedelta(seconds=24))
    assert title_words.waiting(old) == Span(" 5 waiting 24 s ago", "muted")
    assert " 5 waiting 24 s ago · 3 bottles · in force ✓ 2 s ago" in title(old)


# Clocks


def test_the_bottle_whose_clock_is_off_most_is_named_beside_everything_else() -> None:
    assert "in force ✓ 2 s ago · lab's clock -95 s (+1)" in title(board(bottles=skewed(docs=5, lab=-95)))
    docs, lab, research = skewed(docs=5)
    wrong = board(bottles=(docs, replace(lab, state="degraded"), research))
    assert "✗ lab: degraded · docs's clock +5 s" in title(wrong)
    lost = board(bottles=(docs, replace(lab, state="unknown"), research))
    assert "? lab: not known for 2 s · docs's clock +5 s" in title(lost)


@pytest.mark.parametrize("width", [60, 80])
def test_on_a_narrow_screen_a_skew_stays_and_ages_go(width: int) -> None:
    said = title(board(bottles=skewed(lab=95), read_only=width == 80), width)
    assert "lab's clock +95 s" in said and "in force ✓" in said
    assert ("READ-ONLY" in said) == (width == 80)


# What ends soon


@pytest.mark.parametrize("view", ["inbox", "bottles", "routes", "logs", "history"])
@pytest.mark.parametrize("width", [100, 120, 170])
def test_a_grant_that_ends_within_five_minutes_counts_down_in_every_view(view: str, width: int) -> None:
    said = both(board(standing=standing(ending(130), ending(400))), width, view)
    assert said.count("api.example.com ends in 2m10") == 1


def test_what_ends_later_is_left_to_routes_and_what_has_ended_is_gone() -> None:
    assert "end" not in both(board(standing=standing(ending(301), ending(-1))), 120)


def test_two_that_end_soon_are_counted_behind_the_first() -> None:
    shown = board(standing=standing(ending(130), ending(48, host="files.example.net")))
    assert "files.example.net ends in 0m48 (+1)" in both(shown, 120)


def test_beside_what_was_denied_it_takes_the_title_and_below_80_columns_few_words() -> None:
    shown = board(standing=standing(ending(130), denied=tuple(groups())))
    said = both(shown, 80)
    assert "not asked: 12 in 3 ▸" in said and "5 History" in said and "in force ✓ 2 s ago" in said
    assert "mple.com ends in 2m10" in said
    assert "1 ends 2m10" in both(shown, 60) and "5 waiting · in force ✓ 2 s ago" in both(shown, 60)


def test_it_pushes_out_nothing_that_is_more_important() -> None:
    without = board(bottles=skewed(lab=95), read_only=True, only="research", runtime="local: NOT CONTAINED")
    assert "ends" not in both(without, 80)
    assert both(replace(without, standing=standing(ending(130))), 80) == both(without, 80)
    trouble = replace(without, cards_trouble="no engine answers " * 9)
    assert both(replace(trouble, standing=standing(ending(130))), 80) == both(trouble, 80)


def test_it_ends_by_the_clock_of_its_own_gate() -> None:
    shown = board(bottles=skewed(lab=60), standing=standing(ending(130)))
    assert "ends in 1m10" in both(shown, 120)
