"""What a benchmark says: ratios first, the measured number beside it. A table for people, JSON for whoever compares."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One comparison. `ratio` is ours against the other; `better` says which way is good."""

    what: str
    ratio: float
    measured: str
    better: str = "lower"


def table(rows: Iterable[Row]) -> str:
    """The rows as people read them."""
    lines = [(row.what, f"{row.ratio:.2f}×", row.measured, f"{row.better} is better") for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def write(path: Path, rows: Iterable[Row], notes: Iterable[str]) -> None:
    """`bench.json`."""
    path.write_text(json.dumps({"rows": [asdict(row) for row in rows], "notes": list(notes)}, indent=1) + "\n")
