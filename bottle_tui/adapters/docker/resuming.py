"""Starting a stopped bottle again: the same containers, their files put anew, tokens handed over again."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from bottle_tui.adapters.docker import launch as launching
from bottle_tui.adapters.docker import names, waiting
from bottle_tui.adapters.docker.engine import translated
from bottle_tui.adapters.docker.launch import Setting
from bottle_tui.adapters.docker.making import Workshop, first_files
from bottle_tui.errors import BottleError, LaunchFailed
from bottle_tui.ports import Launch, Progress, Recorded, Role


def start(setting: Setting, recorded: Recorded, wanted: Launch, progress: Progress) -> Recorded:
    """Start what is stopped, in order. When a step fails, what was started is stopped again (LaunchFailed)."""
    started: list[str] = []
    try:
        _all_steps(setting, recorded, wanted, progress, started)
    except BottleError as error:
        progress("a step failed; stopping again…")
        for container in reversed(started):
            with translated(LaunchFailed, f"{error.message}; and {container[:12]} could not be stopped again"):
                setting.engine.api.stop(container, timeout=5)
        raise LaunchFailed(f"{error.message} (the bottle is stopped again)") from error
    return recorded


def _all_steps(setting: Setting, recorded: Recorded, wanted: Launch, progress: Progress, started: list[str]) -> None:
    since: dict[Role, datetime] = {}
    for role in names.START_ORDER[:-1]:
        container = recorded.containers[role]
        progress(f"starting {role}…")
        first_files(setting.engine, container, role, wanted)
        since[role] = _start(setting, container, role, started)
    _probe(setting, recorded)
    for role in names.START_ORDER[:-1]:
        waiting.until_ready(setting.engine, recorded.containers[role], role, since[role])
    launching.deliver(setting.engine, recorded.containers["egress"], wanted)
    if wanted.joined:
        progress("the agent starts when it is joined")
        return
    progress("starting the agent…")
    _start(setting, recorded.containers["agent"], "the agent", started)


def _probe(setting: Setting, recorded: Recorded) -> None:
    """The networks may have been changed while the bottle was stopped, so they are probed again."""
    with ExitStack() as nothing_made:
        workshop = Workshop(setting.engine, recorded.slug, setting.operator[0], recorded.incarnation, nothing_made)
        try:
            image = str((recorded.details.get("images") or {}).get("egress") or "")
            launching.probe(workshop, recorded.containers["pipelock"], image)
        finally:
            workshop.wait()


def _start(setting: Setting, container: str, what: str, started: list[str]) -> datetime:
    """Start it, restarted when it runs already, so that it loads what was put; the moment by the engine's clock."""
    with translated(LaunchFailed, f"{what} did not start; `down` and `up` make it anew"):
        before = setting.engine.api.inspect_container(container)["State"]
        if before.get("Running") and what != "the agent":
            setting.engine.api.restart(container, timeout=2)
        elif not before.get("Running"):
            setting.engine.api.start(container)
        started.append(container)
        return engine_time(setting.engine.api.inspect_container(container)["State"]["StartedAt"])


def engine_time(text: str) -> datetime:
    """The engine's nanoseconds as a moment, rounded down a little so that no line of the start is missed."""
    whole, _, rest = text.partition(".")
    fraction = rest.rstrip("Z")[:6].ljust(6, "0") if rest else "000000"
    moment = datetime.fromisoformat(f"{whole.rstrip('Z')}.{fraction}").replace(tzinfo=UTC)
    return moment - timedelta(milliseconds=5)
