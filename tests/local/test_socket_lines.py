"""A sidecar's live output over a socket: whole lines, and one that never ends does not grow the reader."""

import socket
import threading

import pytest

from bottle_tui.adapters.local.lines import LINE_LIMIT, SocketLines
from bottle_tui.errors import SidecarUnreachable


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
    with pytest.raises(SidecarUnreachable):
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
