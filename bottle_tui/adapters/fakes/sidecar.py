"""One sidecar in memory: files, a log, and what can go wrong with it."""

import json
import posixpath
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from bottle_tui.adapters.fakes.clock import FakeClock
from bottle_tui.adapters.fakes.tripwire import Tripwire
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import OutputEnded, SidecarUnreachable
from bottle_tui.ports import Ran, Role

QUEUE = "/var/lib/supervise"
_ROOTS: dict[Role, tuple[str, ...]] = {
    "egress": ("/etc/egress/",),
    "pipelock": ("/etc/pipelock/",),
    "supervise": (QUEUE + "/",),
    "agent": ("/",),
}


class Surroundings(Protocol):
    """What a sidecar needs of its runtime."""

    clock: FakeClock
    wire: Tripwire
    patience: float

    def waited(self, seconds: float) -> None:
        """Somebody waited in vain."""


class FakeLines:
    """`ports.EventLines` out of memory."""

    def __init__(self, sidecar: "FakeSidecar", backlog: list[str]) -> None:
        self._sidecar = sidecar
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._ended = False
        self.breaks = False
        """Whether it ends by breaking off."""
        for line in backlog:
            self._lines.put(line)

    def next(self, timeout: float) -> str | None:
        """The next line; without one the fake clock moves on by `timeout`."""
        if self._ended:
            raise self._end()
        try:
            line = self._lines.get(timeout=timeout * self._sidecar.runtime.patience or 0.0001)
        except queue.Empty:
            self._sidecar.runtime.waited(timeout)
            return None
        if line is None:
            self._ended = True
            raise self._end()
        return line

    def _end(self) -> SidecarUnreachable:
        if self.breaks:
            return SidecarUnreachable(f"the output of {self._sidecar.role} broke off")
        return OutputEnded(f"the output of {self._sidecar.role} has ended")

    def feed(self, line: str | None) -> None:
        """One more line; None is the end."""
        self._lines.put(line)

    def close(self) -> None:
        """Ends the stream."""
        self._sidecar.listeners.discard(self)
        self._lines.put(None)


class FakeSidecar:
    """`ports.Sidecar` in memory. Subclasses say what a signal and a restart do."""

    role: Role

    def __init__(self, runtime: Surroundings, role: Role) -> None:
        self.runtime = runtime
        self.role = role
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[datetime, str]] = []
        self.listeners: set[FakeLines] = set()
        self.running = True
        self.silent = False
        """Signals are taken, nothing is done and nothing said."""
        self.mute = False
        """Signals are obeyed, nothing is said."""
        self.rejects: str | None = None
        """Refuse whatever comes next, with these words."""
        self.unreachable = False
        self.removed = False
        self.stuck: threading.Event | None = None
        """No call returns until it is set, as of a process that is stopped."""
        self.breaks_after: int | None = None
        """After so many lines what it has said breaks off while it is read."""
        self.hung = False
        """Its process is there, and answers no command in time."""

    def put(self, path: str, data: bytes, mode: int = 0o444) -> None:
        """Keep a file."""
        with self._call("put " + path):
            if not posixpath.normpath(path).startswith(_ROOTS[self.role]):
                raise SidecarUnreachable(f"{path} is not on a volume of {self.role}")
            self.files[path] = data

    def read(self, path: str) -> bytes | None:
        """A file kept before."""
        with self._call("read " + path):
            return self.files.get(path)

    def read_folder(self, path: str) -> dict[str, bytes]:
        """Files directly in a folder."""
        prefix = path.rstrip("/") + "/"
        with self._call("read_folder " + path):
            names = {name.removeprefix(prefix): data for name, data in self.files.items() if name.startswith(prefix)}
            return {name: data for name, data in names.items() if "/" not in name}

    def signal(self) -> None:
        """SIGHUP."""
        with self._call("signal"):
            if not self.running:
                raise SidecarUnreachable(f"{self.role} is not running")
            if not self.silent:
                self.reload()

    def follow(self, since: datetime | None = None, tail: int | None = None) -> FakeLines:
        """Its output so far, cut as asked, and what comes."""
        with self._call("follow"):
            lines = FakeLines(self, self._before(since, tail))
            self.listeners.add(lines)
            return lines

    def said(self, since: datetime | None = None, tail: int | None = None) -> FakeLines:
        """Its output so far, and the end."""
        with self._call("said"):
            known = self._before(since, tail)
            lines = FakeLines(self, known[: self.breaks_after])
            lines.breaks = self.breaks_after is not None
            lines.feed(None)
            return lines

    def run(self, argv: list[str], stdin: bytes = b"", timeout: float = 15.0) -> Ran:
        """A command of `python -m sidecar_addon`; others are not found."""
        with self._call("run " + " ".join(argv[:4])):
            if not self.running:
                raise SidecarUnreachable(f"{self.role} is not running")
            if self.hung:
                raise SidecarUnreachable(f"{self.role} does not answer in time")
            if argv[1:3] == ["-m", "sidecar_addon"] and argv[0].rpartition("/")[2].startswith("python"):
                return self.command(argv[3:], stdin)
            return Ran(127, b"", b"not found")

    def restart(self) -> None:
        """Stop and start."""
        with self._call("restart"):
            self.stop()
            self.running = True
            if not self.silent:
                self.started()

    def state(self) -> SidecarState:
        """up, down or unknown."""
        if self.unreachable and not self.removed:
            return "unknown"
        return "up" if self.running else "down"

    def stop(self) -> None:
        """The process ends, and so does every stream of its output."""
        self.running = False
        for lines in list(self.listeners):
            lines.feed(None)
        self.listeners.clear()

    def say(self, event: Mapping[str, Any] | str) -> None:
        """One line on its output."""
        if self.mute:
            return
        line = event if isinstance(event, str) else json.dumps(event)
        self.log.append((self.runtime.clock.now(), line))
        for lines in list(self.listeners):
            lines.feed(line)

    def reload(self) -> None:
        """What a signal does."""

    def started(self) -> None:
        """What a start does."""

    def command(self, words: list[str], stdin: bytes) -> Ran:
        """What `python -m sidecar_addon …` does inside."""
        return Ran(2, b"", b"no such command here")

    def _before(self, since: datetime | None, tail: int | None) -> list[str]:
        known = [line for moment, line in self.log if since is None or moment >= since]
        return known if tail is None else known[len(known) - min(tail, len(known)) :]

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        with self.runtime.wire.step(f"{self.role}: {name}"):
            if self.stuck is not None and not self.stuck.wait(5):
                raise SidecarUnreachable(f"{self.role} does not answer in time")
            if self.unreachable or self.removed:
                raise SidecarUnreachable(f"{self.role} does not answer; is its container running?")
            yield
