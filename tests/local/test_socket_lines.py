"""A sidecar's live output over a socket: whole lines, and one that never ends does not grow the reader."""

import socket
import threading

import pytest

from bottle_tui.adapters.local.lines import LINE_LIMIT, SocketLines
from bottle_tui.errors import OutputEnded, SidecarUnreachable


def test_a_line_without_an_end_is_cut_and_what_follows_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    lines = SocketLines(ours, "egress of box")
    writer = threading.Thread(target=lambda: theirs.sendall(b"first\n" + b"x" * 3_000_000 + b"\nnext\n"))
    writer.start()
    try:
        assert lines.next(30) == "first"
        long = lines.next(30)
        assert long is not None and len(long) == LINE_LIMIT and set(long) == {"x"}
        assert lines.next(30) == "next"
        assert len(lines._rest) == 0
    finally:
        theirs.close()
        writer.join(30)
    with pytest.raises(OutputEnded):
        lines.next(30)
    lines.close()


def test_pieces_of_lines_are_put_together() -> None:
    ours, theirs = socket.socketpair()
    lines = SocketLines(ours, "egress of box")
    theirs.sendall(b'{"event": "al')
    assert lines.next(0) is None
    theirs.sendall(b'lowed"}\n\xc3')
    assert lines.next(30) == '{"event": "allowed"}'
    theirs.sendall(b"\xa9\n")
    assert lines.next(30) == "é"
    theirs.close()
    lines.close()


@pytest.mark.parametrize(
    ("said", "to_come"), [(b"one\n", 2), (b"one\ntw", None)], ids=["fewer lines than announced", "half a line"]
)
def test_an_output_that_breaks_off_has_not_ended(said: bytes, to_come: int | None) -> None:
    ours, theirs = socket.socketpair()
    lines = SocketLines(ours, "egress of box")
    lines.to_come = to_come
    theirs.sendall(said)
    theirs.close()
    assert lines.next(30) == "one"
    with pytest.raises(SidecarUnreachable, match="broke off") as caught:
        lines.next(30)
    assert not isinstance(caught.value, OutputEnded)
    lines.close()


def test_all_that_was_announced_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    lines = SocketLines(ours, "egress of box")
    lines.to_come = 1
    theirs.sendall(b"one\n")
    theirs.close()
    assert lines.next(30) == "one"
    with pytest.raises(OutputEnded):
        lines.next(30)
    lines.close()
