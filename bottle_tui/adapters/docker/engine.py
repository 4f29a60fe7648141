"""The engine's client, made when it is first needed, and the one place where its errors become ours."""

import errno
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from bottle_tui.adapters.docker.sdk import sdk
from bottle_tui.errors import BottleError, EngineUnavailable

START_HINT = "start Docker (`systemctl start docker`, or Docker Desktop), or set DOCKER_HOST"
TIMEOUT_SECONDS = 60


class Engine:
    """One engine, found as the docker command finds it: DOCKER_HOST, else the current context."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._api: Any = None
        self._bridge: Any = None
        self._lock = threading.Lock()
        self.address = environ.get("DOCKER_HOST", "")

    @property
    def api(self) -> Any:
        """The SDK's low-level client. Raises EngineUnavailable with the line that says what to do."""
        with self._lock:
            if self._api is None:
                self._api = self._connect()
            return self._api

    @property
    def silence(self) -> str:
        """How an error begins when nobody answers: an address that somebody set is named."""
        stated = self._environ.get("DOCKER_HOST")
        return f"no container engine answers at {stated} (DOCKER_HOST)" if stated else "no container engine answers"

    @property
    def remote(self) -> bool:
        """Whether the engine is on another machine, so that host paths mean nothing there."""
        return self.address.startswith(("ssh://", "tcp://", "https://", "http://"))

    def _connect(self) -> Any:
        with translated(EngineUnavailable, self.silence, START_HINT):
            docker = sdk()
            arguments = self._where()
            self.address = arguments.get("base_url") or "local"
            if self.address.startswith("ssh://"):
                from bottle_tui.adapters.docker.ssh_bridge import SshBridge

                self._bridge = SshBridge(self.address)
                arguments = {"base_url": self._bridge.url}
            _knock(arguments.get("base_url") or docker.constants.DEFAULT_UNIX_SOCKET)
            return docker.APIClient(version="auto", timeout=TIMEOUT_SECONDS, max_pool_size=32, **arguments)

    def _where(self) -> dict[str, Any]:
        contexts, environ = sdk().context.ContextAPI, dict(self._environ)
        found: dict[str, Any] = {**sdk().utils.kwargs_from_env(environment=environ)}
        if "base_url" not in found:
            chosen = environ.get("DOCKER_CONTEXT")
            if chosen and contexts.get_context(chosen) is None:
                # The SDK would quietly take the local engine instead.
                raise OSError(f"the Docker context {chosen} does not exist")
            found = {**contexts.kwargs_from_context(environment=environ), **found}
        return found

    def api_at_least(self, version: tuple[int, int]) -> bool:
        """Whether the engine speaks this version of its API or a later one."""
        major, _, minor = str(self.api._version).partition(".")
        return (int(major), int(minor)) >= version


def _knock(address: str) -> None:
    """Raises OSError when nobody answers at a socket: the SDK would wrap that twice, and leave the socket open."""
    path = address.removeprefix("http+").removeprefix("unix://")
    if path.startswith("/") and address != path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
            knocking.settimeout(TIMEOUT_SECONDS)
            knocking.connect(path)


def foreign_errors() -> tuple[type[Exception], ...]:
    """Whatever the SDK, its HTTP library or a socket raises."""
    docker = sdk()
    import requests.exceptions
    import urllib3.exceptions

    return (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    )


@contextmanager
def translated(kind: type[BottleError], doing: str, remedy: str = "") -> Iterator[None]:
    """Turns foreign errors into one of ours."""
    try:
        yield
    except foreign_errors() as error:
        message = f"{doing}: {explanation(error)}"
        raise kind(f"{message}; {remedy}" if remedy else message) from error


_IN_WORDS = {
    errno.ENOENT: "its socket is not there",
    errno.ECONNREFUSED: "nobody listens at its address",
    errno.EACCES: "this account may not open its socket (join the group docker, or use a rootless engine)",
}


def explanation(error: Exception) -> str:
    """The engine's own words where it gave any, in one line; what the system said, when there is no engine."""
    number = _errno_of(error)
    if number in _IN_WORDS:
        return _IN_WORDS[number]
    text = getattr(error, "explanation", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:600]


def _errno_of(error: BaseException | None) -> int | None:
    """The system's number behind the wrappings of the SDK and its HTTP library."""
    while error is not None:
        for part in (error, *error.args, *(inner for arg in error.args for inner in getattr(arg, "args", ()))):
            if isinstance(part, OSError) and part.errno is not None:
                return part.errno
        error = error.__cause__ or error.__context__
    return None


def release(response: Any) -> None:
    """Close a streamed answer for good. The SDK's own closing can stop half-way and leave the connection open."""
    connection = getattr(getattr(response, "raw", None), "_connection", None)
    for thing in (response, connection):
        # What is flushed on the way may be closed already.
        with suppress(*foreign_errors(), ValueError, AttributeError):
            if thing is not None:
                thing.close()


def is_missing(error: BaseException | None) -> bool:
    """Whether the engine said that the thing is not there (404)."""
    return getattr(getattr(error, "response", None), "status_code", None) == 404
