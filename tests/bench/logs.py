"""Log rate against key-to-paint: a sidecar says so many lines a second, they are read and drawn, and keys come."""

import asyncio
import json
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bottle_tui.core.views import LogLine
from bottle_tui.services.logs import parse
from tests.bench.report import Row

if TYPE_CHECKING:
    from bottle_tui.tui.app import BottleApp
    from bottle_tui.tui.widgets.log_pane import LogPane

RATES = (1_000, 5_000, 20_000)
KEYS = 40
SIZE = (120, 40)
RAW = [
    json.dumps(
        {"event": "denied" if number % 7 == 3 else "allowed", "time": "2026-03-04T12:40:01.000Z", "id": f"{number:08d}",
         "method": "GET", "host": f"host-{number % 50}.example.com", "path": f"/v1/things/{number}", "grant": "m1"}
    )
    for number in range(2_000)
]  # fmt: skip


class Rated:
    """A stream that says its lines evenly, as fast as it was told and no faster; each is parsed as a real one is."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.said = 0
        self.began = time.perf_counter()
        self.closed = False

    def next(self, timeout: float) -> LogLine | None:
        if self.closed or not self.rate:
            time.sleep(min(timeout, 0.05))
            return None
        ahead = self.said / self.rate - (time.perf_counter() - self.began)
        if ahead > 0.005:
            time.sleep(ahead)
        self.said += 1
        return parse("docs", "egress", RAW[self.said % len(RAW)])

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Measured:
    """One rate: seconds of a key, and lines a second that reached the pane."""

    typical: float
    worst: float
    per_second: float
    dropped: int


async def _key(app: "BottleApp", pane: "LogPane") -> float:
    """Seconds from a key's arrival until what it did is painted. (Pilot's own `press` waits for an idle process.)"""
    from textual import events

    painted = asyncio.Event()
    before = pane.follow
    began = time.perf_counter()
    app.post_message(events.Key("f", "f"))
    while pane.follow == before:
        await asyncio.sleep(0.001)
    app.screen.call_after_refresh(painted.set)
    await painted.wait()
    return time.perf_counter() - began


async def _measured(rate: int) -> Measured:
    from bottle_tui.tui.app import BottleApp
    from bottle_tui.tui.widgets.log_pane import LogPane
    from tests.tui.samples import Desk

    desk = Desk()
    desk.follow = lambda slug, role, tail: Rated(rate if role == "egress" else 0)  # type: ignore[assignment,method-assign]
    app = BottleApp(desk.services())
    took: list[float] = []
    async with app.run_test(size=SIZE) as pilot:
        while not (app.board and app.board.cards_at and app.board.bottles_at):
            await pilot.pause(0.01)
        await pilot.press("4")
        pane = app.screen.query_one("#log-egress", LogPane)
        while rate and not pane.came:
            await pilot.pause(0.01)
        start, came = time.perf_counter(), pane.came
        for _ in range(KEYS):
            took.append(await _key(app, pane))
            await asyncio.sleep(0.05)
        per_second = (pane.came + pane.dropped - came) / (time.perf_counter() - start)
        dropped = pane.dropped
    return Measured(median(took), quantiles(took, n=20)[-1], per_second, dropped)


def rows() -> list[Row]:
    """Each rate against a silent log, in the same run."""
    silent = asyncio.run(_measured(0))
    found = []
    for rate in RATES:
        loud = asyncio.run(_measured(rate))
        said = (
            f"{loud.typical * 1000:.0f} ms against {silent.typical * 1000:.0f} ms (95 %: {loud.worst * 1000:.0f}, "
            f"{silent.worst * 1000:.0f}); {loud.per_second:.0f} lines a second came, {loud.dropped} dropped"
        )
        what = f"logs: a key at {rate} lines a second, against a silent log"
        found.append(Row(what, loud.typical / silent.typical, said))
    return found
