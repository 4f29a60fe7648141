"""One sidecar in a container: copy a file in, SIGHUP, read the event line. Always by recorded id, never by name."""

import posixpath
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from bottle_tui.adapters.docker import archives, names
from bottle_tui.adapters.docker.archives import Entry
from bottle_tui.adapters.docker.conversing import Conversations
from bottle_tui.adapters.docker.engine import Engine, is_missing, translated
from bottle_tui.adapters.docker.following import ContainerLines
from bottle_tui.adapters.docker.sdk import sdk
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import EventLines, Ran, Role

_RESTART_GRACE_SECONDS = 2


class ContainerSidecar:
    """`ports.Sidecar` for a container that `up` recorded."""

    def __init__(self, engine: Engine, container: str, role: Role, conversations: Conversations) -> None:
        self._engine = engine
        self._conversations = conversations
        self._id = container
        self.role: Role = role

    def put(self, path: str, data: bytes, mode: int = 0o444) -> None:
        """Copy a file to an absolute path on its volume, owned by its user; returns once it is there."""
        put_files(self._engine, self._id, self.role, {path: data}, mode)

    def read(self, path: str) -> bytes | None:
        """The file's bytes, None when it is not there or is no regular file."""
        with translated(SidecarUnreachable, f"{path} cannot be read from {self._what}"):
            chunks = self._archive(path)
            return None if chunks is None else archives.read_file(chunks)

    def read_folder(self, path: str) -> dict[str, bytes]:
        """Regular files directly in a folder, by name; empty when there is none."""
        with translated(SidecarUnreachable, f"{path} cannot be read from {self._what}"):
            chunks = self._archive(path)
            return {} if chunks is None else archives.read_folder(chunks)

    def signal(self) -> None:
        """SIGHUP to its main process."""
        with translated(SidecarUnreachable, f"{self._what} could not be signalled"):
            self._engine.api.kill(self._id, "HUP")

    def follow(self, since: datetime | None = None, tail: int | None = None) -> EventLines:
        """Its output since a moment (or the last `tail` lines), and then live."""
        return ContainerLines(self._engine, self._id, since, tail)

    def said(self, since: datetime | None = None, tail: int | None = None) -> EventLines:
        """The same up to now."""
        return ContainerLines(self._engine, self._id, since, tail, live=False)

    def run(self, argv: list[str], stdin: bytes = b"", timeout: float = 15.0) -> Ran:
        """Run a command inside, as the sidecar's user."""
        return self._conversations.run(self._id, argv, stdin, timeout)

    def restart(self) -> None:
        """Stop it and start it again; returns once the engine says it runs."""
        with translated(SidecarUnreachable, f"{self._what} could not be restarted"):
            self._engine.api.restart(self._id, timeout=_RESTART_GRACE_SECONDS)
        if self.state() != "up":
            raise SidecarUnreachable(f"{self._what} was restarted and does not run; see `bottle-tui logs`")

    def state(self) -> SidecarState:
        """up, down or unknown; raises nothing."""
        if self.role == "egress":
            self._conversations.prepare(self._id)  # so begins an apply, and it ends with questions to the gate
        try:
            with translated(SidecarUnreachable, ""):
                state = self._engine.api.inspect_container(self._id)["State"]
        except SidecarUnreachable as error:
            return "down" if is_missing(error.__cause__) else "unknown"
        return "up" if state.get("Running") and not (state.get("Restarting") or state.get("Paused")) else "down"

    @property
    def _what(self) -> str:
        return f"{self.role} (container {self._id[:12]})"

    def _archive(self, path: str) -> Iterator[bytes] | None:
        errors = sdk().errors

        chunks: Iterator[bytes]
        try:
            chunks, _ = self._engine.api.get_archive(self._id, path)
        except errors.NotFound as error:
            if "no such container" in str(error).lower():
                raise
            return None
        return chunks


def put_files(engine: Engine, container: str, role: Role, files: Mapping[str, bytes], mode: int) -> None:
    """Copy files into a sidecar's volume in one archive, their folders made on the way."""
    root = names.VOLUME_PATHS[role]
    with translated(SidecarUnreachable, f"files could not be put into {role} (container {container[:12]})"):
        engine.api.put_archive(container, root, archives.pack(entries(root, names.UIDS[role], files, mode)))


def entries(root: str, uid: int, files: Mapping[str, bytes], mode: int) -> list[Entry]:
    """The archive's entries for absolute paths below `root`: each folder once, before what is in it."""
    found: list[Entry] = []
    made: set[str] = set()
    for path, data in files.items():
        relative = posixpath.relpath(posixpath.normpath(path), root)
        if relative.startswith("..") or relative == ".":
            raise SidecarUnreachable(f"{path} is not on the sidecar's volume {root}")
        for parent in reversed(PurePosixPath(relative).parents):
            if str(parent) != "." and str(parent) not in made:
                made.add(str(parent))
                found.append(Entry(str(parent), None, uid, 0o755))
        found.append(Entry(relative, data, uid, mode))
    return found
