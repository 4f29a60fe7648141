"""The three parts wired to each other: the gate dials the hop, supervise asks the gate, each has a log of its own."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sidecar_addon.gate.tokens import MemoryTokens
from sidecar_addon.local.output import Output
from sidecar_addon.local.parts import Part, PartFailed, Running
from sidecar_addon.local.running import RunningGate, RunningHop, RunningSupervise
from sidecar_addon.supervise.settings import as_line

ROLES = ("pipelock", "egress", "supervise")
"""In the order of starting."""
HOST = "127.0.0.1"
CUT_SECONDS = 1.5


class House:
    """What `Control` asks for. Files lie under `<home>/local/<role>/`, its log is `<home>/local/<role>.log`."""

    def __init__(
        self,
        home: Path,
        password: str,
        mcp_path: str,
        upstreams: Mapping[str, tuple[str, int]],
        gate_socket: Path,
    ) -> None:
        self._folder = home / "local"
        self._password = password
        self._mcp_path = mcp_path
        self._upstreams = upstreams
        self._gate_socket = gate_socket
        self._tokens = MemoryTokens()
        self.outputs = {role: Output(self._folder / f"{role}.log") for role in ROLES}
        builders = {"pipelock": self._hop, "egress": self._gate, "supervise": self._supervise}
        self._parts = {role: Part(role, builders[role]) for role in ROLES}
        self._marker = self._folder / "isolated"
        self._cut = self._marker.exists()

    def start(self, wanted: Mapping[str, int]) -> None:
        """Start all, on the ports they had where those are free. Raises PartFailed; then nothing is left running."""
        try:
            for role, part in self._parts.items():
                part.start_near(wanted.get(role, 0))
        except PartFailed:
            self.stop()
            raise

    def stop(self) -> None:
        """End all, in the opposite order."""
        for part in reversed(self._parts.values()):
            part.stop()
        for output in self.outputs.values():
            output.close()

    @property
    def ports(self) -> dict[str, int]:
        """Where each part listens."""
        return {role: part.port for role, part in self._parts.items()}

    def reload_all(self) -> None:
        """What SIGHUP does."""
        for part in self._parts.values():
            if part.is_up:
                part.reload()

    def state(self) -> dict[str, Any]:
        """Which parts run, where, and whether the gate is cut off."""
        roles = {role: "up" if part.is_up else "down" for role, part in self._parts.items()}
        return {"roles": roles, "ports": self.ports, "isolated": self._cut}

    def reload(self, role: str) -> None:
        """SIGHUP to one part."""
        self._parts[role].reload()

    def restart(self, role: str) -> None:
        """End one part and start it again; what it kept in memory is gone, tokens too."""
        if role == "egress":
            self._tokens = MemoryTokens()
        self._parts[role].restart()

    def isolate(self) -> None:
        """Cut the gate from the hop; done when this returns, and kept over a restart. Raises PartFailed."""
        self._cut = True
        self._marker.touch(0o600)
        self._tell_hop(lambda hop: hop.cut())

    def rejoin(self) -> None:
        """Undo `isolate`; done when this returns. Raises PartFailed."""
        self._cut = False
        self._marker.unlink(missing_ok=True)
        self._tell_hop(lambda hop: hop.join())

    def _tell_hop(self, what: Callable[[Any], None]) -> None:
        """Do something with the running hop, on its loop; done when this returns. Raises PartFailed."""
        done = threading.Event()

        def tell(running: Running) -> None:
            if isinstance(running, RunningHop):
                what(running.hop)
            done.set()

        if self._parts["pipelock"].on_loop(tell) and not done.wait(CUT_SECONDS):
            raise PartFailed("the hop does not answer; end the process")

    def _hop(self, port: int) -> Running:
        path = self._folder / "pipelock/etc/pipelock/pipelock.yaml"
        return RunningHop(path, (HOST, port), self.outputs["pipelock"].line, self._upstreams, cut=self._cut)

    def _gate(self, port: int) -> Running:
        return RunningGate(
            self._folder / "egress",
            self._tokens,
            listen=(HOST, port),
            parent=(HOST, self._parts["pipelock"].port),
            control_socket=self._gate_socket,
            emit=self.outputs["egress"].line,
            runtime="local",
            hop=True,
            proxy_password=self._password,
        )

    def _supervise(self, port: int) -> Running:
        output = self.outputs["supervise"]
        return RunningSupervise(
            folder=self._folder / "supervise/var/lib/supervise",
            host=HOST,
            port=port,
            path=self._mcp_path,
            allowed_hosts=(f"{HOST}:*", "localhost:*"),
            egress_proxy=f"http://bottle:{self._password}@{HOST}:{self._parts['egress'].port}",
            emit=lambda event: output.line(as_line(event)),
        )
