"""The dashboard: cold start against an empty Textual app, and what a crowded inbox or a loud log costs a key."""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median

from tests.bench.report import Row

EMPTY = "from textual.app import App\nclass Empty(App): pass\napp = Empty()\n"
OURS = (
    "from bottle_tui.tui.app import BottleApp\nfrom tests.tui.samples import Desk\napp = BottleApp(Desk().services())\n"
)
RUN = (
    "async def leave(pilot):\n    await pilot.pause()\n    pilot.app.exit()\napp.run(headless=True, auto_pilot=leave)\n"
)
STARTS, KEYS = 5, 30
LOUD = 20_000
"""Log lines a second."""


def _start(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program + RUN], check=True, capture_output=True, timeout=60)
    return time.perf_counter() - began


async def _key(waiting: int, *, loud: bool = False) -> float:
    """Median seconds from a key to the end of its paint."""
    from bottle_tui.tui.app import BottleApp
    from tests.tui.samples import Desk, card
    from tests.tui.scenes import gate_lines

    asked = [replace(card(), id=f"01JB2Q8F6V3N9D0RX5{number:08d}") for number in range(waiting)]
    app = BottleApp(Desk(waiting=asked).services())
    took: list[float] = []
    async with app.run_test(size=(120, 40)) as pilot:
        while not (app.board and app.board.cards_at and app.board.bottles_at):
            await pilot.pause(0.01)
        lines = gate_lines() * 15
        if loud:
            await pilot.press("4")
        for number in range(KEYS):
            if loud:
                app.screen.query_one("#log-egress").feed(lines[: LOUD // 20])  # type: ignore[attr-defined]
            began = time.perf_counter()
            await pilot.press("k" if number % 2 else "j")
            took.append(time.perf_counter() - began)
    return median(took)


def rows() -> list[Row]:
    """Three comparisons, each against the dashboard's own floor."""
    empty = median(_start(EMPTY) for _ in range(STARTS))
    ours = median(_start(OURS) for _ in range(STARTS))
    few, many = asyncio.run(_key(5)), asyncio.run(_key(500))
    loud = asyncio.run(_key(5, loud=True))
    return [
        Row("dashboard: cold start, against an empty Textual app", ours / empty, f"{ours:.2f} s against {empty:.2f} s"),
        Row("dashboard: a key with 500 asks waiting, against 5", many / few, f"{many * 1000:.0f} ms"),
        Row(f"dashboard: a key at {LOUD} log lines a second", loud / few, f"{loud * 1000:.0f} ms"),
    ]
