"""Traffic per minute: gate events in, rows out, drained twice and counted once. Pure; `services/traffic` keeps them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One minute (or more, once added up) of one host, method, path prefix, grant and reason. Moments as the gate wrote."""

    minute: str
    """`2026-01-31T12:41`, UTC."""
    host: str
    method: str
    prefix: str
    """The first two segments, see `evidence.prefix_of`; "" where the gate kept none."""
    grant: str | None
    reason: str | None
    """None: allowed."""
    count: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    first: str = ""
    last: str = ""


@dataclass(frozen=True)
class Gap:
    """A time for which not everything was counted. `why`: dropped | rotated | restarted | not_drained."""

    start: str | None
    end: str
    why: str
    count: int | None = None


@dataclass(frozen=True)
class Cursor:
    """How far the log was counted: nothing at or before `floor` is new, and of what is later, nothing in `seen`."""

    floor: str = ""
    seen: tuple[str, ...] = field(default_factory=tuple)
    incarnation: str = ""
    closed: bool = False
    """Whether the last of that incarnation was counted, at `down`."""
