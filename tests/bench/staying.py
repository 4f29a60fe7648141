"""A dashboard that is kept open all day: what it costs while nothing happens, and what it holds after an hour."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.report import Row
from tests.e2e.parts.bottle import COMMAND
from tests.terminal.screen import Terminal

MANY = 30
SETTLING, WATCHED = 5.0, 10.0
"""Seconds on screen before the measurement, and of it."""
HOUR, A_SECOND = 3600, 100
"""Log lines a second for that many seconds."""
HOLD = """
import asyncio, os
from bottle_tui.tui.app import BottleApp
from tests.tui.samples import Desk
from tests.tui.scenes import gate_lines

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

async def main():
    app = BottleApp(Desk().services())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        lines = (gate_lines() * {a_second})[:{a_second}]
        for second in range({hour}):
            app.screen.query_one("#log-egress").feed(lines)
            if second % 60 == 0:
                await pilot.pause()
            if second in (60, {hour} - 1):
                print(held())

asyncio.run(main())
"""


@contextmanager
def _bottles(folder: Path, count: int) -> Iterator[dict[str, str]]:
    """So many local bottles; the environment in which they are seen."""
    env = {**os.environ, "HOME": str(folder), "BOTTLE_TUI_HOME": str(folder / "state")}
    slugs = [f"idle{number}" for number in range(count)]
    try:
        for slug in slugs:
            manifest = folder / f"{slug}.yaml"
            command = json.dumps([sys.executable, "-c", "pass"])
            manifest.write_text(
                f"name: {slug}\nagent: {{command: {command}, provider: none}}\negress: {{routes: []}}\n"
            )
            up = [COMMAND, "up", "--runtime", "local", "-f", str(manifest)]
            subprocess.run(up, env=env, check=True, capture_output=True, timeout=120)
        yield env
    finally:
        for slug in slugs:
            subprocess.run([COMMAND, "down", slug], env=env, check=False, capture_output=True, timeout=120)


def _idle(count: int) -> float:
    """The share of one core that the dashboard takes with so many bottles, of which none does anything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        env = dict(stack.enter_context(_bottles(folder, count)))
        for name in ("COLUMNS", "LINES"):
            env.pop(name, None)
        terminal = stack.enter_context(Terminal([COMMAND], env))
        terminal.until("Nothing waits")
        terminal.watch(SETTLING)
        before = terminal.cpu_seconds
        terminal.watch(WATCHED)
        return (terminal.cpu_seconds - before) / WATCHED


def rows() -> list[Row]:
    """Idle with 30 bottles against one, and memory after an hour of log lines against after a minute."""
    one, many = _idle(1), _idle(MANY)
    program = HOLD.format(hour=HOUR, a_second=A_SECOND)
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=600)
    minute, hour = (int(line) for line in said.stdout.split())
    idle = f"{many * 100:.1f} % of a core against {one * 100:.1f} %"
    held = f"{hour / 1e6:.0f} MB against {minute / 1e6:.0f} MB"
    return [
        Row(f"dashboard: idle with {MANY} local bottles, against one", many / one, idle),
        Row("dashboard: memory after an hour at 100 log lines a second, against a minute", hour / minute, held),
    ]
