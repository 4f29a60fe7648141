"""A container's output comes in pieces of any size; lines come out."""

import pytest

from bottle_tui.adapters.docker import following
from bottle_tui.adapters.docker.following import lines_of
from bottle_tui.adapters.docker.waiting import event_of


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_whole_however_they_arrive(size: int) -> None:
    data = 'first\r\n{"event":"x"}\n\nülast'.encode()
    pieces = [(1, data[start : start + size]) for start in range(0, len(data), size)]
    assert list(lines_of(iter(pieces))) == ["first", '{"event":"x"}', "", "ülast"]


def test_a_line_without_end_is_cut_and_what_follows_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LINE_LIMIT", 10)
    pieces = [(1, b"x" * 8), (1, b"x" * 8), (1, b"x" * 8), (1, b"\nnext\n")]
    assert list(lines_of(iter(pieces))) == ["x" * 10, "next"]


def test_bytes_that_are_no_text_do_not_end_the_stream() -> None:
    assert list(lines_of(iter([(1, b"\xff\xfe\nok\n")]))) == ["��", "ok"]


def test_a_line_that_the_engine_parted_is_not_ended_by_what_another_stream_says_meanwhile() -> None:
    event = b'{"event":"routes_loaded"}'
    pieces = [
        (2, b"a warning that quotes "),
        (1, event + b"\n"),
        (2, event + b"\n"),
        (1, b"first "),
        (2, b"x\n"),
        (1, b"end"),
    ]
    found = list(lines_of(iter(pieces)))
    assert found == [event.decode(), "a warning that quotes " + event.decode(), "x", "first end"]


@pytest.mark.parametrize(
    ("line", "event"),
    [('{"event":"startup"}', "startup"), ("plain", ""), ("[1]", ""), ('{"event":5}', ""), ("null", ""), ("", "")],
)
def test_only_an_object_with_an_event_is_one(line: str, event: str) -> None:
    assert event_of(line) == event
