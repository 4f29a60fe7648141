"""The engine's client, made when it is first needed, and the one place where its errors become ours."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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
    def remote(self) -> bool:
        """Whether the engine is on another machine, so that host paths mean nothing there."""
        return self.address.startswith(("ssh://", "tcp://", "https://", "http://"))

    def _connect(self) -> Any:
        with translated(EngineUnavailable, "no container engine answers", START_HINT):
            import docker

            arguments = self._where()
            self.address = arguments.get("base_url") or "local"
            if self.address.startswith("ssh://"):
                from bottle_tui.adapters.docker.ssh_bridge import SshBridge

                self._bridge = SshBridge(self.address)
                arguments = {"base_url": self._bridge.url}
            return docker.APIClient(version="auto", timeout=TIMEOUT_SECONDS, max_pool_size=32, **arguments)

    def _where(self) -> dict[str, Any]:
        from docker.context import ContextAPI
        from docker.utils import kwargs_from_env

        environ = dict(self._environ)
        found: dict[str, Any] = {**kwargs_from_env(environment=environ)}
        if "base_url" not in found:
            found = {**ContextAPI.kwargs_from_context(environment=environ), **found}
        return found

    def api_at_least(self, version: tuple[int, int]) -> bool:
        """Whether the engine speaks this version of its API or a later one."""
        major, _, minor = str(self.api._version).partition(".")
        return (int(major), int(minor)) >= version


def foreign_errors() -> tuple[type[Exception], ...]:
    """Whatever the SDK, its HTTP library or a socket raises."""
    import docker.errors
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


def explanation(error: Exception) -> str:
    """The engine's own words where it gave any, in one line."""
    text = getattr(error, "explanation", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:600]


def is_missing(error: BaseException | None) -> bool:
    """Whether the engine said that the thing is not there (404)."""
    return getattr(getattr(error, "response", None), "status_code", None) == 404
