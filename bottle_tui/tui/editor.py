"""Text through the operator's editor and back."""

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from bottle_tui.errors import BottleError, UsageError

PATIENCE = 2.0
"""Seconds that an editor has to end when it is hung up."""


def edited(text: str, suffix: str) -> str:
    """The text as it comes back from $VISUAL or $EDITOR. Raises UsageError when there is none, or it ends badly."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor; set EDITOR")
    with tempfile.TemporaryDirectory(prefix="bottle-tui-") as folder:
        path = Path(folder) / f"edit{suffix}"
        path.write_text(text, encoding="utf-8")
        try:
            code = _run([*shlex.split(editor), str(path)])
        except OSError as error:
            raise UsageError(f"the editor {editor!r} does not start ({error.strerror}); set EDITOR") from error
        except ValueError as error:
            raise UsageError(f"the editor {editor!r} is no command ({error}); set EDITOR") from error
        if code != 0:
            raise BottleError(f"the editor ended with {code}; nothing is changed")
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"what the editor left is not UTF-8 (byte {error.start}); nothing is changed") from error
        except OSError as error:
            raise UsageError(f"the editor left no text ({error.strerror}); nothing is changed") from error


def _run(argv: list[str]) -> int:
    """Its exit code. Whoever is made to leave meanwhile hangs up: an editor then keeps what it has, as it keeps it."""
    editor = subprocess.Popen(argv)
    try:
        with _its_own_keys():
            return editor.wait()
    finally:
        if editor.poll() is None:
            editor.send_signal(signal.SIGHUP)
            with contextlib.suppress(subprocess.TimeoutExpired):
                editor.wait(PATIENCE)


@contextlib.contextmanager
def _its_own_keys() -> Iterator[None]:
    """ctrl-c and ctrl-\\ on a terminal reach everybody there: they are for the editor, and must not end us."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {name: signal.signal(name, signal.SIG_IGN) for name in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
