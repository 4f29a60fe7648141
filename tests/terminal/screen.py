"""A program on a pseudo terminal, its screen read as a person reads it: with a terminal emulator (pyte)."""

import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Self

import pyte

PATIENCE = 60.0


class Terminal:
    """Runs `argv` on a terminal of that size. Use as a context: whatever still runs at its end is killed."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (80, 24)) -> None:
        columns, lines = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._undrawn = b""
        """What has come and nobody has looked at yet: drawing takes longer than much of what tests wait for."""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execve(argv[0], list(argv), {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            self.kill()
        self.close()

    @property
    def text(self) -> str:
        """What stands on the screen."""
        self._draw()
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def cpu_seconds(self) -> float:
        """What the program has used of the processor since it began."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def type(self, text: str) -> None:
        """Keystrokes, or a paste's bytes, as the terminal sends them."""
        os.write(self._fd, text.encode())

    def watch(self, seconds: float) -> None:
        """Take in what is drawn for a while, as somebody who waits before the next key."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def until(self, *wanted: str, press: str = "") -> str:
        """The screen once all of that stands on it; `press` is pressed, alone, again until then."""
        end = time.monotonic() + PATIENCE
        while not all(part in self.text for part in wanted):
            assert time.monotonic() < end, f"never seen: {wanted}\n{self.text}"
            if press:
                self.watch(1.0)
                if not all(part in self.text for part in wanted):
                    self.type(press)
            self._read(1.0)
        return self.text

    def until_lit(self, key: str, like: str) -> None:
        """Till that key of the footer has the colour of another one that is never dim."""
        end = time.monotonic() + PATIENCE
        while self._colour(key) is None or self._colour(key) != self._colour(like):
            assert time.monotonic() < end, f"never lit: {key}\n{self.text}"
            self._read(1.0)

    def _colour(self, words: str) -> str | None:
        """Of their first character, as it stands lowest on the screen."""
        self._draw()
        for number, line in reversed(list(enumerate(self._screen.display))):
            if (column := line.find(words)) >= 0:
                return str(self._screen.buffer[number][column].fg)
        return None

    def drain(self) -> bool:
        """Take in what has come by now; False once the program has closed its terminal."""
        return self._read(0)

    def kill(self) -> None:
        """As `kill -9` does."""
        os.kill(self._pid, signal.SIGKILL)
        self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def close(self) -> None:
        """Let go of the terminal."""
        os.close(self._fd)

    def leave(self, press: str) -> int:
        """Press that and wait for the end; the exit code."""
        self.type(press)
        end = time.monotonic() + PATIENCE
        while self._read(0.5):
            assert time.monotonic() < end, f"does not end\n{self.text}"
        self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self.code

    def _read(self, seconds: float) -> bool:
        """What comes within that time goes to the screen; False once the program has closed its terminal."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self._undrawn += data
        return bool(data)

    def _draw(self) -> None:
        data, self._undrawn = self._undrawn, b""
        self._stream.feed(data)
