"""Running a command in a container with standard input that ends, and a time-out that holds."""

import contextlib
import socket
import struct
import time
from typing import Any

from bottle_tui.adapters.docker.engine import Engine, release, translated
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Ran

OUTPUT_LIMIT = 32 * 1024 * 1024
STDOUT, _STDERR = 1, 2
END = (0, b"")
_ASKING = ["python", "-m", "sidecar_addon"]


def run(engine: Engine, container: str, argv: list[str], stdin: bytes, timeout: float, user: str = "") -> Ran:
    """Run `argv` in a container by id. Raises SidecarUnreachable, also when it takes longer than `timeout`."""
    what = f"{argv[0]} {' '.join(argv[1:4])}".strip()[:60]
    with translated(SidecarUnreachable, f"`{what}` could not be run in the container {container[:12]}"):
        api = engine.api
        made = api.exec_create(container, argv, stdin=bool(stdin), stdout=True, stderr=True, user=user)
        connection = api.exec_start(made["Id"], socket=True)
        try:
            stdout, stderr = _converse(raw(connection), stdin, timeout)
        finally:
            close(connection)
        code = exit_code(api, made["Id"])
    return Ran(code, stdout, stderr)


def quick(argv: list[str]) -> list[str]:
    """Questions to the gate need no installed packages: without looking for them Python starts in half the time."""
    if argv[:3] == _ASKING and argv[3:4] in (["control"], ["put-token"]):
        return ["python", "-E", "-S", *argv[1:]]
    return argv


def exit_code(api: Any, exec_id: str) -> int:
    """How an `exec` whose output has ended has ended itself, which the engine may know a moment later. Raises OSError
    while it still runs."""
    for _ in range(50):
        found = api.exec_inspect(exec_id)
        if not found.get("Running") and found.get("ExitCode") is not None:
            return int(found["ExitCode"])
        time.sleep(0.02)
    raise OSError("its output ended, but it still runs")


def raw(connection: Any) -> Any:
    """The socket below the SDK's file objects."""
    return getattr(connection, "_sock", connection)


def close(connection: Any) -> None:
    """The socket, the answer it came with, and the SDK's file object each hold the connection open."""
    below = raw(connection)
    release(getattr(connection, "_response", None))
    for thing in (below, connection):
        with contextlib.suppress(OSError, ValueError):
            thing.close()


def _converse(sock: Any, stdin: bytes, timeout: float) -> tuple[bytes, bytes]:
    """Send, shut the writing half (without that, `cat` would wait for ever), and read to the end."""
    deadline = time.monotonic() + timeout
    sock.settimeout(timeout)
    if stdin:
        sock.sendall(stdin)
        sock.shutdown(socket.SHUT_WR)
    streams = {STDOUT: bytearray(), _STDERR: bytearray()}
    for kind, part in iter(lambda: frame(sock, deadline), END):
        if sum(map(len, streams.values())) + len(part) > OUTPUT_LIMIT:
            raise OSError("it wrote more than 32 MiB")
        streams.setdefault(kind, bytearray()).extend(part)
    return bytes(streams[STDOUT]), bytes(streams[_STDERR])


def frame(sock: Any, deadline: float) -> tuple[int, bytes]:
    """The next piece of output and which stream it is of; (0, b"") at the end. Raises OSError past the deadline."""
    header = _exactly(sock, 8, deadline)
    if len(header) < 8:
        return END
    kind, size = struct.unpack(">BxxxL", header)
    if size > OUTPUT_LIMIT:
        raise OSError("it wrote more than 32 MiB")
    return kind, _exactly(sock, size, deadline)


def _exactly(sock: Any, size: int, deadline: float) -> bytes:
    """`size` bytes; fewer only at the end of the stream."""
    parts = bytearray()
    while len(parts) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise OSError("it did not end in time")
        sock.settimeout(left)
        part = sock.recv(size - len(parts))
        if not part:
            break
        parts += part
    return bytes(parts)
