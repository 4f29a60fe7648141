"""Notices: rare, never for what was seen, and made of nothing that could draw or lie."""

import itertools
import random

from bottle_tui.core import notices
from bottle_tui.core.notices import EVERY, Asked, Notices

A, B, C = (Asked(id, slug, f"{id}.example.com") for id, slug in (("a", "lab"), ("b", "lab"), ("c", "docs")))


def test_with_the_focus_there_is_no_notice_and_what_was_on_screen_gives_none_later() -> None:
    state, call = Notices().heard([A, B], (), 0.0, focused=True)
    assert call == ()
    assert state.heard([A, B], (), 100.0, focused=False)[1] == ()


def test_without_the_focus_a_new_ask_calls_once() -> None:
    state, call = Notices().heard([A], (), 0.0, focused=False)
    assert call == (A,)
    assert state.heard([A], (), 100.0, focused=False)[1] == ()


def test_a_second_one_waits_half_a_minute_and_then_names_all_that_wait() -> None:
    state, _ = Notices().heard([A], (), 0.0, focused=False)
    state, call = state.heard([A, B], (), EVERY - 0.1, focused=False)
    assert call == ()
    state, call = state.heard([A, B], (), EVERY, focused=False)
    assert call == (A, B)


def test_a_muted_bottle_calls_nobody_until_the_mute_is_over() -> None:
    state, call = Notices().heard([A], {"lab"}, 0.0, focused=False)
    assert call == ()
    state, call = state.heard([A, C], {"lab"}, 1.0, focused=False)
    assert call == (C,)
    assert state.heard([A, C], (), 60.0, focused=False)[1] == (A, C)


def test_an_ask_that_left_and_came_back_is_new() -> None:
    state, _ = Notices().heard([A], (), 0.0, focused=False)
    state, _ = state.heard([], (), 40.0, focused=False)
    assert state.heard([A], (), 80.0, focused=False)[1] == (A,)


def test_whatever_happens_two_notices_are_half_a_minute_apart_and_none_comes_with_the_focus() -> None:
    rng = random.Random(7)
    for _ in range(300):
        state, at, called, waiting = Notices(), 0.0, [], []
        for number in range(60):
            at += rng.choice((0.1, 1.0, 5.0, 29.0))
            focused = rng.random() < 0.3
            if rng.random() < 0.5:
                waiting.append(Asked(f"{number}", rng.choice(("lab", "docs")), "x.example.com"))
            elif waiting:
                waiting.pop(rng.randrange(len(waiting)))
            muted = {"lab"} if rng.random() < 0.3 else set()
            state, call = state.heard(waiting, muted, at, focused=focused)
            if call:
                assert not focused and not {each.slug for each in call} & muted
                called.append(at)
        assert all(later - earlier >= EVERY for earlier, later in itertools.pairwise(called))


def test_the_payload_counts_by_bottle_and_has_no_words_of_an_agent() -> None:
    said = notices.payload([A, B, C, Asked("d", "docs", "", danger=True)], "2026-03-04T12:41:07Z")
    assert said == {
        "version": 1,
        "event": "waiting",
        "time": "2026-03-04T12:41:07Z",
        "waiting": 4,
        "danger": True,
        "bottles": [
            {"slug": "lab", "waiting": 2, "hosts": ["a.example.com", "b.example.com"]},
            {"slug": "docs", "waiting": 2, "hosts": ["c.example.com"]},
        ],
        "text": "4 waiting: lab a.example.com, lab b.example.com, docs c.example.com, …",
    }


def test_a_host_that_would_draw_is_made_harmless_before_it_reaches_the_terminal() -> None:
    bad = Asked("x", "lab", "a\x1b]2;owned\x07;b")
    said = notices.notices(notices.line([bad]), tmux=False)
    assert said.count("\x1b]9;") == 1 and "owned\x07" not in said and "\x1b]2;" not in said
    assert said.count(";") == 1 + 3


def test_in_tmux_the_notice_is_wrapped_and_every_escape_in_it_doubled() -> None:
    assert notices.notices("hi", tmux=True) == (
        "\x1bPtmux;\x1b\x1b]9;hi\x1b\x1b\\\x1b\\\x1bPtmux;\x1b\x1b]777;notify;bottle-tui;hi\x1b\x1b\\\x1b\\"
    )


def test_the_badge_is_the_count_and_none_without_one() -> None:
    assert notices.title(3) == "\x1b]2;(3) bottle-tui\x1b\\"
    assert notices.title(0) == "\x1b]2;bottle-tui\x1b\\"
    assert notices.keep_title() == "\x1b[22;2t" and notices.restore_title().endswith("\x1b[23;2t")
    assert notices.bell() == "\x07"
