"""`ports.Runtime` on a Docker engine."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from bottle_tui.adapters.docker import launch as launching
from bottle_tui.adapters.docker import names, removing, resuming
from bottle_tui.adapters.docker.conversing import Conversations
from bottle_tui.adapters.docker.engine import START_HINT, Engine, translated
from bottle_tui.adapters.docker.launch import Setting
from bottle_tui.adapters.docker.sidecar import ContainerSidecar
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import EngineUnavailable, SidecarUnreachable
from bottle_tui.ports import Launch, Progress, Recorded, Role, Sidecar, Survey

_STOP_SECONDS = 5


class DockerRuntime:
    """Real containment: each part of a bottle is a container, and the agent's networks lead nowhere else."""

    name = "docker"

    def __init__(self, environ: Mapping[str, str], operator: tuple[int, int] | None = None) -> None:
        self._engine = Engine(environ)
        self._conversations = Conversations(self._engine)
        self._setting = Setting(self._engine, environ, operator or (os.getuid(), os.getgid()))

    def describe(self) -> str:
        """For the title: "docker here", "docker: ssh://box"; never "local", the runtime that contains nothing."""
        return f"docker: {self._engine.address}" if self._engine.remote else "docker here"

    def check(self) -> None:
        """Raises EngineUnavailable with the line that says how to start one."""
        with translated(EngineUnavailable, self._engine.silence, START_HINT):
            self._engine.api.ping()

    def launch(self, launch: Launch, progress: Progress) -> Recorded:
        """Make and start everything, in order; undo all of it when a step fails (LaunchFailed)."""
        self.check()
        return launching.launch(self._setting, launch, progress)

    def survey(self, records: Sequence[Recorded]) -> Survey:
        """All of those and whatever else carries our label, in one listing. Raises EngineUnavailable."""
        with translated(EngineUnavailable, "the engine does not list its containers"):
            listed = self._engine.api.containers(all=True, filters={"label": names.SLUG})
        running = {str(each["Id"]) for each in listed if each.get("State") == "running"}
        found: dict[str, str] = {}
        for each in listed:
            slug = (each.get("Labels") or {}).get(names.SLUG, "")
            if slug and found.get(slug) != "running":
                found[slug] = "running" if str(each["Id"]) in running else "stopped"
        return Survey({record.slug: _states(record, running) for record in records}, found)

    def sidecar(self, recorded: Recorded, role: Role) -> Sidecar:
        """The recorded sidecar; never looked up by name or label."""
        container = recorded.containers.get(role)
        if not container:
            raise SidecarUnreachable(f"{recorded.slug} has no {role} yet; `bottle-tui down {recorded.slug}` and `up`")
        return ContainerSidecar(self._engine, container, role, self._conversations)

    def states(self, recorded: Recorded) -> dict[Role, SidecarState]:
        """Of the agent and all sidecars, in one look."""
        try:
            with translated(EngineUnavailable, "the engine does not list its containers"):
                label = f"{names.SLUG}={recorded.slug}"
                listed = self._engine.api.containers(all=True, filters={"label": label})
        except EngineUnavailable:
            return dict.fromkeys(names.START_ORDER, "unknown")
        return _states(recorded, {str(each["Id"]) for each in listed if each.get("State") == "running"})

    def start(self, recorded: Recorded, launch: Launch, progress: Progress) -> Recorded:
        """Start a stopped bottle again, its files put anew."""
        self.check()
        return resuming.start(self._setting, recorded, launch, progress)

    def stop(self, recorded: Recorded) -> None:
        """Stop all its containers, the agent first; volumes stay. What is gone already is fine."""
        for role in reversed(names.START_ORDER):
            container = recorded.containers.get(role)
            if container:
                with translated(SidecarUnreachable, f"{role} could not be stopped"), removing.missing_is_fine():
                    self._engine.api.stop(container, timeout=_STOP_SECONDS)

    def remove(self, slug: str, recorded: Recorded | None, *, purge: bool) -> list[str]:
        """Remove all that was made, half-launched too. Returns what could not be, each with the command that does."""
        self.check()
        return removing.remove(self._engine, self._setting.operator[0], slug, recorded, purge=purge)

    def isolate(self, recorded: Recorded) -> None:
        """Cut egress from the chain; needs no process of the bottle to answer."""
        with translated(SidecarUnreachable, f"{recorded.slug}: egress could not be cut off"):
            if self._on_chain(recorded):
                self._engine.api.disconnect_container_from_network(
                    recorded.containers["egress"], recorded.networks["chain"], force=True
                )

    def isolated(self, recorded: Recorded) -> bool:
        """Whether egress is off the chain, as the engine says right now."""
        with translated(SidecarUnreachable, f"{recorded.slug}: the engine does not say how egress is connected"):
            return not self._on_chain(recorded)

    def rejoin(self, recorded: Recorded) -> None:
        """Undo `isolate`."""
        with translated(SidecarUnreachable, f"{recorded.slug}: egress could not be joined to the chain again"):
            if not self._on_chain(recorded):
                self._engine.api.connect_container_to_network(recorded.containers["egress"], recorded.networks["chain"])

    def _on_chain(self, recorded: Recorded) -> bool:
        inspected: dict[str, Any] = self._engine.api.inspect_container(recorded.containers["egress"])
        attached = (inspected["NetworkSettings"].get("Networks") or {}).values()
        return any(each.get("NetworkID") == recorded.networks["chain"] for each in attached)

    def attach(self, recorded: Recorded, argv: list[str] | None = None) -> int:
        """Join the agent's terminal (or run `argv` in its container); returns the exit code."""
        from bottle_tui.adapters.docker import attaching

        return attaching.attach(self._engine, recorded.containers["agent"], argv)


def _states(recorded: Recorded, running: set[str]) -> dict[Role, SidecarState]:
    """By the recorded ids, whatever carries the label beside them."""
    return {role: "up" if recorded.containers.get(role) in running else "down" for role in names.START_ORDER}
