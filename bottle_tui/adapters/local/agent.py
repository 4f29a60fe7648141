"""The agent of a local bottle: a child of whoever attaches, on the same terminal, with the bottle's environment."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bottle_tui.core.views import SidecarState
from bottle_tui.errors import BottleError, InvalidFile, UsageError
from sidecar_addon.local import identity

_FILE = "local/agent.json"
_RUNNING = "local/agent.pid"
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "COLORTERM", "TMPDIR", "TZ", "USER", "LOGNAME", "SHELL")
"""What comes from the operator's terminal; the rest of their environment may hold real credentials."""
_PATIENCE = 2.0
"""Seconds that an agent has to end when its terminal goes."""


def keep(home: Path, command: tuple[str, ...], env: dict[str, str], folder: str) -> None:
    """Leave what `attach` needs, 0600. Holds placeholders and the proxy's password, never a real credential."""
    path = home / _FILE
    path.touch(0o600)
    path.write_text(json.dumps({"command": list(command), "env": env, "folder": folder}) + "\n")


def start(
    home: Path, argv: list[str] | None, environ: Mapping[str, str], *, stdin: int | None = None, out: int | None = None
) -> "subprocess.Popen[bytes]":
    """The agent's command (or `argv`) as a child of this process, in the bottle's environment.

    `stdin` and `out` (standard output and error) as `subprocess.Popen` takes them; None is this terminal.
    """
    kept = _kept(home)
    command = argv or [str(word) for word in kept["command"]]
    if not command:
        raise UsageError("agent.command is empty; name one in the manifest, or attach with a command")
    own_home = home / "agent-home"
    own_home.mkdir(mode=0o700, exist_ok=True)
    env = {name: environ[name] for name in _KEPT if name in environ}
    env |= {"HOME": str(own_home)} | kept["env"]
    try:
        child = subprocess.Popen(
            command,
            env=env,
            cwd=kept["folder"],
            stdin=stdin,
            stdout=out,
            stderr=subprocess.STDOUT if out is not None else None,
        )
    except OSError as error:
        raise BottleError(_not_run(command[0], str(kept["folder"]), error)) from error
    if argv is None:
        _note(home, child.pid)
    return child


def _not_run(program: str, folder: str, error: OSError) -> str:
    """What is missing, and what to do: the folder looks like a missing program to whoever starts one."""
    if not Path(folder).is_dir():
        return f"the folder that the agent works in is not there: {folder}; make it again, or `down` and `up`"
    remedy = "install it on this host, or name another in agent.command"
    return f"the agent's command {program!r} cannot be run: {error.strerror}; {remedy}"


def attach(home: Path, argv: list[str] | None, environ: Mapping[str, str]) -> int:
    """Run the agent's command (or `argv`) on this terminal until it ends; its exit code."""
    child = start(home, argv, environ)
    try:
        with _interrupts_are_the_agents():
            code = child.wait()
    finally:
        _hang_up(child)
    return code if code >= 0 else 128 - code


def _hang_up(child: "subprocess.Popen[bytes]") -> None:
    """Whoever attached is made to leave: two cannot have one terminal, so the agent is told that it is gone."""
    if child.poll() is None:
        child.send_signal(signal.SIGHUP)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)


@contextmanager
def _interrupts_are_the_agents() -> Iterator[None]:
    """ctrl-c reaches the agent, which is on the same terminal; it must not end us."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def state(home: Path) -> SidecarState:
    """Whether somebody is attached to it."""
    return "up" if _pid(home) else "down"


def stop(home: Path) -> None:
    """End an attached agent."""
    pid = _pid(home)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _kept(home: Path) -> dict[str, Any]:
    try:
        value = json.loads((home / _FILE).read_text())
        return {"command": list(value["command"]), "env": dict(value["env"]), "folder": str(value["folder"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidFile("cannot be read; `bottle-tui down` and `up` make it anew", file=_FILE) from error


def _note(home: Path, pid: int) -> None:
    (home / _RUNNING).write_text(f"{pid}:{identity.start_time(pid)}")


def _pid(home: Path) -> int | None:
    try:
        pid, _, started = (home / _RUNNING).read_text().partition(":")
        return int(pid) if identity.is_running(int(pid), started) else None
    except (OSError, ValueError):
        return None
