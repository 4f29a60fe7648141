"""What libraries and Python itself say, on stderr: one line each, visible characters only, and not more than a little
a minute. A container's log mixes it with the event lines, and an agent can make a server warn as often as it likes:
none of it may look like an event line, or push those out of the log.
"""

import logging
import sys
import threading
import time
from typing import Any

LINES_A_MINUTE = 10
_LONGEST = 1_000
"""Far below the 16 KiB at which an engine cuts what it reads into pieces, which another stream's lines may part."""


class OneLine(logging.Formatter):
    """Escapes whatever could start a new line or draw on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, its traceback too, as visible ASCII, cut."""
        return super().format(record).encode("unicode_escape").decode("ascii")[:_LONGEST]


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
    # What Python would print by itself, over several lines and with whatever text an exception quotes.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: _say("not handled", error)
    sys.unraisablehook = lambda caught: _say(caught.err_msg or "ignored", caught.exc_value)
    threading.excepthook = lambda caught: _say("a thread ended", caught.exc_value)


def _say(what: str, error: Any) -> None:
    logging.getLogger("python").error(what, exc_info=error)
