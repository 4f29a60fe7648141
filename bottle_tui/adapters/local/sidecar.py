"""One sidecar of a local bottle: a part of its process, with a folder for its files and a log."""

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from bottle_tui.adapters.local import client, files
from bottle_tui.adapters.local.lines import DiskLines, SocketLines
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import EventLines, Ran, Role
from sidecar_addon import strict_yaml
from sidecar_addon.gate.ask import AskError
from sidecar_addon.gate.ask import ask as ask_gate

VOLUMES: dict[Role, str] = {
    "egress": "/etc/egress/",
    "pipelock": "/etc/pipelock/",
    "supervise": "/var/lib/supervise/",
    "agent": "/etc/bottle/",
}
"""What a container would have as a volume; nothing else of it can be written to."""
_PYTHON = ("python", "-m", "sidecar_addon")
_STATE_SECONDS = 2.0


class LocalSidecar:
    """`ports.Sidecar`. `expected` is the process that `bottle.json` records; another one is never written to."""

    def __init__(self, home: Path, role: Role, expected: str) -> None:
        self.role: Role = role
        self._home = home
        self._root = home / "local" / role
        self._expected = expected

    def put(self, path: str, data: bytes, mode: int = 0o444) -> None:
        """Write a file at an absolute path of the sidecar, on its volume."""
        self._process()
        if not path.startswith(VOLUMES[self.role]):
            raise SidecarUnreachable(f"{path} is not on the volume of {self.role}, {VOLUMES[self.role]}")
        try:
            files.put(self._root, path, data, mode)
        except OSError as error:
            raise SidecarUnreachable(f"{path} cannot be written for {self.role}: {error.strerror}") from error

    def read(self, path: str) -> bytes | None:
        """The file's bytes, None when it is not there."""
        try:
            return files.read(self._root, path)
        except OSError as error:
            raise SidecarUnreachable(f"{path} of {self.role} cannot be read: {error.strerror}") from error

    def read_folder(self, path: str) -> dict[str, bytes]:
        """Regular files directly in a folder, by name."""
        try:
            return files.read_folder(self._root, path)
        except OSError as error:
            raise SidecarUnreachable(f"{path} of {self.role} cannot be read: {error.strerror}") from error

    def signal(self) -> None:
        """What SIGHUP does in a container: this part loads its files."""
        client.ask(self._process(), {"verb": "reload", "role": self.role})

    def follow(self, since: datetime | None = None, tail: int | None = None) -> EventLines:
        """Its output since a moment (or the last `tail` lines), and then live; of one that is down, what it left."""
        return self._lines(since, tail, live=True)

    def said(self, since: datetime | None = None, tail: int | None = None) -> EventLines:
        """The same up to now."""
        return self._lines(since, tail, live=False)

    def _lines(self, since: datetime | None, tail: int | None, *, live: bool) -> EventLines:
        what = f"{self.role} (local)"
        try:
            process = self._process()
        except SidecarUnreachable:
            return DiskLines(self._home / "local" / f"{self.role}.log", tail, what)
        question = {
            "verb": "follow",
            "role": self.role,
            "since": since.timestamp() if since else None,
            "tail": tail,
            "live": live,
        }
        try:
            lines = SocketLines(client.connect(process, question, client.ANSWER_SECONDS), what)
            # The first line says that nothing said from here on is missed.
            begins = lines.next(client.ANSWER_SECONDS)
            if begins is None:
                lines.close()
                raise SidecarUnreachable(f"{what} does not answer")
            lines.to_come = _announced(begins)
            return lines
        except OSError as error:
            raise SidecarUnreachable(f"{what} does not answer: {error}") from error

    def run(self, argv: list[str], stdin: bytes = b"", timeout: float = 15.0) -> Ran:
        """`control` and `put-token` of the egress sidecar, asked over its socket; nothing else can be run."""
        process = self._process()
        if self.role != "egress" or tuple(argv[:3]) != _PYTHON or len(argv) != 5:
            raise SidecarUnreachable(f"{' '.join(argv[:4])} cannot be run in a local {self.role}")
        try:
            question = _question(argv[3], argv[4], stdin)
            answer = ask_gate(question, process.gate_socket, timeout)
        except (AskError, strict_yaml.StrictYamlError) as error:
            return Ran(1, b"", f"{argv[3]}: {error}\n".encode())
        return Ran(0, json.dumps(answer, separators=(",", ":")).encode() + b"\n", b"")

    def restart(self) -> None:
        """End this part and start it again; returns once it listens."""
        client.ask(self._process(), {"verb": "restart", "role": self.role}, timeout=40.0)

    def state(self) -> SidecarState:
        """up, down or unknown; raises nothing."""
        try:
            process = self._process()
        except SidecarUnreachable:
            return "down"
        return states(process).get(self.role, "unknown")

    def _process(self) -> client.Process:
        """The recorded process. Raises SidecarUnreachable when it does not run, or another stands in its place."""
        process = client.find(self._home)
        if process is None or not process.is_running:
            raise SidecarUnreachable(f"{self.role} does not run; `bottle-tui up` starts the bottle again")
        if process.identity != self._expected:
            raise SidecarUnreachable(
                f"{self.role} is another process than the recorded one; `bottle-tui down` and `up`"
            )
        return process


def states(process: client.Process) -> dict[str, SidecarState]:
    """Each part's state, as the process says; empty when it does not answer."""
    try:
        answer = client.ask(process, {"verb": "state"}, _STATE_SECONDS)
    except SidecarUnreachable:
        return {}
    return {role: "up" if said == "up" else "down" for role, said in answer.get("roles", {}).items()}


def _announced(begins: str) -> int | None:
    """How many lines follow; None of live output, and where the process is of an earlier version."""
    with suppress(ValueError, AttributeError):
        lines = json.loads(begins).get("lines")
        return lines if isinstance(lines, int) else None
    return None


def _question(command: str, argument: str, stdin: bytes) -> dict[str, Any]:
    if command == "control":
        question = strict_yaml.load_json(argument, limit=4 * 1024 * 1024)
    elif command == "put-token":
        offered = strict_yaml.load_json(stdin, limit=64 * 1024)
        question = {"verb": "put_token", "slot": argument}
        if isinstance(offered, dict):
            question |= {key: offered.get(key) for key in ("fingerprint", "value")}
    else:
        raise AskError(f"{command} is no command here")
    return question if isinstance(question, dict) else {}
