"""Somebody watches, or not; and the key that ends an absence is only a sign of life."""

from datetime import UTC, datetime, timedelta

from bottle_tui.core.presence import Presence
from sidecar_addon.proposals import WATCHED

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_watching_is_a_key_or_the_focus_within_five_minutes() -> None:
    here = Presence(START)
    assert here.watching(at(4.9)) and not here.watching(at(5))
    assert here.noticed(at(6), key=False)[0].watching(at(10.9))


def test_the_agents_are_told_at_once_and_then_once_a_minute_while_there_are_signs() -> None:
    here, tell = Presence(START).tells(at(0))
    assert tell == at(0)
    here = here.noticed(at(0.5), key=True)[0]
    assert here.tells(at(0.9))[1] is None
    here, tell = here.tells(at(1))
    assert tell == at(1) and here.tells(at(1.9))[1] is None


def test_the_last_word_is_of_a_moment_from_which_it_ends_with_the_watching() -> None:
    here, _ = Presence(START).tells(at(2.9))
    here, tell = here.tells(at(4.1))
    assert tell == at(5) - WATCHED
    assert here.noticed(at(4.5), key=True)[0].tells(at(5.1))[1] == at(5.1)


def test_nobody_is_told_of_a_watcher_who_left() -> None:
    here, _ = Presence(START).noticed(at(0.1), key=True)
    assert here.tells(at(6))[1] is None


def test_holding_the_focus_for_hours_is_nobody_who_watches() -> None:
    here = Presence(START).focus(True)
    assert here.tells(at(4.9))[1] is not None and here.tells(at(5))[1] is None


def test_the_first_key_after_ten_minutes_says_since_when_and_only_the_first() -> None:
    here, left = Presence(START).noticed(at(10), key=True)
    assert left == START
    assert here.noticed(at(10.1), key=True)[1] is None
    assert Presence(START).noticed(at(9.9), key=True)[1] is None


def test_the_focus_alone_does_not_use_up_the_first_key() -> None:
    here, left = Presence(START).noticed(at(30), key=False)
    assert left is None
    here, left = here.noticed(at(31), key=False)
    assert here.noticed(at(32), key=True)[1] == START


def test_a_terminal_that_says_nothing_of_its_focus_counts_as_focused_while_there_are_keys() -> None:
    assert Presence(START).focused(at(1)) and not Presence(START).focused(at(5))
    blurred = Presence(START).focus(False)
    assert not blurred.focused(at(0)) and blurred.focus(True).focused(at(60))


def test_a_clock_set_back_neither_keeps_a_watcher_for_hours_nor_hides_the_next_sign() -> None:
    here, _ = Presence(at(120)).tells(at(120))
    here, _ = here.tells(at(0))
    assert not here.watching(at(5.1))
    here, left = here.noticed(at(1), key=True)
    assert left is None and here.tells(at(1))[1]
