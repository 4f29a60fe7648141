"""Requests by host, from the log of the running gate."""

from dataclasses import dataclass

from bottle_tui.core.traffic import HostTraffic, summed
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import EventLines, World
from bottle_tui.services import logs, lookup

SOURCE = "the egress log of the running bottle"
MAX_LINES = 100_000
QUIET_SECONDS = 1.0
"""The log is over when nothing comes for so long."""


@dataclass(frozen=True)
class Traffic:
    """Sums by host and how many lines they are made of."""

    slug: str
    lines: int
    hosts: tuple[HostTraffic, ...]


def traffic(world: World, slug: str, *, quiet: float = QUIET_SECONDS) -> Traffic:
    """What the gate's log tells, as far as it reaches back. Raises NotFound, SidecarUnreachable."""
    lines = lookup.sidecar(world, slug, "egress").follow(tail=MAX_LINES)
    try:
        read = backlog(lines, MAX_LINES, quiet)
    finally:
        lines.close()
    events = (logs.parse(slug, "egress", line).event for line in read)
    return Traffic(slug, len(read), tuple(summed(event for event in events if event is not None)))


def backlog(lines: EventLines, limit: int, quiet: float = QUIET_SECONDS) -> list[str]:
    """What is there already: until `limit` lines, the stream's end, or `quiet` seconds without one."""
    read: list[str] = []
    while len(read) < limit:
        try:
            line = lines.next(quiet)
        except SidecarUnreachable:
            break
        if line is None:
            break
        read.append(line)
    return read
