"""Textual's driver of a terminal, which here outlives the terminal: what cannot be written any more is dropped.

Textual's own writer ends with the first failure, and whoever writes after that waits for it for ever.
"""

import contextlib
import errno
import os
from collections.abc import Callable
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

from bottle_tui.tui.signals import hang_up

_GONE = (errno.EIO, errno.ENXIO)


class Terminal(LinuxDriver):
    """The terminal of the dashboard."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._file: Any = Lasting(self._file)

    def run_input_thread(self) -> None:
        """Keys, until the end; a terminal that has gone has none."""
        with contextlib.suppress(OSError):
            super().run_input_thread()


class Lasting:
    """A file for Textual's writer. When its terminal has gone it leads nowhere, and the process is told to end."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """As the file's own, but it never fails."""
        self._try(lambda: self._file.write(text))

    def flush(self) -> None:
        """As the file's own, but it never fails."""
        self._try(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except OSError as error:
            if error.errno in _GONE:
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())
                hang_up()
