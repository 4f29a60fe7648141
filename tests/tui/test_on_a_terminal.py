"""The real process on a pseudo terminal: signals and quitting leave the terminal as it was found."""

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import sys
from bottle_tui.tui.app import BottleApp
from tests.tui.samples import Desk
sys.exit(BottleApp(Desk().services()).run() or 0)
"""
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_OFF = b"\x1b[?1000l"
TITLE_KEPT, BADGE, TITLE_BACK = b"\x1b[22;2t", b"\x1b]2;(5) bottle-tui\x1b\\", b"\x1b[23;2t"


def read_until(fd: int, wanted: bytes, got: bytes = b"", seconds: float = 20.0) -> bytes:
    end = time.monotonic() + seconds
    while wanted not in got and time.monotonic() < end:
        ready, _, _ = select.select([fd], [], [], 0.2)
        if ready:
            try:
                got += os.read(fd, 65536)
            except OSError:
                break
    assert wanted in got, got[-400:]
    return got


@contextmanager
def dashboard(**env: str) -> Iterator[tuple[int, int]]:
    """The process and its terminal; it has to have ended by itself, with 0."""
    pid, fd = pty.fork()
    if pid == 0:
        for name in (signal.SIGINT, signal.SIGQUIT):  # a shell in the background ignores them for all it starts
            signal.signal(name, signal.SIG_DFL)
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24", TEXTUAL_ANIMATIONS="none", **env)
        os.environ.pop("VISUAL", None)
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM])
    try:
        yield pid, fd
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(fd)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, "q"], ids=str)
def test_leaving_restores_the_terminal(how: signal.Signals | str) -> None:
    with dashboard() as (pid, fd):
        got = read_until(fd, ENTERED)
        got = read_until(fd, b"PAY_KEY", got)
        if isinstance(how, str):
            os.write(fd, how.encode())
        else:
            os.kill(pid, how)
        got = read_until(fd, LEFT, got)
        assert MOUSE_OFF in got
        got = read_until(fd, TITLE_BACK, got)
        assert got.index(TITLE_KEPT) < got.index(BADGE) < got.rindex(TITLE_BACK)
        assert got.rindex(b"\x1b]2;") < got.rindex(TITLE_BACK)


def test_the_editor_gets_the_terminal_and_gives_it_back(tmp_path: Path) -> None:
    script, opened = tmp_path / "editor", tmp_path / "opened"
    script.write_text(
        f"#!/bin/sh\nprintf %s 'editor has it'\ntest -t 1 && cp \"$1\" '{opened}'\necho 'routes: []  # x' > \"$1\"\n"
    )
    script.chmod(0o755)
    with dashboard(EDITOR=str(script)) as (_, fd):
        read_until(fd, b"PAY_KEY", seconds=60)
        os.write(fd, b"3")
        read_until(fd, b"/repos/acme/", seconds=60)
        os.write(fd, b"e")
        got = read_until(fd, b"editor has it", seconds=60)
        assert LEFT in got
        read_until(fd, b"every path of new.example.com", got, seconds=60)
        assert opened.read_text() == "routes: []\n"
        os.write(fd, b"q")
        read_until(fd, LEFT, seconds=60)


def test_ctrl_c_in_an_editor_is_the_editors(tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text(
        "#!/bin/sh\ntrap 'printf %s \"editor goes on\"' INT\nprintf %s 'editor has it'\nread word\nread word\n"
        "echo 'routes: []  # x' > \"$1\"\n"
    )
    script.chmod(0o755)
    with dashboard(EDITOR=str(script)) as (_, fd):
        read_until(fd, b"PAY_KEY", seconds=60)
        os.write(fd, b"3")
        read_until(fd, b"/repos/acme/", seconds=60)
        os.write(fd, b"e")
        read_until(fd, b"editor has it", seconds=60)
        os.write(fd, b"\x03")
        read_until(fd, b"editor goes on", seconds=60)
        os.write(fd, b"\n")
        read_until(fd, b"every path of new.example.com", seconds=60)
        os.write(fd, b"q")
        read_until(fd, LEFT, seconds=60)
