"""The demo in containers: the toy upstream beside pipelock, the agent's words from its container's output."""

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bottle_tui.adapters.docker import archives, waiting
from bottle_tui.adapters.docker.archives import Entry
from bottle_tui.adapters.docker.engine import Engine, translated
from bottle_tui.adapters.docker.sdk import sdk
from bottle_tui.demo.agent import HOST
from bottle_tui.errors import EngineUnavailable, LaunchFailed, SidecarUnreachable
from bottle_tui.ports import Recorded, Runtime

BASE = "python:3.13-slim-bookworm"
"""What the sidecars' images stand on too, so it is there already."""
_NAME = "bottle-demo-upstream"
_PEM = "/upstream.pem"


@contextmanager
def image_for_once(engine: Engine) -> Iterator[list[str]]:
    """Images named in the list are removed in the end: every demo builds its agent anew."""
    used: list[str] = []
    try:
        yield used
    finally:
        for image in used:
            # Kept where something still uses it; the engine says so, and there is nothing to do about it here.
            with contextlib.suppress(EngineUnavailable), translated(EngineUnavailable, image):
                engine.api.remove_image(image)


@contextmanager
def upstream(engine: Engine, record: Recorded, pem: Path, used: list[str]) -> Iterator[None]:
    """The toy upstream as a container on pipelock's way out, under the name that the agent will ask for."""
    _remove(engine)
    image = record.details["images"]["agent"]
    used.append(image)
    with translated(LaunchFailed, "the demo's upstream could not be started"):
        outside = record.networks["outside"]
        alias = engine.api.create_endpoint_config(aliases=[HOST])
        made = engine.api.create_container(
            image=image,
            command=["python", "/opt/demo/upstream.py", _PEM, "443"],
            name=_NAME,
            user="0:0",
            host_config=engine.api.create_host_config(
                cap_drop=["ALL"], cap_add=["NET_BIND_SERVICE"], security_opt=["no-new-privileges"], mem_limit="128m"
            ),
            networking_config=engine.api.create_networking_config({outside: alias}),
        )["Id"]
        engine.api.put_archive(made, "/", archives.pack([Entry(_PEM[1:], pem.read_bytes(), 0, 0o400)]))
        engine.api.start(made)
    try:
        waiting.until_said(engine, made, "the demo's upstream", frozenset({"listening"}))
        yield
    finally:
        _remove(engine)


@contextmanager
def words(runtime: Runtime, record: Recorded) -> Iterator[Iterable[str]]:
    """What the agent's container says, until it ends."""
    lines = runtime.sidecar(record, "agent").follow(tail=1000)

    def said() -> Iterator[str]:
        with contextlib.suppress(SidecarUnreachable):
            while True:
                line = lines.next(1.0)
                if line is not None:
                    yield line

    try:
        yield said()
    finally:
        lines.close()


def _remove(engine: Engine) -> None:
    with (
        translated(LaunchFailed, f"{_NAME} could not be removed; `docker rm -f {_NAME}`"),
        contextlib.suppress(sdk().errors.NotFound),
    ):
        engine.api.remove_container(_NAME, force=True, v=True)
