"""The ledger on disk: append, list, verify. When it grows large, its older part moves into numbered files."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from bottle_tui.core import bygone, ledger
from bottle_tui.core.ledger import Head
from bottle_tui.core.words import counted
from bottle_tui.ports import BottleHome, World
from bottle_tui.services import lookup
from sidecar_addon.times import iso

SEGMENT_BYTES = 16 * 1024 * 1024
OLD = "audit-old"
MOST_TAKES = 200
NEWEST_BYTES = 4 * 1024 * 1024
"""What the dashboard looks through; older records are in `audit show`."""


def append(world: World, home: BottleHome, kind: str, **fields: Any) -> None:
    """One record, fsynced. The caller holds the bottle's lock. Raises LedgerBroken: then nothing may be done."""
    data = home.read(ledger.FILE) or b""
    head = ledger.last(data) if data else _old_head(home)
    if len(data) > SEGMENT_BYTES:
        _roll(home, data)
    body = {"time": iso(world.clock.now()), "kind": kind, "slug": home.slug, "actor": world.operator, **fields}
    line, _ = ledger.record(head, body)
    home.append(ledger.FILE, line)


def records(world: World, slug: str) -> list[dict[str, Any]]:
    """Every record, oldest first. Raises NotFound, LedgerBroken."""
    return [value for value, _ in _walk(lookup.home_of(world, slug))]


def verify(world: World, slug: str) -> str:
    """One line on how the ledger stands. Raises LedgerBroken naming the first bad record."""
    walked = _walk(lookup.home_of(world, slug))
    if not walked:
        return f"{slug}: the ledger is empty"
    head = walked[-1][1]
    return f"{slug}: {counted(head.number, 'record')}, unbroken; the last is {head.digest}"


def recent(home: BottleHome) -> list[dict[str, Any]]:
    """The last records, unchecked: for looking up one apply."""
    return [ledger.parsed(line) for line in newest(home)[-50:]]


def takes(home: BottleHome) -> Iterator[dict[str, Any]]:
    """The last records of what took grants out of the table, the newest first, unchecked."""
    marks = [f'"of":"{kind}"'.encode() for kind in bygone.TAKES]
    lines = (line for line in reversed(newest(home)) if any(mark in line for mark in marks))
    return (ledger.parsed(line) for line in islice(lines, MOST_TAKES))


def newest(home: BottleHome) -> list[bytes]:
    """The last lines, 4 MiB at most, the oldest first, unchecked; of the older part too when that has just moved."""
    data = home.read(ledger.FILE) or b""
    names = home.names(OLD)
    if names and len(data) < NEWEST_BYTES:
        older = home.read(f"{OLD}/{names[-1]}") or b""
        data = data if data == older else older + data
    if len(data) > NEWEST_BYTES:
        data = data[-NEWEST_BYTES:].partition(b"\n")[2]
    return data.splitlines()


def newest_records(home: BottleHome) -> list[dict[str, Any]]:
    """The same, parsed; a line that is no record is left out."""
    return [found for line in newest(home) if (found := ledger.parsed(line))]


def _walk(home: BottleHome) -> list[tuple[dict[str, Any], Head]]:
    walked: list[tuple[dict[str, Any], Head]] = []
    head = Head()
    files = [*(f"{OLD}/{name}" for name in home.names(OLD)), ledger.FILE]
    previous = b""
    for name in files:
        data = home.read(name) or b""
        if name == ledger.FILE and previous and data == previous:
            break  # moved, and the machine stopped before the current file was emptied
        walked += ledger.read(data, head, name)
        head = walked[-1][1] if walked else head
        previous = data
    return walked


def _old_head(home: BottleHome) -> Head:
    names = home.names(OLD)
    return ledger.last(home.read(f"{OLD}/{names[-1]}") or b"") if names else Head()


def _roll(home: BottleHome, data: bytes) -> None:
    home.write(f"{OLD}/{ledger.last(data).number:012}.jsonl", data)
    home.write(ledger.FILE, b"")
