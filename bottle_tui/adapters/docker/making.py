"""Making and unmaking single things on the engine. Whatever is made puts its removal on the undo list at once."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from bottle_tui.adapters.docker import containers, names, networks
from bottle_tui.adapters.docker.archives import Entry, pack
from bottle_tui.adapters.docker.containers import Container
from bottle_tui.adapters.docker.engine import Engine, explanation, foreign_errors, is_missing, translated
from bottle_tui.adapters.docker.sidecar import put_files
from bottle_tui.errors import LaunchFailed
from bottle_tui.ports import Launch, Role


@dataclass
class Workshop:
    """One launch: the engine, whose account, which incarnation, and how to undo what was made so far."""

    engine: Engine
    slug: str
    uid: int
    incarnation: str
    undo: ExitStack
    leftovers: list[str] = field(default_factory=list)
    """What undoing could not remove, each with the command that does."""

    _background: list[threading.Thread] = field(default_factory=list)

    def in_background(self, work: Callable[[], None]) -> None:
        """Do something that takes the engine seconds beside the next steps; `wait` waits for it."""
        thread = threading.Thread(target=work)
        self._background.append(thread)
        thread.start()

    def wait(self) -> None:
        """Returns once everything in the background is done."""
        while self._background:
            self._background.pop().join()

    def labels(self, role: str) -> dict[str, str]:
        """The labels of one thing of this launch."""
        return names.labels(self.slug, role, self.uid, self.incarnation)

    def network(self, kind: str, environ_pool: str | None) -> str:
        """Make one of the three networks; its id."""
        within = networks.pool({"BOTTLE_TUI_SUBNET": environ_pool or ""})
        made = networks.create(self.engine, self.slug, kind, within, self.labels(f"network-{kind}"))
        name = names.network(self.slug, kind)
        self._later(lambda: self.engine.api.remove_network(made), f"docker network rm {name}")
        return made

    def volume(self, kind: str) -> str:
        """Make a sidecar's volume, empty; its name. One of that name that is not of this launch is refused."""
        name = names.volume(self.slug, kind)
        with translated(LaunchFailed, f"the volume {name} could not be made"):
            made = self.engine.api.create_volume(name, labels=self.labels(f"volume-{kind}"))
        if (made.get("Labels") or {}).get(names.INCARNATION) != self.incarnation:
            raise LaunchFailed(f"a volume {name} is already there; remove it with `docker volume rm {name}`")
        self._later(lambda: self.engine.api.remove_volume(name, force=True), f"docker volume rm {name}")
        return name

    def home_volume(self) -> tuple[str, bool]:
        """The agent's home, which outlives bottles: its name, and whether it was made now (and is undone then)."""
        name = names.volume(self.slug, "home")
        with translated(LaunchFailed, f"the volume {name} could not be made"):
            made = self.engine.api.create_volume(name, labels=self.labels("volume-home"))
        labels = made.get("Labels") or {}
        if labels.get(names.SLUG) != self.slug or labels.get(names.UID) != str(self.uid):
            raise LaunchFailed(f"a volume {name} is there that is not yours; `docker volume rm {name}` or another name")
        fresh = labels.get(names.INCARNATION) == self.incarnation
        if fresh:
            self._later(lambda: self.engine.api.remove_volume(name, force=True), f"docker volume rm {name}")
        return name, fresh

    def container(self, wanted: Container) -> str:
        """Create a container on all its networks, not started; its id."""
        with translated(
            LaunchFailed,
            f"the container {wanted.name} could not be made",
            f"if one of that name is left over: `docker rm -f {wanted.name}`",
        ):
            made = self.engine.api.create_container_from_config(containers.create_body(wanted), wanted.name)
            container = str(made["Id"])
            self._later(
                lambda: self.engine.api.remove_container(container, force=True, v=True), f"docker rm -f {wanted.name}"
            )
            for more in wanted.more_networks:
                self.engine.api.connect_container_to_network(container, more.network, aliases=list(more.aliases))
        return container

    def first_files(self, container: str, role: Role, launch: Launch) -> None:
        """The folders and first files of a sidecar, before it starts."""
        first_files(self.engine, container, role, launch)

    def start(self, container: str, what: str) -> None:
        """Start a created container."""
        with translated(LaunchFailed, f"{what} did not start"):
            self.engine.api.start(container)

    def _later(self, remove: Callable[[], object], command: str) -> None:
        def undo() -> None:
            try:
                remove()
            except foreign_errors() as error:
                if not is_missing(error):
                    self.leftovers.append(f"`{command}` ({explanation(error)})")

        self.undo.callback(undo)


def first_files(engine: Engine, container: str, role: Role, launch: Launch) -> None:
    """Put the folders and first files of a sidecar onto its volume; keys 0400."""
    root, uid = names.VOLUME_PATHS[role], names.UIDS[role]
    folders = [Entry(path.removeprefix(root + "/"), None, uid, 0o755) for path in names.FOLDERS[role]]
    with translated(LaunchFailed, f"{role}: its folders could not be made"):
        engine.api.put_archive(container, root, pack(folders))
    if launch.files.get(role):
        put_files(engine, container, role, launch.files[role], 0o444)
    if launch.private_files.get(role):
        put_files(engine, container, role, launch.private_files[role], 0o400)
