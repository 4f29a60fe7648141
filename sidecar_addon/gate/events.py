"""Event lines: one JSON object a line, written by a thread of their own so that a slow reader never holds a request.

Repeated denials are merged (the first, then a count each second) and what does not fit is dropped and counted.
"""

import json
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_STOP = object()
_ROOM = 10_000
_KINDS = 1_000
"""How many different denials are merged in one second; further ones are dropped and counted."""


_LONGEST = 2_000


def clipped[T](value: T) -> T | str:
    """A value as an event carries it: an agent's long path must not push other lines out of a bounded log."""
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def moment() -> str:
    """Now, in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Events:
    """`emit` queues a line, `denied` and `merged` queue one that may be merged with others of its kind."""

    def __init__(self, sink: Callable[[str], None], interval: float = 1.0) -> None:
        self._sink = sink
        self._interval = interval
        self._queue: queue.Queue[Any] = queue.Queue(_ROOM)
        self._lock = threading.Lock()
        self._dropped = 0
        self._counts: dict[tuple[str, ...], int] = {}
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def emit(self, event: str, **fields: Any) -> None:
        """Queue one event; never blocks."""
        short = {name: clipped(value) for name, value in fields.items()}
        try:
            self._queue.put_nowait({"event": event, "time": moment(), **short})
        except queue.Full:
            with self._lock:
                self._dropped += 1

    def denied(self, **fields: Any) -> None:
        """A denial: the first of its host, method and reason in a second is a line, the others are counted."""
        self.merged("denied", (str(fields["host"]), str(fields["method"]), str(fields["reason"])), **fields)

    def merged(self, event: str, kind: tuple[str, ...], **fields: Any) -> None:
        """An event that is written once per kind and second; the rest becomes `<event>_more` with a count."""
        key = (event, *map(clipped, kind))
        with self._lock:
            if key in self._counts:
                self._counts[key] += 1
                return
            if len(self._counts) >= _KINDS:
                self._dropped += 1
                return
            self._counts[key] = 0
        self.emit(event, **fields)

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._queue.put(_STOP)
        self._thread.join(5)

    def _run(self) -> None:
        due = time.monotonic() + self._interval
        while True:
            try:
                item = self._queue.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                item = None
            if item is _STOP:
                self._flush()
                return
            if item is not None:
                self._write(item)
            if time.monotonic() >= due:
                self._flush()
                due = time.monotonic() + self._interval

    def _flush(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, {}
            dropped, self._dropped = self._dropped, 0
            # A kind that keeps coming is only counted, also at the start of the next second.
            self._counts = {key: 0 for key, count in counts.items() if count}
        for (event, *kind), count in counts.items():
            if count:
                names = ("host", "method", "reason")[: len(kind)] if event == "denied" else ("kind",)
                self._write(
                    {"event": f"{event}_more", "time": moment(), "count": count, **dict(zip(names, kind, strict=False))}
                )
        if dropped:
            self._write({"event": "dropped", "time": moment(), "count": dropped})

    def _write(self, item: dict[str, Any]) -> None:
        try:
            self._sink(json.dumps(item, separators=(",", ":"), ensure_ascii=True, default=str))
        except (OSError, ValueError):
            # A closed pipe must not end the thread: the next line may find a reader again.
            return
