"""Joining the agent's terminal. Only where the sidecars run: an agent without them has nowhere to go."""

from bottle_tui.errors import Conflict
from bottle_tui.ports import World
from bottle_tui.services import lookup


def attach(world: World, slug: str, argv: list[str] | None = None) -> int:
    """The agent's exit code, or that of `argv` run beside it. Raises NotFound; Conflict while the bottle is stopped."""
    record = lookup.recorded(world, slug)
    runtime = lookup.runtime_of(world, record)
    if runtime.states(record).get("egress") == "down":
        raise Conflict(f"the bottle {slug} is stopped; `bottle-tui up` starts it")
    return runtime.attach(record, argv)


def how_to_leave(world: World, slug: str) -> str:
    """The line to show before joining: which key lets go of the agent, and whether it goes on then. Raises NotFound."""
    if lookup.recorded(world, slug).runtime == "local":
        return f"{slug}: the agent runs on this very terminal and ends with it; ctrl-c is the agent's"
    keys = "ctrl-p ctrl-q (in zellij, ctrl-] twice)"
    return f"{slug}: {keys} lets go, and the agent goes on; `bottle-tui attach {slug}` joins it again"
