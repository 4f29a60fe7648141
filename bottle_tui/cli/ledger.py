"""The ledger as a table that fits the reader's width."""

import textwrap
from collections.abc import Sequence

from bottle_tui.cli.output import DIM, Output
from bottle_tui.cli.words import local
from bottle_tui.core.deeds import Deed
from bottle_tui.core.text import visible

WIDE = 120
_WHAT = {"routes add": "added", "routes remove": "removed", "routes edit": "edited", "pipelock edit": "edited"}


def show(out: Output, deeds: Sequence[Deed]) -> None:
    """The oldest first. Without a terminal one line each, nothing cut; else the host and the result are folded."""
    width = out.width
    if width is None:
        heads = ("N", "TIME", "ACTOR", "WHAT", "HOST", "PROPOSAL", "RESULT")
        out.table(heads, [(str(deed.n), *_row(deed, 19, deed.proposal or "")) for deed in deeds])
        return
    time = 19 if width >= WIDE else 16
    rows = [("TIME", "ACTOR", "WHAT", "HOST", "RESULT"), *(_row(deed, time) for deed in deeds)]
    actor, what, host = (max(len(visible(row[at])) for row in rows) for at in (1, 2, 3))
    sizes = [time, min(actor, 12), min(what, 12)]
    room = max(width - sum(sizes) - 2 * len(sizes) - 2, 20)
    sizes += [min(host, room // 2), room - min(host, room // 2)]
    for number, row in enumerate(rows):
        _folded(out, row, sizes, "" if number else DIM)


def _folded(out: Output, cells: Sequence[str], sizes: Sequence[int], style: str = "") -> None:
    """One row on as many lines as its longest cell needs."""
    columns = [textwrap.wrap(visible(cell), size) or [""] for cell, size in zip(cells, sizes, strict=True)]
    for number in range(max(map(len, columns))):
        parts = (column[number] if number < len(column) else "" for column in columns)
        line = "  ".join(part.ljust(size) for part, size in zip(parts, sizes, strict=True))
        out.line(line.rstrip(), style)


def _row(deed: Deed, time: int, *between: str) -> tuple[str, ...]:
    """When, who, what, about which host, how it ended."""
    what = _WHAT.get(deed.operation, "edited" if deed.verb in ("routes", "pipelock") else deed.said)
    return (local(deed.at)[:time], deed.actor, what, _host(deed), *between, _result(deed))


def _host(deed: Deed) -> str:
    return ", ".join(deed.hosts) or ("" if deed.operation in _WHAT else deed.what)


def _result(deed: Deed) -> str:
    return deed.told or "done"
