"""Talking to the bottle's process: its record in `local.json`, its control socket, its life and its end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottle_tui.errors import SidecarUnreachable
from sidecar_addon.local import SOCKETS, identity

RECORD = "local.json"
ANSWER_SECONDS = 15.0
_LIMIT = 1024 * 1024
_LOOK_SECONDS = 0.02

children: dict[int, "subprocess.Popen[bytes]"] = {}
"""Bottles' processes that this process started; they may outlive it."""


@dataclass(frozen=True)
class Process:
    """The process that `local.json` names, by id and start time."""

    pid: int
    start: str
    ports: dict[str, int]
    socket: Path
    gate_socket: Path

    @property
    def identity(self) -> str:
        """What `bottle.json` records of it."""
        return f"{self.pid}:{self.start}"

    @property
    def is_running(self) -> bool:
        """Whether that very process still runs, and not another under its number."""
        return identity.is_running(self.pid, self.start)


def find(home: Path) -> Process | None:
    """What `local.json` says, None when there is none or it is damaged."""
    try:
        with (home / RECORD).open("rb") as file:
            value = json.loads(file.read(_LIMIT))
        return Process(
            pid=int(value["pid"]),
            start=str(value["start"]),
            ports={str(role): int(port) for role, port in value["ports"].items()},
            socket=Path(value["socket"]),
            gate_socket=Path(value["gate_socket"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def ask(process: Process, question: dict[str, Any], timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
    """One question to the control socket. Raises SidecarUnreachable."""
    verb = question["verb"]
    try:
        with connect(process, question, timeout) as connection, connection.makefile("rb") as answer:
            line = answer.readline(_LIMIT)
        value = json.loads(line)
    except (OSError, ValueError) as error:
        raise SidecarUnreachable(f"the bottle's process (pid {process.pid}) does not answer {verb}: {error}") from error
    if not isinstance(value, dict) or "error" in value:
        raise SidecarUnreachable(f"{verb} failed: {value.get('error') if isinstance(value, dict) else value}")
    return value


def connect(process: Process, question: dict[str, Any], timeout: float) -> socket.socket:
    """A connection on which the question was asked. Raises SidecarUnreachable when the process is gone, or OSError."""
    if not process.is_running:
        raise SidecarUnreachable("the bottle's process does not run; `bottle-tui up` starts it again")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(str(process.socket))
        connection.sendall(json.dumps(question).encode() + b"\n")
    except OSError:
        connection.close()
        raise
    return connection


def end(process: Process, grace: float = 8.0) -> None:
    """SIGTERM, and after `grace` seconds SIGKILL to its whole group; returns once it is gone."""
    _kill(process, signal.SIGTERM)
    if not _gone_within(process, grace):
        kill_group(process)


def kill_group(process: Process) -> None:
    """The last resort: SIGKILL to the process and all that it started. Raises SidecarUnreachable when it lives on."""
    if process.is_running:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if not _gone_within(process, 5.0):
        raise SidecarUnreachable(f"the bottle's process does not end; kill -9 {process.pid}")


def _kill(process: Process, number: int) -> None:
    if process.is_running:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _gone_within(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.is_running:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    _reap(process.pid)
    _sweep(process.socket)
    return True


def _reap(pid: int) -> None:
    """Where it is our own child, let the system forget it."""
    child = children.get(pid)
    if child is not None and child.poll() is not None:
        del children[pid]


def _sweep(path: Path) -> None:
    """The folder of the sockets, which a process that was killed leaves behind; never one where somebody listens."""
    folder = path.parent
    if not folder.name.startswith(SOCKETS) or folder.is_symlink():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.settimeout(1.0)
            connection.connect(str(path))
        except ConnectionRefusedError:
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            return
