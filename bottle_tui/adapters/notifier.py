"""`notify.command`: a program of the operator's own, run without a shell, JSON on its input, for a bounded time."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from bottle_tui.errors import UsageError

SECONDS = 10.0


def call(argv: Sequence[str], payload: Mapping[str, Any], *, seconds: float = SECONDS) -> None:
    """Run it to its end; what it writes is nobody's. Raises UsageError, naming the command and what went wrong."""
    name = f"notify.command ({argv[0]})"
    data = json.dumps(payload, ensure_ascii=True).encode() + b"\n"
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    try:
        process.communicate(data, timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        raise UsageError(f"{name} took more than {seconds:.0f} s and was ended") from None
    if process.returncode != 0:
        raise UsageError(f"{name} ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """It and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
