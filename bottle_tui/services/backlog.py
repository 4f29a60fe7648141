"""What a sidecar has said already, read back and bounded: never longer than so many lines and seconds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Clock, EventLines, Sidecar
from bottle_tui.services import ack

QUIET = 0.15
"""Seconds without a line after which the backlog has been read."""


@dataclass
class Backlog:
    """Events, oldest first, and how many lines they were among. `whole`: whether the end was reached."""

    events: list[dict[str, Any]] = field(default_factory=list)
    lines: int = 0
    whole: bool = False


def read(
    clock: Clock,
    sidecar: Sidecar,
    *,
    limit: int,
    seconds: float,
    since: datetime | None = None,
    tail: int | None = None,
    quiet: float = QUIET,
) -> Backlog:
    """Read until nothing comes for `quiet` seconds, the output ends, or a bound is met. Raises SidecarUnreachable."""
    found = Backlog()
    deadline = clock.monotonic() + seconds
    lines = sidecar.follow(since=since, tail=tail)
    try:
        while found.lines < limit and clock.monotonic() < deadline:
            try:
                line = lines.next(quiet)
            except SidecarUnreachable:
                line = None  # the output of one that is down ends
            if line is None:
                found.whole = True
                break
            found.lines += 1
            event = ack.event_of(line)
            if event:
                found.events.append(event)
    finally:
        lines.close()
    return found


def raw(lines: EventLines, limit: int, quiet: float) -> list[str]:
    """Lines that are there already: until `limit`, the stream's end, or `quiet` seconds without one."""
    found: list[str] = []
    while len(found) < limit:
        try:
            line = lines.next(quiet)
        except SidecarUnreachable:
            break
        if line is None:
            break
        found.append(line)
    return found
