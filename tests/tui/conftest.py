"""A dashboard under test: in-memory services, a clock of its own for the guard, and bounded waits."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from textual.pilot import Pilot

from bottle_tui.core.settings import DEFAULTS, Settings
from bottle_tui.tui.app import BottleApp
from tests.tui.samples import Desk


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@dataclass
class Operator:
    """A person with a stop-watch in front of the dashboard."""

    app: BottleApp
    pilot: Pilot[int]
    desk: Desk
    clock: list[float]

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock[0] += seconds

    async def until(self, true: Callable[[], object]) -> None:
        """Something that a worker does; bounded."""
        for _ in range(3000):
            await self.pilot.pause()
            if true():
                return
            await self.pilot.pause(0.01)
        raise AssertionError("it did not happen within 30 s")

    async def until_long(self, true: Callable[[], object]) -> None:
        """What comes with the periodic work; bounded at a minute."""
        for _ in range(600):
            await self.pilot.pause(0.1)
            if true():
                return
        raise AssertionError("it did not happen within a minute")

    async def type(self, *keys: str, gap: float = 0.05) -> None:
        """Keys as a typist sends them."""
        for key in keys:
            self.wait(gap)
            await self.pilot.press(key)
        self.app.sentry.tick()
        await self.pilot.pause()

    async def press(self, key: str) -> None:
        """One key that stands alone, on what has long been on screen."""
        await self.pilot.pause()
        self.wait(1.0)
        await self.pilot.press(key)
        self.wait(0.2)
        self.app.sentry.tick()
        await self.pilot.pause()
        await self.pilot.pause()

    async def hurry(self, key: str, *, after: float) -> None:
        """One key that stands alone, so long after what is on screen has come."""
        self.wait(after)
        await self.pilot.press(key)
        await self.settle(0.3)

    async def settle(self, seconds: float) -> None:
        """Time passes, and what a key has asked for would be done."""
        self.wait(seconds)
        self.app.sentry.tick()
        await self.pilot.pause()

    def text(self, selector: str) -> str:
        """What is drawn there."""
        from bottle_tui.tui.widgets.rows import Rows

        widget = self.app.screen.query_one(selector, Rows)
        lines = (widget.line(index) for index in range(widget.size.height))
        return "\n".join("".join(span.text for span in line) for line in lines)

    def screen_text(self) -> str:
        """All that is painted, as a terminal would show it."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text[:width] for strip in strips[:height])

    def called(self, name: str) -> list[tuple[str, ...]]:
        """What the services were asked to do."""
        return [call for call in self.desk.calls if call[0] == name]


type Sit = Callable[..., AbstractAsyncContextManager[Operator]]


@pytest.fixture
def sit() -> Sit:
    """Sit down: `async with sit(desk, size=(80, 24)) as operator`."""

    @asynccontextmanager
    async def sitting(
        desk: Desk | None = None,
        *,
        size: tuple[int, int] = (80, 24),
        read_only: bool = False,
        likes: Settings = DEFAULTS,
        trouble: str | None = None,
    ) -> AsyncIterator[Operator]:
        desk = desk or Desk()
        clock = [100.0]
        services, now = desk.services(), partial(clock.__getitem__, 0)
        app = BottleApp(services, read_only=read_only, likes=likes, trouble=trouble, now=now)
        app.conduct.reader.pause = 0.1
        async with app.run_test(size=size) as pilot:
            operator = Operator(app, pilot, desk, clock)
            await operator.until(lambda: app.board and app.board.cards_at and app.board.bottles_at)
            await pilot.pause()
            yield operator

    return sitting
