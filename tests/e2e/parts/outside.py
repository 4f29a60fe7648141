"""The outside world as a container: every host name of the tests, with TLS by the run's own CA."""

from dataclasses import dataclass
from typing import Any

from tests.e2e.parts import engine, pki

HOSTS = (
    "api.example.com",
    "control.example.com",
    "files.example.net",
    "model.example.com",
    "other.example.net",
    "pinned.example.org",
    "stream.example.org",
    "socket.example.org",
    "tree.test",
    "one.tree.test",
    "two.deep.tree.test",
    "barktree.test",
    "chatgpt.com",
)
IMAGE = "python:3.13-slim-bookworm"


@dataclass
class Outside:
    """A running upstream. `authority` is the PEM that pipelock and the gate are told to trust."""

    container: str
    authority: bytes

    def join(self, network: str) -> None:
        """Answers on a network, under every host name."""
        if self.container in engine.docker("network", "inspect", "--format", "{{json .Containers}}", network):
            return
        aliases = [word for host in HOSTS for word in ("--alias", host)]
        engine.docker("network", "connect", *aliases, network, self.container)

    def leave(self, network: str) -> None:
        """Goes from a network, so that it can be removed."""
        engine.run(("docker", "network", "disconnect", "--force", network, self.container))

    def requests(self, host: str, path: str | None = None) -> list[dict[str, Any]]:
        """What it was asked for under a name, and under a path of it, since its start."""
        asked = [event for event in engine.events(self.container) if event.get("event") == "request"]
        return [event for event in asked if event["host"] == host and path in (None, event["path"].split("?")[0])]

    def remove(self) -> None:
        """Ends it."""
        engine.run(("docker", "rm", "--force", self.container))


def start(name: str) -> Outside:
    """Starts an upstream container on no network but the engine's default one."""
    signer = pki.authority()
    files = {f"outside/certificates/{host}.pem": pki.leaf(signer, host) for host in HOSTS}
    files |= {f"outside/{part}": (engine.PARTS / part).read_bytes() for part in ("upstream.py", "model.py")}
    folder = ("--workdir", "/outside", "--env", "PYTHONUNBUFFERED=1", "--memory", "512m")
    container = engine.docker("create", "--name", name, *folder, IMAGE, "python", "upstream.py", "certificates")
    engine.docker("cp", "-", f"{container}:/", stdin=engine.tar(files))
    engine.docker("start", container)
    lines = engine.Lines("docker", "logs", "--follow", container)
    try:
        lines.event("upstream_ready")
    finally:
        lines.close()
    return Outside(container, pki.pem(signer[0]))
