"""The dashboard's looking views over the real gate on this machine's loopback: what is shown is what the gate does."""

import asyncio
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from bottle_tui.adapters.home import DiskHome
from bottle_tui.core.edits import Edit
from bottle_tui.demo.agent import HOST
from bottle_tui.demo.worlds import local_theatre
from bottle_tui.ports import World
from bottle_tui.services import decide, lookup, review, start, stop
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.widgets.rows import Rows
from bottle_tui.tui.wiring.wired import wired
from sidecar_addon import proposals

SLUG = "demo"
PROPOSALS = "local/supervise/var/lib/supervise/proposals"
BOUND = 60.0


def approved(world: World) -> str:
    identity = proposals.new_id(int(time.time() * 1000), secrets.token_bytes(10))
    args = {"host": HOST, "path_allowlist": ["/v1/"], "methods": ["GET"], "justification": "to see it used"}
    proposal = proposals.Proposal(identity, "egress-block", "agent", world.clock.now(), args)
    world.home.bottle(SLUG).write(f"{PROPOSALS}/{identity}.json", proposals.render(proposal))
    edit = Edit(lasts="1h")
    card = review.card(world, identity, edit=edit)
    assert card.change is not None, card.problem
    assert decide.approve(world, identity, card.change.digest, edit=edit).in_force
    return identity


def get(world: World) -> int:
    """The agent's request, through the gate."""
    record = lookup.recorded(world, SLUG)
    trust = ssl.create_default_context(cafile=record.ca_file)
    proxy = urllib.request.ProxyHandler({"https": record.proxy_url})
    opener = urllib.request.build_opener(proxy, urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(f"https://{HOST}/v1/x", timeout=BOUND) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def text(app: BottleApp, selector: str) -> str:
    widget = app.screen.query_one(selector, Rows)
    lines = (widget.line(index) for index in range(widget.size.height))
    return "\n".join("".join(span.text for span in line) for line in lines)


async def until(pilot: Pilot[int], true: Callable[[], object]) -> None:
    async with asyncio.timeout(BOUND):
        while not true():
            await pilot.pause(0.05)


async def alone(pilot: Pilot[int], app: BottleApp, key: str, done: Callable[[], object]) -> None:
    """A deciding key, pressed by itself, again while the guard says that it came too early on a busy machine."""
    async with asyncio.timeout(BOUND):
        while not done():
            await pilot.pause(0.8)
            if not done() and not (app.board and app.board.applying):
                await pilot.press(key)
                await pilot.pause(0.5)


async def look(world: World, identity: str) -> None:
    app = BottleApp(wired(world))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.board and app.board.bottles_at)
        await pilot.press("3")
        await until(pilot, lambda: HOST in text(app, "#routes") and "1×" in text(app, "#routes"))
        assert "in force ✓" in text(app, "#routes-head") and "59m" in text(app, "#routes")
        await pilot.press("5")
        await until(
            pilot, lambda: f"{HOST}/v1/" in text(app, "#traffic").replace("  ", "") or "/v1/" in text(app, "#traffic")
        )
        assert "approved" in text(app, "#ledger")
        await pilot.press("4")
        await until(pilot, lambda: f"GET {HOST}/v1/x" in text(app, "#log-egress"))
        await pilot.press("3")
        await until(pilot, lambda: HOST in text(app, "#routes"))
        await pilot.press("G")
        await alone(pilot, app, "u", lambda: app.board and app.board.last and app.board.last.kind == "ok")
        assert "the refusal is in force, proven" in text(app, "#result")


def test_what_the_gate_admits_is_shown_and_u_ends_it_there(tmp_path: Path) -> None:
    with local_theatre(DiskHome(tmp_path / "home"), {}, tmp_path) as theatre:
        world = theatre.world
        start.up(world, theatre.manifest, runtime="local")
        try:
            identity = approved(world)
            assert get(world) == 200
            asyncio.run(look(world, identity))
            assert get(world) == 403
        finally:
            stop.down(world, SLUG)
