"""What a sidecar has said already, read back and bounded: never longer than so many lines and seconds.

It ends with the newest line there is: following one that goes on talking has no end of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottle_tui.core.event_lines import event_of
from bottle_tui.errors import OutputEnded, SidecarUnreachable
from bottle_tui.ports import Clock, Sidecar

SECONDS = 2.0
"""What a reader waits for at the most, unless it says otherwise."""


@dataclass
class Backlog:
    """Events, oldest first, and how many lines they were among."""

    events: list[dict[str, Any]] = field(default_factory=list)
    lines: int = 0
    whole: bool = False
    """Whether the end was reached."""
    broke_off: bool = False
    problem: str = ""
    """Why the newest are not among them, where that is not for their number: it broke off, or took too long."""


def read(
    clock: Clock,
    sidecar: Sidecar,
    *,
    limit: int,
    seconds: float = SECONDS,
    since: datetime | None = None,
    tail: int | None = None,
) -> Backlog:
    """Read to the end, to a bound, or where it breaks off. Raises SidecarUnreachable when nothing can be asked."""
    found = Backlog()
    deadline = clock.monotonic() + seconds
    lines = sidecar.said(since=since, tail=tail)
    try:
        while found.lines < limit and (left := deadline - clock.monotonic()) > 0:
            try:
                line = lines.next(left)
            except OutputEnded:
                found.whole = True
                break
            except SidecarUnreachable as error:
                found.broke_off, found.problem = True, error.message
                break
            if line is None:
                break
            found.lines += 1
            event = event_of(line)
            if event is not None:
                found.events.append(event)
    finally:
        lines.close()
    if not (found.whole or found.problem or found.lines >= limit):
        found.problem = f"the output of {sidecar.role} was not read to its end in {seconds:g} s"
    return found
