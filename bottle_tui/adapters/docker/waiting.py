"""Waiting until a sidecar has said that it is up, and telling its last words when it has not."""

import time
from datetime import datetime

from bottle_tui.adapters.docker.engine import Engine
from bottle_tui.adapters.docker.following import ContainerLines
from bottle_tui.core.event_lines import event_of
from bottle_tui.errors import LaunchFailed, SidecarUnreachable
from bottle_tui.ports import Role

READY: dict[Role, frozenset[str]] = {
    "pipelock": frozenset({"startup"}),
    "egress": frozenset({"gate_ready", "routes_loaded"}),
    "supervise": frozenset({"supervise_ready"}),
}
REFUSED: dict[Role, frozenset[str]] = {"egress": frozenset({"routes_rejected"})}
SECONDS = 60.0
_LAST_WORDS = 6


def until_ready(engine: Engine, container: str, role: Role, since: datetime | None = None) -> None:
    """Returns once the sidecar's output has the event line of its start. Raises LaunchFailed with its last words."""
    until_said(engine, container, role, READY[role], REFUSED.get(role, frozenset()), since)


def until_said(
    engine: Engine,
    container: str,
    what: str,
    ready: frozenset[str],
    refused: frozenset[str] = frozenset(),
    since: datetime | None = None,
) -> None:
    """The same for any container and any events; `what` is its name in an error."""
    lines = ContainerLines(engine, container, since, None)
    said: list[str] = []
    deadline = time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            line = lines.next(max(0.01, deadline - time.monotonic()))
            if line is None:
                break
            said = [*said[-_LAST_WORDS:], line[:300]]
            event = (event_of(line) or {}).get("event")
            if event in ready:
                return
            if event in refused:
                raise LaunchFailed(f"{what} refused what it was given: {line[:600]}")
    except SidecarUnreachable as error:
        raise LaunchFailed(f"{what} ended before it was ready; it said: {_joined(said)}") from error
    finally:
        lines.close()
    raise LaunchFailed(f"{what} was not ready after {SECONDS:.0f} s; it said: {_joined(said)}")


def _joined(said: list[str]) -> str:
    return " / ".join(said) or "nothing"
