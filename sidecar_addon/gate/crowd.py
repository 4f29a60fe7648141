"""More connections, or more memory, than an honest agent needs. The agent's connections end before the engine ends the
gate: with it would go the tokens, and whoever has something to say to it."""

import contextlib
import ctypes
import gc
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

from mitmproxy.connection import Client

from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flights

MOST = 1_000
"""Connections of the agent."""
_FULL = 0.7
"""The part of the memory limit at which connections end."""
_AGAIN = 64 * 1024 * 1024
"""So much more than what could not be had back the last time is needed to do it again."""
_SETTLES = 4
"""Looks until the ends of all connections have been handled."""
_NO_LIMIT = 1 << 50


def most() -> int:
    """How many connections may be open: each may need three files, and some are for the operator."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST if files == resource.RLIM_INFINITY else min(MOST, (files - 100) // 3)


class Memory:
    """What the gate may use and does, by its control group of either version."""

    def __init__(self, folder: Path | None) -> None:
        self._stat: Path | None = None
        self._counted: tuple[str, ...] = ()
        self.limit: int | None = None
        """Bytes; None where there is none."""
        for limit, stat, counted in (
            ("memory.max", "memory.stat", ("anon", "sock")),
            ("memory/memory.limit_in_bytes", "memory/memory.stat", ("rss",)),
        ):
            text = _text(folder / limit).strip() if folder else ""
            if folder and text.isdigit() and int(text) < _NO_LIMIT:
                self.limit, self._stat, self._counted = int(text), folder / stat, counted
                return

    def used(self) -> int:
        """Bytes that cannot be had back without the process; 0 where they are not known."""
        fields = (line.partition(" ") for line in _text(self._stat).splitlines()) if self._stat else ()
        return sum(int(value) for name, _, value in fields if name in self._counted and value.isdigit())


class Crowd:
    """Ends connections where there are too many, or too much waits in them."""

    def __init__(self, handlers: Callable[[], list[Any]], flights: Flights, events: Events, memory: Memory) -> None:
        self._handlers = handlers
        self._flights = flights
        self._events = events
        self._memory = memory
        self._leaving: WeakSet[Any] = WeakSet()
        self._floor = 0
        self._settles = 0
        """So many looks more until what was freed can be given back."""

    def has_room(self, client: Client) -> bool:
        """Whether a new connection may stay; one that is idle makes room for it."""
        others = [item for item in self._handlers() if item.client is not client and item not in self._leaving]
        if len(others) < most():
            return True
        self._events.merged("crowded", ("connections",), why="connections")
        at_work = {flight.client for flight in self._flights}
        idle = [item for item in others if item.client.id not in at_work]
        if not idle:
            return False
        self._end(min(idle, key=lambda item: item.timeout_watchdog.last_activity))
        return True

    def watch(self) -> None:
        """Look at the memory. Called several times a second."""
        if self._memory.limit is None:
            return
        if self._settles:
            self._settles -= 1
            if self._settles == 0:
                gc.collect()
                _give_back()
                self._floor = self._memory.used()
        elif self._memory.used() > max(self._memory.limit * _FULL, self._floor + _AGAIN):
            self._settles = _SETTLES
            self._events.emit("crowded", why="memory")
            self._flights.cut(self._flights, "crowded")
            for item in self._handlers():
                self._end(item)

    def _end(self, handler: Any) -> None:
        self._leaving.add(handler)
        with contextlib.suppress(KeyError):
            self._flights.abort(handler.client.id)


def _give_back() -> None:
    """What was freed goes back to the system, where the C library can do that."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _text(path: Path) -> str:
    """A small file; empty where it cannot be read."""
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
