"""`ports.Runtime` with plain processes on loopback. Nothing is contained here, and the screen says so."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from bottle_tui.adapters.local import agent, client, files, starting
from bottle_tui.adapters.local.addresses import BOTTLE_FOLDER, HOST, Addresses, credentials, working_folder
from bottle_tui.adapters.local.sidecar import LocalSidecar, states
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import BottleError, LaunchFailed, SidecarUnreachable
from bottle_tui.ports import SIDECARS, Home, Launch, Progress, Recorded, Role, Sidecar, Survey
from sidecar_addon.gate.ask import AskError
from sidecar_addon.gate.ask import ask as ask_gate

_ISOLATE_SECONDS = 3.0
_MARKER = "local/isolated"


class LocalRuntime:
    """`upstreams` (name → address, port) lets demo and tests serve names on this machine; nothing else sets it."""

    name = "local"

    def __init__(
        self,
        home: Home,
        environ: Mapping[str, str] | None = None,
        *,
        upstreams: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self._root = home.root
        self._environ = dict(os.environ if environ is None else environ)
        self._upstreams = dict(upstreams or {})

    def describe(self) -> str:
        """For the title."""
        return "local: NOT CONTAINED"

    def check(self) -> None:
        """Nothing is needed but this Python."""

    def launch(self, launch: Launch, progress: Progress) -> Recorded:
        """Start everything; undone when a step fails (LaunchFailed)."""
        running = client.find(launch.home)
        if running is not None and running.is_running:
            raise LaunchFailed(f"{launch.plan.slug} runs already (pid {running.pid}); `bottle-tui down` ends it")
        _forget(launch.home)
        with ExitStack() as undo:
            undo.callback(_undo, launch.home)
            try:
                record = self._bring_up(launch, progress, None)
            except (BottleError, OSError) as error:
                message = error.message if isinstance(error, BottleError) else str(error)
                raise LaunchFailed(f"{message} (everything that was made is undone)") from error
            undo.pop_all()
        return record

    def start(self, recorded: Recorded, launch: Launch, progress: Progress) -> Recorded:
        """Start a stopped bottle again, on its old addresses where they are free; stopped again when a step fails."""
        with ExitStack() as undo:
            undo.callback(_end, launch.home)
            try:
                record = self._bring_up(launch, progress, recorded)
            except OSError as error:
                raise LaunchFailed(f"{launch.plan.slug} cannot be started: {error}") from error
            undo.pop_all()
        return record

    def survey(self, records: Sequence[Recorded]) -> Survey:
        """Slugs with a process on record; how its parts are, each process has to be asked for itself."""
        found: dict[str, str] = {}
        for record in sorted(self._root.glob(f"bottles/*/{client.RECORD}")):
            process = client.find(record.parent)
            found[record.parent.name] = "running" if process is not None and process.is_running else "stopped"
        return Survey({}, found)

    def sidecar(self, recorded: Recorded, role: Role) -> Sidecar:
        """The recorded sidecar."""
        return LocalSidecar(self._home(recorded.slug), role, recorded.containers.get(role, ""))

    def states(self, recorded: Recorded) -> dict[Role, SidecarState]:
        """Of the agent and all sidecars."""
        home = self._home(recorded.slug)
        process = client.find(home)
        found: dict[Role, SidecarState] = {"agent": agent.state(home)}
        if process is None or not process.is_running or process.identity != recorded.containers.get("egress"):
            return found | dict.fromkeys(SIDECARS, "down")
        said = states(process)
        return found | {role: said.get(role, "unknown") for role in SIDECARS}

    def stop(self, recorded: Recorded) -> None:
        """End the process and an attached agent; files stay."""
        home = self._home(recorded.slug)
        agent.stop(home)
        _end(home)

    def remove(self, slug: str, recorded: Recorded | None, *, purge: bool) -> list[str]:
        """End it and take its files away. What does not end is named with the command that ends it."""
        home = self._home(slug)
        agent.stop(home)
        process = client.find(home)
        left: list[str] = []
        if process is not None and process.is_running:
            try:
                client.end(process)
            except SidecarUnreachable as error:
                left.append(error.message)
        if not left:
            _forget(home)
        if purge:
            shutil.rmtree(home / "agent-home", ignore_errors=True)
        return left

    def isolate(self, recorded: Recorded) -> None:
        """Cut the gate from the hop; a process that does not do so at once is killed, with all its parts."""
        home = self._home(recorded.slug)
        with suppress(FileNotFoundError):
            (home / _MARKER).touch(0o600)
        process = client.find(home)
        if process is None or not process.is_running:
            return
        try:
            client.ask(process, {"verb": "isolate"}, _ISOLATE_SECONDS)
        except SidecarUnreachable:
            client.kill_group(process)

    def isolated(self, recorded: Recorded) -> bool:
        """Whether the process says that the gate is cut from the hop; without a process the marker for its start."""
        home = self._home(recorded.slug)
        process = client.find(home)
        if process is None or not process.is_running:
            return (home / _MARKER).exists()
        return client.ask(process, {"verb": "state"}, _ISOLATE_SECONDS).get("isolated") is True

    def rejoin(self, recorded: Recorded) -> None:
        """Undo `isolate`."""
        home = self._home(recorded.slug)
        (home / _MARKER).unlink(missing_ok=True)
        process = client.find(home)
        if process is not None and process.is_running:
            client.ask(process, {"verb": "rejoin"})

    def attach(self, recorded: Recorded, argv: list[str] | None = None) -> int:
        """Run the agent's command, or `argv`, on this terminal; the exit code."""
        return agent.attach(self._home(recorded.slug), argv, self._environ)

    def start_agent(self, recorded: Recorded) -> "subprocess.Popen[bytes]":
        """The agent as a child that is not on the terminal, its output on a pipe: the demo's."""
        streams = {"stdin": subprocess.DEVNULL, "out": subprocess.PIPE}
        return agent.start(self._home(recorded.slug), None, self._environ, **streams)

    def _home(self, slug: str) -> Path:
        return self._root / "bottles" / slug

    def _bring_up(self, launch: Launch, progress: Progress, before: Recorded | None) -> Recorded:
        launch.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_files(launch)
        progress("starting gate, supervise and hop on loopback (local: NOT CONTAINED)…")
        known = credentials(before.proxy_url, before.mcp_url) if before else None
        password, mcp_path = known or (secrets.token_urlsafe(18), f"/{secrets.token_urlsafe(18)}/mcp")
        old = client.find(launch.home)
        orders = starting.Orders(launch.home, password, mcp_path, old.ports if old else {}, self._upstreams)
        process = starting.start(launch.plan.slug, orders, self._environ)
        for slot, (value, fingerprint) in launch.tokens.items():
            _deliver(process, slot, value, fingerprint)
        addresses = Addresses(
            proxy_url=f"http://bottle:{password}@{HOST}:{process.ports['egress']}",
            mcp_url=f"http://{HOST}:{process.ports['supervise']}{mcp_path}",
            files=launch.home / "local/agent",
        )
        _settle_agent(launch, addresses)
        for role in SIDECARS:
            progress(f"{role}: ready on {HOST}:{process.ports[role]}")
        return Recorded(
            slug=launch.plan.slug,
            runtime=self.name,
            incarnation=launch.incarnation,
            created=before.created if before else datetime.now(UTC),
            containers=dict.fromkeys(("agent", *SIDECARS), process.identity),
            networks={},
            volumes={},
            proxy_url=addresses.proxy_url,
            mcp_url=addresses.mcp_url,
            ca_file=f"{addresses.files}{BOTTLE_FOLDER}ca-bundle.pem",
            details={"pipelock": "hop"},
        )


