"""Where the queue lies, who may speak to the server, and where event lines go. Imports nothing heavy."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BEAT_SECONDS = 5.0

type Emit = Callable[[dict[str, Any]], None]
"""Takes one event; it becomes one JSON line."""


def as_line(event: dict[str, Any]) -> str:
    """An event as its line, with when it was written: whoever reads a log asks when."""
    written = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    timed = {"event": event["event"], "time": written, **event}
    return json.dumps(timed, separators=(",", ":"), ensure_ascii=True)


def print_event(event: dict[str, Any]) -> None:
    """One event line on stdout."""
    sys.stdout.write(as_line(event) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Settings:
    """The defaults are the container's."""

    folder: Path = Path("/var/lib/supervise")
    host: str = "0.0.0.0"
    port: int = 9100
    """0: any free port; `Service.port` says which."""
    path: str = "/mcp"
    allowed_hosts: tuple[str, ...] = ("supervise:9100",)
    """Host headers that are answered, `name:port` or `name:*`; others get 421."""
    egress_proxy: str = "http://egress:9099"
    """The gate, as the agent uses it; a user and a password may stand in it."""
    emit: Emit = print_event
    beat_seconds: float = BEAT_SECONDS


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The container's settings; each can be set by a variable BOTTLE_SUPERVISE_… Raises ValueError."""
    usual = Settings()
    allowed = environ.get("BOTTLE_SUPERVISE_ALLOWED_HOSTS")
    return Settings(
        folder=Path(environ.get("BOTTLE_SUPERVISE_FOLDER", usual.folder)),
        host=environ.get("BOTTLE_SUPERVISE_HOST", usual.host),
        port=int(environ.get("BOTTLE_SUPERVISE_PORT", usual.port)),
        path=environ.get("BOTTLE_SUPERVISE_PATH", usual.path),
        allowed_hosts=tuple(allowed.split(",")) if allowed else usual.allowed_hosts,
        egress_proxy=environ.get("BOTTLE_SUPERVISE_EGRESS_PROXY", usual.egress_proxy),
    )
