"""Event lines: one JSON object a line, written by a thread of their own so that a slow reader never holds a request.

Repeated denials are merged (the first, then a count each second) and what does not fit is dropped and counted.
"""

import contextlib
import json
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_STOP = object()
_LOOK = object()
_AWAITED = frozenset({"routes_loaded", "routes_rejected", "token_loaded", "gate_ready"})
"""What the operator's side waits for, and an agent cannot cause: said first, never dropped."""
_ROOM = 10_000
_KINDS = 1_000
"""How many different denials are merged in one second; further ones are dropped and counted."""


_PLACES = 20
"""How many different paths the count of merged denials tells apart; the rest is in the count alone."""
_LONGEST_PLACE = 300
"""A longer path is not told apart: cut, it would name another place."""
_LONGEST = 2_000

type _Place = tuple[str, int, str]
"""Path, port, scheme."""


@dataclass
class _Repeats:
    """What was merged since the last line of its kind."""

    count: int = 0
    places: dict[_Place, int] = field(default_factory=dict)

    def add(self, place: _Place | None) -> None:
        """One more."""
        self.count += 1
        if place is None or len(place[0]) > _LONGEST_PLACE:
            return
        if place in self.places or len(self.places) < _PLACES:
            self.places[place] = self.places.get(place, 0) + 1

    def listed(self) -> list[dict[str, Any]]:
        """The places, most frequent first, as the event lists them."""
        ordered = sorted(self.places.items(), key=lambda item: -item[1])
        return [{"path": path, "port": port, "scheme": scheme, "count": n} for (path, port, scheme), n in ordered]


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
        self._awaited: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self._dropped = 0
        self._counts: dict[tuple[str, ...], _Repeats] = {}
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def emit(self, event: str, **fields: Any) -> None:
        """Queue one event; never blocks."""
        line = {"event": event, "time": moment(), **{name: clipped(value) for name, value in fields.items()}}
        if event in _AWAITED:
            self._awaited.append(line)
            with contextlib.suppress(queue.Full):  # then it is looked at before the next of them anyway
                self._queue.put_nowait(_LOOK)
            return
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            with self._lock:
                self._dropped += 1

    def denied(self, **fields: Any) -> None:
        """A denial: the first of its host, method and reason in a second is a line, the others are counted."""
        path, port, scheme = (fields.get(name) for name in ("path", "port", "scheme"))
        place = (str(path), port, str(scheme)) if path is not None and isinstance(port, int) else None
        kind = (str(fields["host"]), str(fields["method"]), str(fields["reason"]))
        self.merged("denied", kind, place, **fields)

    def merged(self, event: str, kind: tuple[str, ...], place: _Place | None = None, **fields: Any) -> None:
        """An event that is written once per kind and second; the rest is `<event>_more`: a count, and where."""
        key = (event, *map(clipped, kind))
        with self._lock:
            if key in self._counts:
                self._counts[key].add(place)
                return
            if len(self._counts) >= _KINDS:
                self._dropped += 1
                return
            self._counts[key] = _Repeats()
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
                item = _LOOK
            while self._awaited:
                self._write(self._awaited.popleft())
            if item is _STOP:
                self._flush()
                return
            if item is not _LOOK:
                self._write(item)
            if time.monotonic() >= due:
                self._flush()
                due = time.monotonic() + self._interval

    def _flush(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, {}
            dropped, self._dropped = self._dropped, 0
            # A kind that keeps coming is only counted, also at the start of the next second.
            self._counts = {key: _Repeats() for key, repeats in counts.items() if repeats.count}
        for (event, *kind), repeats in counts.items():
            if repeats.count:
                names = ("host", "method", "reason")[: len(kind)] if event == "denied" else ("kind",)
                told = dict(zip(names, kind, strict=False))
                paths = {"paths": listed} if (listed := repeats.listed()) else {}
                self._write({"event": f"{event}_more", "time": moment(), "count": repeats.count, **told, **paths})
        if dropped:
            self._write({"event": "dropped", "time": moment(), "count": dropped})

    def _write(self, item: dict[str, Any]) -> None:
        try:
            self._sink(json.dumps(item, separators=(",", ":"), ensure_ascii=True, default=str))
        except (OSError, ValueError):
            # A closed pipe must not end the thread: the next line may find a reader again.
            return
