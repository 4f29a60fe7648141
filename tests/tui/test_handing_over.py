"""The real process on a pseudo terminal that it has handed to somebody: the agent, a shell, an editor."""

import os
import select
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.test_a_closed_terminal import ended_with, started
from tests.tui.test_on_a_terminal import LEFT, read_until

ATTACHING = """
import os, sys
from dataclasses import replace
from pathlib import Path
from bottle_tui.adapters.local import agent
from bottle_tui.tui.app import BottleApp
from tests.tui.samples import Desk

home = Path({home!r})
(home / "local").mkdir()
agent.keep(home, {command!r}, {{}}, str(home))
services = replace(Desk().services(), attach=lambda slug, argv: agent.attach(home, None, os.environ))
sys.exit(BottleApp(services).run() or 0)
"""
AGENT = ("sh", "-c", "stty raw -echo; printf '\\033[?1049h\\033[?1000h%s' 'agent is here'; exec sleep 600")


@contextmanager
def attached(home: Path, command: tuple[str, ...] = AGENT, sees: bytes = b"agent is here") -> Iterator[tuple[int, int]]:
    with started(ATTACHING.format(home=str(home), command=command)) as (process, fd):
        os.write(fd, b"2")
        read_until(fd, b"attach", seconds=60)
        os.write(fd, b"\r")
        read_until(fd, sees, seconds=60)
        yield process, fd


def rest(fd: int) -> bytes:
    """What is still to be read."""
    got = b""
    while select.select([fd], [], [], 0)[0]:
        try:
            got += os.read(fd, 65536)
        except OSError:
            break
    return got


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGHUP], ids=str)
def test_told_to_end_while_the_agent_has_the_terminal_it_ends_and_leaves_the_terminal_clean(
    name: signal.Signals, tmp_path: Path
) -> None:
    with attached(tmp_path) as (process, fd):
        assert not termios.tcgetattr(fd)[3] & termios.ECHO
        signal.pidfd_send_signal(process, name)
        assert ended_with(process) == 0
        assert termios.tcgetattr(fd)[3] & termios.ECHO
        got = rest(fd)
        assert b"\x1b[?1000l" in got
        assert got.rindex(b"\x1b[?1049h") < got.rindex(LEFT)


def test_it_ends_when_the_terminal_that_the_agent_has_is_closed(tmp_path: Path) -> None:
    with attached(tmp_path) as (process, fd):
        os.close(fd)
        assert ended_with(process) == 0


def test_an_agent_that_does_not_start_is_said_and_the_screen_is_there_again(tmp_path: Path) -> None:
    with attached(tmp_path, ("no-such-agent",), sees=b"cannot be run") as (process, fd):
        os.write(fd, b"q")
        assert ended_with(process) == 0


def test_told_to_end_while_the_editor_has_the_terminal_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nprintf %s 'editor has it'\nexec sleep 600\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    with started(ATTACHING.format(home=str(tmp_path), command=AGENT)) as (process, fd):
        os.write(fd, b"3")
        read_until(fd, b"/repos/acme/", seconds=60)
        os.write(fd, b"e")
        read_until(fd, b"editor has it", seconds=60)
        signal.pidfd_send_signal(process, signal.SIGTERM)
        assert ended_with(process) == 0
        assert LEFT in rest(fd)
