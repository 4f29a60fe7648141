"""Joining a terminal in a container with this one: raw mode, window size; restored whatever happens."""

import contextlib
import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from bottle_tui.adapters.docker.engine import Engine, foreign_errors, release, translated
from bottle_tui.adapters.docker.leaving import ENGINE_KEYS, PATIENCE, Keys
from bottle_tui.adapters.docker.modes import NEXT_LINE, Modes
from bottle_tui.adapters.docker.resuming import engine_time
from bottle_tui.adapters.docker.wire import Wire
from bottle_tui.errors import BottleError, UsageError

_CHUNK = 65536
_HEAD = 2 * 1024 * 1024
"""Bytes of an agent's first output, and lines of its last, that are looked through for what it switched on."""
_TAIL = 500


def attach(engine: Engine, container: str, argv: list[str] | None) -> int:
    """Join the container's own terminal, started again if it had ended, or run `argv` beside it. The exit code."""
    with translated(BottleError, f"the agent's container {container[:12]} cannot be joined"):
        if argv is not None:
            return _run_beside(engine, container, argv)
        if not sys.stdin.isatty():
            raise UsageError(
                "the agent's terminal is joined from a terminal, and standard input is none: run it in one"
            )
        return _join(engine, container)


def _join(engine: Engine, container: str) -> int:
    api = engine.api
    state = api.inspect_container(container)["State"]
    params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 0, "detachKeys": ENGINE_KEYS}
    connection = api.attach_socket(container, params=params)

    def resize(rows: int, columns: int) -> None:
        api.resize(container, height=rows, width=columns)

    modes = Modes()
    with _raw(sys.stdin.fileno()):
        try:
            if state.get("Running"):
                _look_back(engine, container, state["StartedAt"], modes)
                os.write(sys.stdout.fileno(), modes.redone())
                size = shutil.get_terminal_size()
                resize(size.lines + 1, size.columns)  # whoever was here last may have had this size: it draws anew
            else:
                api.start(container)
            _copy(connection, resize, Keys(), modes)
        finally:
            with contextlib.suppress(OSError):  # the terminal may have gone
                os.write(sys.stdout.fileno(), modes.undone())
            release(getattr(connection, "_response", None))
    state = api.inspect_container(container)["State"]
    return 0 if state.get("Running") else int(state.get("ExitCode") or 0)


def _look_back(engine: Engine, container: str, started: str, modes: Modes) -> None:
    """What the agent has made of its terminal since its start: it does so at its start, and now and then later."""
    since = engine_time(started).timestamp()
    read = 0
    stream = engine.api.logs(container, stream=True, follow=False, since=since)
    try:
        for chunk in stream:
            modes.wrote(chunk)
            read += len(chunk)
            if read > _HEAD:
                break
        else:
            return
    finally:
        release(getattr(stream, "_response", None))
    modes.wrote(engine.api.logs(container, since=since, tail=_TAIL))


def _run_beside(engine: Engine, container: str, argv: list[str]) -> int:
    api = engine.api
    if not api.inspect_container(container)["State"]["Running"]:
        raise UsageError("the agent does not run; `bottle-tui attach` starts it again")
    terminal = sys.stdin.isatty()
    env = {"TERM": os.environ.get("TERM", "xterm")} if terminal else None
    made = api.exec_create(container, argv, stdin=terminal, tty=terminal, environment=env)["Id"]
    if terminal:
        connection, modes = api.exec_start(made, tty=True, socket=True), Modes()
        with _raw(sys.stdin.fileno()):
            try:
                _copy(connection, lambda rows, columns: api.exec_resize(made, height=rows, width=columns), modes=modes)
            finally:
                with contextlib.suppress(OSError):
                    os.write(sys.stdout.fileno(), modes.undone().removesuffix(NEXT_LINE))
    else:
        for out, err in api.exec_start(made, stream=True, demux=True):
            sys.stdout.buffer.write(out or b"")
            sys.stderr.buffer.write(err or b"")
        sys.stdout.flush()
    code = api.exec_inspect(made).get("ExitCode")
    return 0 if code is None else int(code)


def _copy(
    connection: Any, resize: Callable[[int, int], object], keys: Keys | None = None, modes: Modes | None = None
) -> None:
    """Bytes both ways until the container's side ends, or `keys` says that the operator leaves."""
    wire = Wire(connection)
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    until: float | None = None
    with _window(resize):
        sources: list[Wire | int] = [wire, stdin]
        while True:
            patience = None if until is None else max(until - monotonic(), 0)
            ready, _, _ = select.select(sources, [wire] if wire.is_behind else [], [], patience)
            if wire in ready and (data := wire.received()) is not None:
                if not data:
                    return
                os.write(stdout, data)
                if modes is not None:
                    modes.wrote(data)
            typed, leaves = b"", False
            if stdin in ready:
                typed = os.read(stdin, _CHUNK)
                if not typed:
                    sources.remove(stdin)
                elif keys is not None:
                    typed, leaves = keys.typed(typed)
                    until = monotonic() + PATIENCE if keys.holds else None
            elif keys is not None and until is not None and monotonic() >= until:
                typed, until = keys.waited(), None
            wire.send(typed)
            if leaves:
                return


@contextlib.contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Raw mode, and the terminal as it was afterwards."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)  # what was typed ahead is kept
        yield
    finally:
        with contextlib.suppress(termios.error):  # it may have gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _window(resize: Callable[[int, int], object]) -> Iterator[None]:
    """The container's terminal has this one's size, now and whenever it changes."""

    def now(*_: object) -> None:
        size = shutil.get_terminal_size()
        with contextlib.suppress(*foreign_errors()):
            resize(size.lines, size.columns)

    before = signal.signal(signal.SIGWINCH, now)
    try:
        now()
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
