"""What an agent has made of its terminal: given to who joins later, taken back when it is left."""

import pytest

from bottle_tui.adapters.docker.modes import Modes

RESET = b"\x1b(B\x0f\x1b[4l\x1b[0m"
PLAIN = RESET + b"\r\n"
CASES = [
    (b"plain words", b"", PLAIN),
    (b"\x1b[?1049h\x1b[?25l", b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l" + RESET),
    (b"\x1b[?1000;1006h", b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1000l\x1b[?1006l" + PLAIN),
    (b"\x1b[?2004h\x1b[?2004l", b"", PLAIN),
    (b"\x1b[>1u\x1b[>7u", b"\x1b[>1u\x1b[>7u", b"\x1b[<2u" + PLAIN),
    (b"\x1b[>1u\x1b[<u", b"", PLAIN),
    (b"\x1b[>1u\x1b[=2;2u", b"\x1b[>3u", b"\x1b[<1u" + PLAIN),
    (b"\x1b[=5u\x1b[=4;3u", b"\x1b[=1u", b"\x1b[=0u" + PLAIN),
    (b"\x1b[>4;2m", b"\x1b[>4;2m", b"\x1b[>4m" + PLAIN),
    (b"\x1b[>4;2m\x1b[>4m", b"", PLAIN),
    (b"\x1b=", b"\x1b=", b"\x1b>" + PLAIN),
    (b"\x1b[?5;6;69h", b"\x1b[?5h\x1b[?6h\x1b[?69h", b"\x1b[?5l\x1b[?6l\x1b[?69l" + PLAIN),
    (b"\x1b(0\x0e\x1b[4h", b"", PLAIN),
    (b"\x1b[2;9r\x1b[r", b"", PLAIN),
    (b"\x1b[?2026h", b"", PLAIN),
    (b"\x1b]52;c;aGk=\x07\x1b]0;title\x07\x1b[3J", b"", PLAIN),
]


@pytest.mark.parametrize(("written", "redone", "undone"), CASES)
def test_only_what_the_agent_has_changed_is_given_and_taken_back(written: bytes, redone: bytes, undone: bytes) -> None:
    whole, parts = Modes(), Modes()
    whole.wrote(written)
    for at in range(len(written)):
        parts.wrote(written[at : at + 1])
    for modes in (whole, parts):
        assert (modes.redone(), modes.undone()) == (redone, undone)


@pytest.mark.parametrize(("written", "redone", "undone"), CASES)
def test_what_is_given_to_who_joins_is_taken_back_from_him_as_well(
    written: bytes, redone: bytes, undone: bytes
) -> None:
    joined = Modes()
    joined.wrote(redone)
    assert (joined.redone(), joined.undone()) == (redone, undone)


def test_who_leaves_gets_the_whole_screen_back_to_scroll_and_to_draw_on() -> None:
    modes = Modes()
    modes.wrote(b"\x1b[?1049h\x1b[5;9r")
    assert modes.redone() == b"\x1b[?1049h"
    assert modes.undone() == b"\x1b7\x1b[r\x1b8\x1b[?1049l" + RESET


@pytest.mark.parametrize("sent", [b"\x1b[>%su", b"\x1b[<%su", b"\x1b[=%su", b"\x1b[>4;%sm"])
def test_a_number_without_end_is_no_mode_and_harms_nobody(sent: bytes) -> None:
    modes = Modes()
    modes.wrote(sent % (b"9" * 5_000))
    assert modes.redone() == b""


def test_modes_that_nobody_knows_are_not_kept() -> None:
    modes = Modes()
    modes.wrote(b"".join(b"\x1b[?%dh" % number for number in range(100_000, 101_000)))
    assert modes._on == {}


def test_an_agent_that_pushes_without_end_costs_little() -> None:
    modes = Modes()
    modes.wrote(b"\x1b[>1u" * 10_000)
    assert len(modes.redone()) < 1_000
