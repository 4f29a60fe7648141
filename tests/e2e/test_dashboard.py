"""The operator's screen on the real services: an ask appears, one key puts it in force, the agent passes."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from bottle_tui.cli.world import build_world
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.wiring.wired import wired
from tests.e2e.parts.bottle import Ask, Bottle, MakeBottle


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("screen", egress={"allowlist": ["api.example.com"]})


class Person:
    """Somebody who reads the screen and presses one key at a time, never in a hurry."""

    def __init__(self, app: BottleApp, pilot: Pilot[int], clock: "itertools.count[int]") -> None:
        self.app, self.pilot, self.clock = app, pilot, clock

    def screen(self) -> str:
        """All that is painted, as a terminal shows it."""
        width, height = self.app.size
        return "\n".join(strip.text[:width] for strip in self.app.screen._compositor.render_strips()[:height])

    async def until(self, true: Callable[[], object], what: str, seconds: float = 30) -> None:
        """Waits for something that a worker brings."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await self.pilot.pause(0.05)
        except TimeoutError:
            raise AssertionError(f"{what} did not come:\n{self.screen()}") from None

    async def sees(self, text: str, seconds: float = 30) -> None:
        await self.until(lambda: text in self.screen(), text, seconds)

    async def press(self, key: str) -> None:
        """A key that stands alone, once it is lit: the sentry's clock goes on before and after it.

        What is painted is told to the sentry only after it was painted; on a busy machine that is a while.
        """
        sentry = self.app.sentry
        await self.until(lambda: sentry.guard.refusal(key, sentry.now()) is None, f"a lit {key}")
        await self.pilot.pause()
        next(self.clock)
        await self.pilot.press(key)
        next(self.clock)
        self.app.sentry.tick()
        await self.pilot.pause()


async def ask(bottle: Bottle, **arguments: object) -> tuple[Ask, str]:
    return await asyncio.to_thread(lambda: bottle.ask(**arguments))


@pytest.mark.parametrize("size", [(60, 24), (200, 50)])
async def test_a_proposal_is_seen_approved_with_one_key_and_the_agent_passes(
    bottle: Bottle, size: tuple[int, int]
) -> None:
    host = "files.example.net" if size[0] == 60 else "other.example.net"
    assert bottle.curl(f"https://{host}/data/a").status == 403
    clock = itertools.count()
    app = BottleApp(wired(build_world(bottle.environment())), now=lambda: float(next(clock)))
    async with app.run_test(size=size) as pilot:
        person = Person(app, pilot, clock)
        call, id = await ask(bottle, host=host, path_allowlist=["/data/"], methods=["GET"])
        await person.sees(host)
        await person.until(lambda: "/data/" in person.screen(), "the change")
        await person.press("a")
        await person.sees("in force, proven")
        answer = await asyncio.to_thread(call.answer)
    assert answer["structured"]["status"] == "approved" and answer["structured"]["in_force"] is True
    assert bottle.curl(f"https://{host}/data/a").status == 200
    assert bottle.show(id)["decided_by"] == "tester"


async def test_a_proposal_is_rejected_with_a_reason_that_reaches_the_agent(bottle: Bottle) -> None:
    clock = itertools.count()
    app = BottleApp(wired(build_world(bottle.environment())), now=lambda: float(next(clock)))
    async with app.run_test(size=(100, 30)) as pilot:
        person = Person(app, pilot, clock)
        call, _ = await ask(bottle, host="control.example.com", path_allowlist=["/no/"], methods=["GET"])
        await person.sees("control.example.com")
        await person.until(lambda: "/no/" in person.screen(), "the change")
        await person.press("r")
        for key in "not here":
            await pilot.press("space" if key == " " else key)
        await pilot.press("enter")
        answer = await asyncio.to_thread(call.answer)
    assert (answer["structured"]["status"], answer["structured"]["reason"]) == ("rejected", "not here")
    assert bottle.curl("https://control.example.com/no/a").reason == "host_not_allowed"
