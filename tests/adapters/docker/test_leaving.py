"""The keys that let go of a joined terminal, in every encoding."""

import pytest

from bottle_tui.adapters.docker.leaving import Keys

P, Q, BRACKET = b"\x10", b"\x11", b"\x1d"
KITTY_P, KITTY_Q = b"\x1b[112;5u", b"\x1b[113;5u"
RELEASED_P, CTRL_PRESSED = b"\x1b[112;5:3u", b"\x1b[57442;5u"


@pytest.mark.parametrize(
    "typed",
    [
        P + Q,
        BRACKET + BRACKET,
        KITTY_P + KITTY_Q,
        b"\x1b[112;5:1u" + RELEASED_P + CTRL_PRESSED + b"\x1b[113;5:1u",
        b"\x1b[112:80;69u" + b"\x1b[113:81;69u",
        b"\x1b[27;5;112~\x1b[27;5;113~",
        b"\x1b[93;5u\x1b[93;5u",
        b"\x1b[93;133u\x1b[93;133u",
    ],
)
def test_the_two_keys_let_go_in_every_encoding_that_an_agent_may_have_asked_the_terminal_for(typed: bytes) -> None:
    keys = Keys()
    passed, leaves = keys.typed(b"words" + typed)
    assert leaves
    assert passed.startswith(b"words")


@pytest.mark.parametrize("typed", [P + Q, BRACKET + BRACKET, KITTY_P + KITTY_Q, b"\x1b[27;5;112~\x1b[27;5;113~"])
def test_they_let_go_however_the_bytes_arrive(typed: bytes) -> None:
    keys = Keys()
    said = [keys.typed(typed[at : at + 1])[1] for at in range(len(typed))]
    assert said == [False] * (len(typed) - 1) + [True]


@pytest.mark.parametrize(("first", "second"), [(P, Q), (BRACKET, BRACKET), (KITTY_P + RELEASED_P, KITTY_Q)])
def test_neither_key_reaches_the_agent_when_they_let_go(first: bytes, second: bytes) -> None:
    keys = Keys()
    assert keys.typed(b"words" + first) == (b"words", False)
    assert keys.holds
    assert keys.typed(second) == (b"", True)


@pytest.mark.parametrize("first", [P, BRACKET, KITTY_P])
def test_the_first_key_alone_is_the_agents_after_a_moment_and_half_of_nothing_then(first: bytes) -> None:
    keys = Keys()
    keys.typed(first)
    assert keys.waited() == first
    assert not keys.holds
    assert keys.typed(Q) == (Q, False)


@pytest.mark.parametrize(
    "typed",
    [P + b"x" + Q, Q + P + b"x", P + P + b"x", BRACKET + b"x" + BRACKET + b"y", b"pq", b"\x1b[112u\x1b[113u",
     b"\x1b[112;7u\x1b[113;7u", b"\x1b[112;5:3u\x1b[113;5:3u", KITTY_P + b"\x1b[113;6u"],
)  # fmt: skip
def test_nothing_else_lets_go_and_all_of_it_is_the_agents_in_its_order(typed: bytes) -> None:
    whole, keys = Keys(), Keys()
    assert whole.typed(typed) == (typed, False)
    passed = [keys.typed(typed[at : at + 1]) for at in range(len(typed))]
    assert b"".join(each for each, _ in passed) == typed
    assert not any(leaves for _, leaves in passed)


def test_ctrl_pressed_and_let_go_again_and_again_is_looked_through_at_once() -> None:
    released_ctrl = b"\x1b[57442;5:3u"
    typed = P + (CTRL_PRESSED + released_ctrl) * 60 + b"x"
    assert Keys().typed(typed) == (typed, False)
    assert Keys().typed(typed[:-1] + Q) == (b"", True)
