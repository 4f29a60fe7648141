"""Where the demo plays: on this machine's loopback, or in containers. Builds the adapters."""

import getpass
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.adapters.clock import SystemClock
from bottle_tui.adapters.local import LocalRuntime
from bottle_tui.demo import stage
from bottle_tui.demo.agent import HOST
from bottle_tui.demo.upstream import Upstream
from bottle_tui.ports import BottleHome, Home, Recorded, Runtime, World


@dataclass(frozen=True)
class Theatre:
    """A world, the manifest to play, and how its upstream and its agent are started once the bottle runs."""

    world: World
    manifest: Path
    upstream: Callable[[Recorded], AbstractContextManager[None]]
    agent: Callable[[Recorded], AbstractContextManager[Iterable[str]]]


class OwnHome:
    """`ports.Home` with the demo's bottle alone: the runtimes of the others are not in its world."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.root = home.root

    def slugs(self) -> list[str]:
        """The demo's, if it has a folder."""
        return [slug for slug in self._home.slugs() if slug == stage.SLUG]

    def bottle(self, slug: str) -> BottleHome:
        """That bottle's folder."""
        return self._home.bottle(slug)


@contextmanager
def local_theatre(home: Home, environ: Mapping[str, str], folder: Path) -> Iterator[Theatre]:
    """The upstream in a thread, reached under its name through the hop; the agent as a process."""
    upstream = Upstream(stage.certificate(folder))
    try:
        runtime = LocalRuntime(home, environ, upstreams={HOST: ("127.0.0.1", upstream.port)})
        world = _world(home, environ, runtime)
        yield Theatre(
            world, stage.local_manifest(folder), lambda record: nullcontext(), lambda record: _child(runtime, record)
        )
    finally:
        upstream.close()


@contextmanager
def docker_theatre(home: Home, environ: Mapping[str, str], folder: Path) -> Iterator[Theatre]:
    """Both in containers; pipelock is the real one unless the environment says otherwise."""
    from bottle_tui.adapters.docker.engine import Engine
    from bottle_tui.adapters.docker.networks import DEFAULT_SUBNET
    from bottle_tui.adapters.docker.runtime import DockerRuntime
    from bottle_tui.demo import containers

    pem = stage.certificate(folder)
    networks = [environ.get("BOTTLE_TUI_SUBNET") or DEFAULT_SUBNET]
    runtime, engine = DockerRuntime(environ), Engine(environ)
    with containers.image_for_once(engine) as used:
        yield Theatre(
            _world(home, environ, runtime),
            stage.docker_manifest(folder, containers.BASE, networks),
            lambda record: containers.upstream(engine, record, pem, used),
            lambda record: containers.words(runtime, record),
        )


@contextmanager
def _child(runtime: LocalRuntime, record: Recorded) -> Iterator[Iterable[str]]:
    """The agent's own command as a child of this process; ended with the demo."""
    child = runtime.start_agent(record)
    assert child.stdout is not None
    said: queue.Queue[bytes] = queue.Queue()
    reader = threading.Thread(target=_drain, args=(child.stdout, said.put), daemon=True)
    reader.start()
    try:
        yield (line.decode("utf-8", "replace") for line in iter(said.get, b""))
    finally:
        child.terminate()
        child.wait()
        reader.join()


def _drain(pipe: IO[bytes], put: Callable[[bytes], None]) -> None:
    """Every line, then an empty one."""
    with pipe:
        for line in pipe:
            put(line)
    put(b"")


def _world(home: Home, environ: Mapping[str, str], runtime: Runtime) -> World:
    return World(
        home=OwnHome(home),
        runtimes={runtime.name: runtime},
        clock=SystemClock(),
        environ=environ,
        operator=environ.get("BOTTLE_TUI_OPERATOR") or getpass.getuser(),
        authorities=CertificateAuthorities(),
    )
