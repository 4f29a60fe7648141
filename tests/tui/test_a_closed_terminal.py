"""The real process when its terminal goes away, or takes no output any more: it ends, by itself or when it is told."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.tui.test_on_a_terminal import ENTERED, PROGRAM, read_until

FLOWING = """
import sys
from bottle_tui.tui.app import BottleApp
from tests.tui.samples import Desk

app = BottleApp(Desk().services())
app.call_later(lambda: app.set_interval(0.005, lambda: app._driver.write("." * 9000)))
sys.exit(app.run() or 0)
"""


ENVIRONMENT = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "TEXTUAL_ANIMATIONS": "none"}


@contextmanager
def started(program: str) -> Iterator[tuple[int, int]]:
    """The process and the other end of its terminal, once it draws. Ended afterwards, if it has not yet."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(ENVIRONMENT)
        os.execv(sys.executable, [sys.executable, "-c", program])
    process = os.pidfd_open(pid)
    try:
        read_until(fd, b"PAY_KEY", read_until(fd, ENTERED))
        yield process, fd
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
        os.close(process)
        with suppress(OSError):
            os.close(fd)


def ended_with(process: int) -> int:
    """Its exit code, as soon as it has ended."""
    assert select.select([process], [], [], 20)[0], "it is still there"
    status = os.waitid(os.P_PIDFD, process, os.WEXITED)
    assert status is not None
    return status.si_status if status.si_code == os.CLD_EXITED else -status.si_status


@pytest.mark.parametrize("program", [PROGRAM, FLOWING], ids=["at rest", "while it draws"])
def test_it_ends_when_its_terminal_is_closed(program: str) -> None:
    with started(program) as (process, fd):
        os.close(fd)
        assert ended_with(process) == 0


def test_it_ends_when_its_terminal_is_closed_and_nobody_tells_it() -> None:
    """The kernel sends a signal only to those whose session it is."""
    fd, other = os.openpty()
    termios.tcsetwinsize(other, (24, 80))
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
        env={**os.environ, **ENVIRONMENT},
    )
    try:
        os.close(other)
        read_until(fd, b"PAY_KEY", read_until(fd, ENTERED))
        os.close(fd)
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()


def test_it_ends_when_told_while_its_terminal_takes_no_output() -> None:
    with started(FLOWING) as (process, fd):
        assert not termios.tcgetattr(fd)[3] & termios.ECHO
        signal.pidfd_send_signal(process, signal.SIGTERM)
        ended_with(process)
        assert termios.tcgetattr(fd)[3] & termios.ECHO
