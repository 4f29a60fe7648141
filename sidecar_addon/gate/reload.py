"""Loading the route table: read and parsed off the event loop, swapped in at once, acknowledged by one event line."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

from sidecar_addon import strict_yaml
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flights
from sidecar_addon.gate.policy import Policy
from sidecar_addon.table import LIMIT_BYTES, Table, TableError, digest_of
from sidecar_addon.table_parser import parse


class Reloader:
    """`request` may be called as often as wanted: a load that has not begun yet serves every call before it."""

    def __init__(
        self, path: Path, policy: Policy, flights: Flights, events: Events, changed: Callable[[], None]
    ) -> None:
        self.error: str | None = None
        """Why the last load was rejected; None when it was not."""
        self._path = path
        self._policy = policy
        self._flights = flights
        self._events = events
        self._changed = changed
        self._wanted = False
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def request(self) -> None:
        """Load soon. On the event loop's thread."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def load(self) -> None:
        """Load now; one event line says how it went, and the last good table stays when it went wrong.

        One after the other: what was read first must not come into force last.
        """
        async with self._lock:
            await self._load()

    async def _load(self) -> None:
        data: bytes | None = None
        try:
            data = await asyncio.to_thread(_read, self._path)
            table = await asyncio.to_thread(parse, data)
            self._check_base(table)
        except (TableError, OSError) as error:
            self.error = _said(error, self._path)
            self._events.emit(
                "routes_rejected",
                apply=_apply_of(data),
                digest=None if data is None else digest_of(data),
                error=self.error,
            )
            return
        self.error = None
        cut = self._swap(table)
        self._events.emit(
            "routes_loaded",
            apply=table.apply,
            digest=table.digest,
            generation=self._policy.generation,
            routes=len(table.routes),
            cut=cut,
            in_flight=len(self._flights),
        )

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            await self.load()

    def _check_base(self, table: Table) -> None:
        loaded = self._policy.table
        if loaded is None or table.base is None or table.digest == loaded.digest or table.base == loaded.digest:
            return
        raise TableError(
            f"it was made from the table {table.base}, but {loaded.digest} is in force; "
            "read the table in force and apply the change to that"
        )

    def _swap(self, table: Table) -> int:
        if self._policy.table is not None and self._policy.table.digest == table.digest:
            return 0
        self._policy.load(table)
        cut = cut_ended(self._policy, self._flights)
        self._changed()
        return cut


def cut_ended(policy: Policy, flights: Flights) -> int:
    """Cut every flight whose grant does not admit it any more; how many requests that ends."""
    total = 0
    for flight in flights:
        if flight.cut is not None:
            continue
        reason = policy.still_admits(flight.request, flight.grant.id)
        if reason is not None:
            total += flights.cut([flight], reason)
    return total


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise TableError(f"{path} is not a regular file")
        return file.read(LIMIT_BYTES + 1)


def _said(error: Exception, path: Path) -> str:
    return f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)


def _apply_of(data: bytes | None) -> str | None:
    """The apply that a rejected file names, if it can be read at all: whoever wrote it waits for it."""
    if data is None:
        return None
    try:
        value = strict_yaml.load(data, limit=LIMIT_BYTES)
    except strict_yaml.StrictYamlError:
        return None
    apply = value.get("apply") if isinstance(value, dict) else None
    return apply if isinstance(apply, str) and len(apply) <= 64 else None
