"""Lines of several outputs as one, by the time that is written in them. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import merge

from bottle_tui.core.views import LogLine

_AFTER_ALL = float("inf")


def merged(outputs: Iterable[Sequence[LogLine]]) -> list[LogLine]:
    """Each output keeps its own order; a line without a time stays behind the one before it.

    An output without any time comes last.
    """
    streams = [output for output in outputs if output]
    if len(streams) == 1:
        return list(streams[0])
    return [line for _, line in merge(*map(_timed, streams), key=lambda each: each[0])]


def _timed(output: Sequence[LogLine]) -> Iterator[tuple[float, LogLine]]:
    """Never earlier than the line before; what comes first without a time goes with the first that has one."""
    latest = next((moment for line in output if (moment := _moment(line)) is not None), _AFTER_ALL)
    for line in output:
        moment = _moment(line)
        latest = latest if moment is None else max(latest, moment)
        yield latest, line


def _moment(line: LogLine) -> float | None:
    """Seconds since the epoch, of a line that says when it was written."""
    written = line.event.get("time") if line.event else None
    if not isinstance(written, str):
        return None
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
