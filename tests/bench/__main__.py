"""`python -m tests.bench`: every benchmark, ratios as a table and in bench.json. Without an engine, fewer."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import appearing, apply, logs, matching, proxy, report, screen, staying
from tests.e2e.parts import engine

LOCAL: tuple[Callable[[], list[report.Row]], ...] = (matching.rows, screen.rows, logs.rows, staying.rows)
ON_ENGINE: tuple[Callable[[], list[report.Row]], ...] = (proxy.rows, apply.rows, appearing.rows)


def main() -> int:
    """Runs them one after the other; the machine should do nothing else meanwhile."""
    start, before = time.monotonic(), os.getloadavg()[0]
    rows, notes = [], []
    benches = list(LOCAL)
    if why := engine.missing():
        notes.append(f"without an engine (no containers measured): {why}")
    else:
        benches += ON_ENGINE
        notes.append("pipelock: the real one" if engine.has_real_pipelock() else "pipelock: the hop in its place")
    for bench in benches:
        print(f"… {bench.__module__}", file=sys.stderr, flush=True)
        rows += bench()
    notes.append(f"{time.monotonic() - start:.0f} s in all; quote ratios, not numbers")
    notes.append(f"others wanted the processor meanwhile: {before:.1f} at work before, of {os.cpu_count()} processors")
    print(report.table(rows))
    print("\n".join(notes))
    report.write(Path("bench.json"), rows, notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
