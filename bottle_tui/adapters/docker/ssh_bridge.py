"""An engine on another machine through the system's own ssh: a private socket here, `docker system dial-stdio` there.

Each connection is one ssh process, so keys, agents, jump hosts and known hosts are the user's own, and the SDK sees
an ordinary socket, with half-close and cancelled streams as on a local engine.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse
import weakref
from pathlib import Path

_CHUNK = 65536


def ssh_command(address: str) -> list[str]:
    """The ssh command for `ssh://[user@]host[:port]`. Raises ValueError for anything else in the address."""
    parts = urllib.parse.urlsplit(address)
    host = parts.hostname or ""
    if not host or host.startswith("-") or (parts.username or "").startswith("-") or parts.path not in ("", "/"):
        raise ValueError(f"{address} is no ssh://[user@]host[:port]")
    user = ["-l", parts.username] if parts.username else []
    port = ["-p", str(parts.port)] if parts.port else []
    return ["ssh", "-T", *user, *port, "--", host, "docker", "system", "dial-stdio"]


class SshBridge:
    """Listens on a socket that only this account reaches; `url` is what the SDK connects to."""

    def __init__(self, address: str) -> None:
        try:
            self._command = ssh_command(address)
        except ValueError as error:
            raise OSError(str(error)) from None
        self._folder = tempfile.mkdtemp(prefix="bottle-tui-")
        path = str(Path(self._folder) / "engine.sock")
        self.url = f"unix://{path}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(64)
        self.close = weakref.finalize(self, _tear_down, self._listener, self._folder)
        threading.Thread(target=_accept, args=(self._listener, self._command), daemon=True).start()


def _tear_down(listener: socket.socket, folder: str) -> None:
    listener.close()
    shutil.rmtree(folder, ignore_errors=True)


def _accept(listener: socket.socket, command: list[str]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, command), daemon=True).start()


def _serve(connection: socket.socket, command: list[str]) -> None:
    with connection, contextlib.suppress(OSError):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        upward = threading.Thread(target=_pump_up, args=(connection, process), daemon=True)
        upward.start()
        assert process.stdout is not None
        with process.stdout, contextlib.suppress(OSError):
            while data := process.stdout.read(_CHUNK):
                connection.sendall(data)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        process.terminate()
        process.wait()
        upward.join()


def _pump_up(connection: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        while data := connection.recv(_CHUNK):
            process.stdin.write(data)
    with contextlib.suppress(OSError):
        process.stdin.close()
