"""A container's output comes in pieces of any size; lines come out."""

import io
import struct
from typing import Any, cast

import pytest

from bottle_tui.adapters.docker import following
from bottle_tui.adapters.docker.engine import Engine
from bottle_tui.adapters.docker.following import ContainerLines, lines_of
from bottle_tui.errors import OutputEnded, SidecarUnreachable


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


class Answer(io.BytesIO):
    """What the engine sends of a log; it may be reset instead of ending."""

    reset = False

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data and self.reset:
            raise ConnectionResetError("reset by peer")
        return data


class Api:
    """An engine with one log."""

    def __init__(self, answer: Answer) -> None:
        self._stream = type("Stream", (), {"_response": type("Response", (), {"raw": answer, "close": answer.close})()})

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"Config": {"Tty": False}}

    def logs(self, container: str, **options: Any) -> Any:
        return self._stream

    def _get_raw_response_socket(self, response: Any) -> None:
        return None

    def _disable_socket_timeout(self, sock: None) -> None:
        return None


def read_to_its_end(data: bytes, *, reset: bool = False) -> tuple[list[str], SidecarUnreachable]:
    answer = Answer(data)
    answer.reset = reset
    engine = cast(Engine, type("Stand", (), {"api": Api(answer)})())
    lines = ContainerLines(engine, "c1", None, None, live=False)
    found: list[str] = []
    with pytest.raises(SidecarUnreachable) as caught:
        while True:
            line = lines.next(5)
            assert line is not None
            found.append(line)
    return found, caught.value


FRAME = struct.pack(">BxxxL", 1, 4) + b"one\n"


def test_a_log_that_was_read_to_its_end_has_ended() -> None:
    found, why = read_to_its_end(FRAME * 2)
    assert (found, type(why)) == (["one", "one"], OutputEnded)


@pytest.mark.parametrize(
    ("data", "reset"),
    [(FRAME + FRAME[:3], False), (FRAME + FRAME[:-2], False), (FRAME, True)],
    ids=["within a head", "within a line", "reset"],
)
def test_a_log_that_breaks_off_has_not_ended(data: bytes, reset: bool) -> None:
    found, why = read_to_its_end(data, reset=reset)
    assert found == ["one"]
    assert type(why) is SidecarUnreachable
    assert "broke off" in why.message
