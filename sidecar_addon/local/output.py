"""What one sidecar says: kept in a file of bounded size, and handed to whoever follows it."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

FILE_BYTES = 5 * 1024 * 1024
"""A file that grows past this becomes `<name>.1`, replacing the one before."""
MEMORY_BYTES = 4 * 1024 * 1024
LINE_BYTES = 64 * 1024

type Follower = Callable[[str], None]


class Output:
    """One log. `line` may be called from any thread; it never raises for a full disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._followers: list[Follower] = []
        self._kept: deque[tuple[float, str]] = deque()
        self._kept_bytes = 0
        for text in _last_lines(path):
            self._remember(0.0, text)
        self._file = self._open()

    def line(self, text: str) -> None:
        """Write one line; what is longer than it may be is cut, line ends inside are shown as spaces."""
        text = " ".join(text.splitlines())[:LINE_BYTES]
        with self._lock:
            self._remember(time.time(), text)
            with suppress(OSError):
                self._append(text.encode("utf-8", "replace") + b"\n")
            for follower in self._followers:
                follower(text)

    def follow(self, follower: Follower, since: float | None, tail: int | None) -> list[str]:
        """What was said before (since a moment, or the last lines); from then on `follower` gets each new line."""
        with self._lock:
            self._followers.append(follower)
            return self._before(since, tail)

    def said(self, since: float | None, tail: int | None) -> list[str]:
        """What was said before (since a moment, or the last lines)."""
        with self._lock:
            return self._before(since, tail)

    def leave(self, follower: Follower) -> None:
        """Undo `follow`."""
        with self._lock, suppress(ValueError):
            self._followers.remove(follower)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def _before(self, since: float | None, tail: int | None) -> list[str]:
        found = [text for moment, text in self._kept if since is None or moment >= since]
        return found if tail is None else found[max(len(found) - tail, 0) :]

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def _append(self, data: bytes) -> None:
        if os.fstat(self._file).st_size + len(data) > FILE_BYTES:
            with suppress(FileNotFoundError):  # it was turned over already, and no new one could be opened
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            full, self._file = self._file, self._open()
            os.close(full)
        os.write(self._file, data)

    def _remember(self, moment: float, text: str) -> None:
        self._kept.append((moment, text))
        self._kept_bytes += len(text)
        while self._kept_bytes > MEMORY_BYTES:
            self._kept_bytes -= len(self._kept.popleft()[1])


def lines_on_disk(path: Path) -> Iterator[str]:
    """Every line that is still in the files, oldest first."""
    for part in (path.with_name(path.name + ".1"), path):
        try:
            text = part.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        yield from text.splitlines()


def _last_lines(path: Path) -> list[str]:
    return list(deque(lines_on_disk(path), maxlen=2000))
