"""From a proposal written by supervise to the operator's screen, against one look at the queue's folder."""

import asyncio
import statistics
import time
from datetime import UTC, datetime

from bottle_tui.cli.world import build_world
from bottle_tui.services import lookup
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.wiring.wired import wired
from tests.bench.bottles import bottle
from tests.bench.report import Row
from tests.e2e.parts.bottle import Bottle

ROUNDS = 5


def _painted(app: BottleApp) -> str:
    width, height = app.size
    return "\n".join(strip.text[:width] for strip in app.screen._compositor.render_strips()[:height])


async def _seconds(running: Bottle) -> list[float]:
    """Each ask is answered no, so that the next one is the only one waiting."""
    took = []
    app = BottleApp(wired(build_world(running.environment())))
    async with app.run_test(size=(120, 40)) as pilot:
        for number in range(ROUNDS):
            host = f"h{number}.appears.test"
            asking = asyncio.create_task(asyncio.to_thread(running.ask, host=host))
            async with asyncio.timeout(60):
                while host not in _painted(app):
                    await pilot.pause(0.01)
            seen = datetime.now(UTC)
            call, id = await asking
            created = await asyncio.to_thread(lambda id=id: running.show(id)["created"])
            took.append((seen - datetime.fromisoformat(created)).total_seconds())
            await asyncio.to_thread(running.ok, "reject", id, "--reason", "a benchmark")
            call.answer()
    return took


def rows() -> list[Row]:
    """One comparison."""
    with bottle("appear", egress={"allowlist": ["api.example.com"]}) as running:
        took = statistics.median(asyncio.run(_seconds(running)))
        supervise = lookup.sidecar(build_world(running.environment()), running.slug, "supervise")
        looks = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            supervise.read_folder("/var/lib/supervise/proposals")
            looks.append(time.perf_counter() - start)
        look = statistics.median(looks)
    what = "proposal written → on screen, against one look at the queue"
    return [Row(what, took / look, f"{took:.2f} s against {look:.2f} s")]
