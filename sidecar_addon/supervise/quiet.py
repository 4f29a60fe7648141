"""What libraries say, on stderr: one line each, visible characters only, and not more than a little a minute.

An agent can make the server warn as often as it likes; it must not push event lines out of the container's log.
"""

import logging
import sys
import time

LINES_A_MINUTE = 10


class OneLine(logging.Formatter):
    """Escapes whatever could start a new line or draw on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as visible ASCII, cut."""
        return super().format(record).encode("unicode_escape").decode("ascii")[:1000]


class Sparing(logging.Filter):
    """Lets a number of records through a minute; the rest is dropped."""

    def __init__(self, most: int = LINES_A_MINUTE) -> None:
        super().__init__()
        self._most = most
        self._minute = 0.0
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one is written."""
        now = time.monotonic()
        if now - self._minute >= 60:
            self._minute, self._count = now, 0
        self._count += 1
        return self._count <= self._most


def set_up() -> None:
    """For a process of its own; a process that holds more decides about its logging itself."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(name)s: %(message)s"))
    handler.addFilter(Sparing())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
