"""Copying on a real terminal, and in a real tmux with its own defaults between it and the dashboard."""

import base64
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import uuid
from pathlib import Path

import pytest

from bottle_tui.tui import messages as m
from bottle_tui.tui.clipboard import into_tmux
from tests.tui.conftest import Sit
from tests.tui.test_a_closed_terminal import started
from tests.tui.test_on_a_terminal import PROGRAM, read_until

ASKED = re.compile(rb"\x1b\]52;c?;([A-Za-z0-9+/=]+)(?:\a|\x1b\\)")


def asked_for(fd: int, got: bytes = b"") -> str:
    """What the terminal is asked to have on its clipboard."""
    while not (found := ASKED.search(got)):
        start = got.rfind(b"\x1b]52;")
        got = read_until(fd, b"\a" if start >= 0 else b"\x1b]52;", got[start:] if start >= 0 else b"", seconds=60)
    return base64.b64decode(found[1]).decode()


def test_what_is_copied_is_asked_of_the_terminal() -> None:
    with started(PROGRAM) as (_, fd):
        os.write(fd, b"c")
        assert "docs asks" in asked_for(fd)


def test_in_tmux_with_its_defaults_it_gets_to_the_terminal_around_it_and_to_the_buffer(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed here")
    script = tmp_path / "dashboard.py"
    script.write_text(PROGRAM)
    tmux = ["tmux", "-L", f"bottle-{uuid.uuid4().hex[:8]}", "-f", "/dev/null"]
    env = {name: value for name, value in os.environ.items() if name != "TMUX"}
    env |= {"TMUX_TMPDIR": str(tmp_path), "TERM": "xterm-256color", "PYTHONPATH": str(Path.cwd())}
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe("tmux", [*tmux, "new-session", f"{sys.executable} {script}"], env)
    try:
        termios.tcsetwinsize(fd, (24, 80))
        read_until(fd, b"PAY_KEY", seconds=60)
        os.write(fd, b"c")
        copied = asked_for(fd)
        assert "docs asks" in copied
        buffer = subprocess.run([*tmux, "show-buffer"], env=env, check=True, capture_output=True, timeout=30)
        assert buffer.stdout.decode() == copied
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, check=False, timeout=30)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


async def test_the_screen_says_that_it_was_sent_and_not_that_it_arrived(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("c")
        assert "the card as plain text: sent to the clipboard of the terminal" in operator.text("#footer")


async def test_a_tmux_that_does_not_take_it_is_said(sit: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed here")
    monkeypatch.setenv("TMUX", f"{tmp_path}/none,1,0")
    async with sit() as operator:
        operator.app.post_message(m.Copied(into_tmux("a card")))
        await operator.until(lambda: "not copied, tmux says: error connecting" in operator.text("#footer"))
