"""Bytes both ways between a terminal and an agent's, whatever the agent does."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bottle_tui.adapters.docker import attaching
from bottle_tui.adapters.docker.leaving import Keys

MUCH = b"x" * 3_000_000
LEAVES = b"\x10\x11"


@contextmanager
def joined(monkeypatch: pytest.MonkeyPatch, agent: Callable[[socket.socket], object], typed: bytes) -> Iterator[None]:
    """A terminal on which that is typed, joined with that agent; its connection breaks after five seconds."""
    here, there = socket.socketpair()
    ends = [os.pipe(), os.pipe()]
    (keyboard, types), (shown, screen) = ends
    threads = [
        threading.Thread(target=_types, args=(types, typed), daemon=True),
        threading.Thread(target=_read_all, args=(shown,), daemon=True),
        threading.Thread(target=agent, args=(there,), daemon=True),
    ]
    late = threading.Timer(5.0, there.shutdown, [socket.SHUT_RDWR])
    with os.fdopen(keyboard) as stdin, os.fdopen(screen, "w") as stdout, here, there:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr("sys.stdout", stdout)
        late.start()
        for thread in threads:
            thread.start()
        attaching._copy(here, lambda rows, columns: None, Keys())
        late.cancel()
        yield
    for thread in threads:
        thread.join(5.0)


def _types(keyboard: int, typed: bytes) -> None:
    with os.fdopen(keyboard, "wb") as file:
        file.write(typed)


def _read_all(end: int) -> None:
    with os.fdopen(end, "rb") as file:
        file.read()


def test_an_agent_that_reads_nothing_can_be_left_however_much_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    left = threading.Event()
    with joined(monkeypatch, lambda agent: left.wait(5.0), MUCH + LEAVES):
        left.set()


def test_an_agent_that_reads_only_when_it_has_written_gets_all_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    got = bytearray()

    def agent(there: socket.socket) -> None:
        there.sendall(MUCH)
        while len(got) < len(MUCH) and (data := there.recv(65536)):
            got.extend(data)
        there.shutdown(socket.SHUT_RDWR)

    with joined(monkeypatch, agent, MUCH):
        assert bytes(got) == MUCH
