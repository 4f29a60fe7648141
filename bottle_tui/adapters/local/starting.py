"""Starting the bottle's process in a session of its own, and waiting until it says where it listens."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import sidecar_addon
from bottle_tui.adapters.local import client
from bottle_tui.errors import LaunchFailed

START_SECONDS = 60.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "USER", "LOGNAME", "SSL_CERT_DIR")
_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Orders:
    """What the process is told on standard input."""

    home: Path
    password: str = field(repr=False)
    mcp_path: str = field(repr=False)
    ports: Mapping[str, int]
    upstreams: Mapping[str, tuple[str, int]]


def start(slug: str, orders: Orders, environ: Mapping[str, str]) -> client.Process:
    """Start it; returns once every part listens. Raises LaunchFailed with what it said."""
    folder = orders.home / "local"
    # Which modules are found must not depend on the folder this is called from, so -P and an explicit path.
    argv = [sys.executable, "-P", "-m", "sidecar_addon", "local", slug]
    # The rest of the operator's environment may hold credentials, which reach the gate by `put-token` only.
    kept = {name: environ[name] for name in _KEPT if name in environ}
    kept["PYTHONPATH"] = str(Path(sidecar_addon.__file__).parents[1])
    with (folder / "process.log").open("wb") as log:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=kept,
            cwd=folder,
            start_new_session=True,
        )
    client.children[child.pid] = child
    with ExitStack() as undo:
        undo.callback(_end, child)
        undo.callback(_close, child)
        _tell(child, orders)
        problem = _wait(child)
        process = client.find(orders.home)
        if problem is not None or process is None or process.pid != child.pid:
            raise LaunchFailed(f"the local process did not start: {problem or _last_words(folder)}")
        undo.pop_all()
        _close(child)
    return process


def _end(child: subprocess.Popen[bytes]) -> None:
    """Whatever stopped the start, an interrupt too: nothing is left running."""
    child.kill()
    child.wait()
    del client.children[child.pid]


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def _tell(child: subprocess.Popen[bytes], orders: Orders) -> None:
    assert child.stdin is not None
    told = {
        "home": str(orders.home),
        "password": orders.password,
        "mcp_path": orders.mcp_path,
        "ports": dict(orders.ports),
        "upstreams": {name: list(where) for name, where in orders.upstreams.items()},
    }
    try:
        child.stdin.write(json.dumps(told).encode() + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        pass  # it ended at once; `_wait` says why


def _wait(child: subprocess.Popen[bytes]) -> str | None:
    """None once it is ready, else what it said instead ("" when nothing)."""
    assert child.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    said = b""
    while not said.endswith(b"\n") and len(said) < _LIMIT:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
            return f"no word from it within {START_SECONDS:.0f} s"
        piece = os.read(child.stdout.fileno(), _LIMIT)
        if not piece:
            return ""
        said += piece
    try:
        value = json.loads(said)
    except ValueError:
        return said.decode("utf-8", "replace").strip()
    return None if value.get("event") == "local_ready" else str(value.get("error", value))


def _last_words(folder: Path) -> str:
    lines = (folder / "process.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