def _put_files(launch: Launch) -> None:
    """The first files of each sidecar; keys 0400."""
    for role in SIDECARS:
        root = launch.home / "local" / role
        for folder in (root.parent, root):
            folder.mkdir(mode=0o700, exist_ok=True)
        for given, mode in ((launch.files, 0o444), (launch.private_files, 0o400)):
            for path, data in given.get(role, {}).items():
                files.put(root, path, data, mode)


def _deliver(process: client.Process, slot: str, value: str, fingerprint: str) -> None:
    question = {"verb": "put_token", "slot": slot, "fingerprint": fingerprint, "value": value}
    try:
        ask_gate(question, process.gate_socket)
    except AskError as error:
        raise LaunchFailed(f"the gate did not take {slot}: {error}") from None


def _settle_agent(launch: Launch, addresses: Addresses) -> None:
    """The agent's files and environment, with the addresses of this machine."""
    for path, data in {**launch.plan.agent.files, **launch.files.get("agent", {})}.items():
        files.put(addresses.files, path, addresses.file(data), 0o444)
    plan = launch.plan.agent
    command = tuple(addresses.text(word) for word in plan.command)
    env = addresses.environment(launch.agent_env)
    agent.keep(launch.home, command, env, working_folder(plan, launch.plan.manifest))


def _end(home: Path) -> None:
    process = client.find(home)
    if process is not None:
        client.end(process)


def _undo(home: Path) -> None:
    _end(home)
    _forget(home)


def _forget(home: Path) -> None:
    (home / client.RECORD).unlink(missing_ok=True)
    shutil.rmtree(home / "local", ignore_errors=True)
