"""The one place of the command line that builds adapters, each only when something asks for it."""

import getpass
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from bottle_tui.core.names import RUNTIMES
from bottle_tui.errors import UsageError
from bottle_tui.ports import Authorities, Home, Minted, Runtime, World


def build_world(environ: Mapping[str, str] | None = None) -> World:
    """The world of this process: its state folder, its runtimes by name, its clock, its environment."""
    from bottle_tui.adapters.clock import SystemClock
    from bottle_tui.adapters.home import DiskHome, default_root

    env = dict(os.environ) if environ is None else dict(environ)
    home = DiskHome(default_root(env))
    return World(
        home=home,
        runtimes=LazyRuntimes({"docker": lambda: _docker(env), "local": lambda: _local(home, env)}),
        clock=SystemClock(),
        environ=env,
        operator=env.get("BOTTLE_TUI_OPERATOR") or _login(),
        authorities=LazyAuthorities(),
    )


def chosen_runtime(stated: str | None, environ: Mapping[str, str]) -> str:
    """The runtime's name: `--runtime`, else BOTTLE_TUI_RUNTIME, else docker. Raises UsageError."""
    name = stated or environ.get("BOTTLE_TUI_RUNTIME") or RUNTIMES[0]
    if name not in RUNTIMES:
        raise UsageError(f"BOTTLE_TUI_RUNTIME={name!r} is no runtime; set {' or '.join(RUNTIMES)}")
    return name


class LazyRuntimes(Mapping[str, Runtime]):
    """Runtimes by name, each made at its first use: `ps` of local bottles never imports the docker library."""

    def __init__(self, makers: Mapping[str, Callable[[], Runtime]]) -> None:
        self._makers = makers
        self._made: dict[str, Runtime] = {}
        self._making = threading.Lock()

    def __getitem__(self, name: str) -> Runtime:
        with self._making:  # bottles are asked at once, and their engine is one
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class LazyAuthorities:
    """`ports.Authorities`, loading cryptography only when something is minted."""

    def gate(self, slug: str, now: datetime) -> Minted:
        """For the gate."""
        return self._real().gate(slug, now)

    def pipelock(self, slug: str, now: datetime) -> Minted:
        """For pipelock."""
        return self._real().pipelock(slug, now)

    def system_roots(self) -> bytes:
        """The trusted roots as one PEM bundle."""
        return self._real().system_roots()

    def _real(self) -> Authorities:
        from bottle_tui.adapters.ca import CertificateAuthorities

        return CertificateAuthorities()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _docker(environ: Mapping[str, str]) -> Runtime:
    from bottle_tui.adapters.docker.runtime import DockerRuntime

    return DockerRuntime(environ)


def _local(home: Home, environ: Mapping[str, str]) -> Runtime:
    from bottle_tui.adapters.local import LocalRuntime

    return LocalRuntime(home, environ)
