"""Fixtures: a real supervise on loopback, and the SDK's own client connected to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client

from sidecar_addon.supervise.server import Service, Settings
from tests.supervise.running import PATIENCE, Bottle

type Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """`async with start() as bottle`: the same folder each time, so a second start is a restart."""

    @asynccontextmanager
    async def started(**settings: Any) -> AsyncIterator[Bottle]:
        events: list[dict[str, Any]] = []
        arrived = asyncio.Event()

        def emit(event: dict[str, Any]) -> None:
            events.append(event)
            arrived.set()

        usual = {"host": "127.0.0.1", "port": 0, "allowed_hosts": ("127.0.0.1:*",), "beat_seconds": 0.02}
        usual["egress_proxy"] = "http://127.0.0.1:9"
        service = Service(Settings(folder=tmp_path, emit=emit, **{**usual, **settings}))
        ready = asyncio.Event()
        running = asyncio.create_task(service.serve(lambda _: ready.set()))
        async with asyncio.timeout(PATIENCE):
            await ready.wait()
        try:
            yield Bottle(tmp_path, service, events, arrived)
        finally:
            service.stop()
            async with asyncio.timeout(PATIENCE):
                await running

    return started


@pytest.fixture
async def bottle(start: Start) -> AsyncIterator[Bottle]:
    async with start() as running:
        running.tell(wait_seconds=5, watched_at=datetime.now(UTC))
        yield running


@asynccontextmanager
async def connected(bottle: Bottle, **options: Any) -> AsyncIterator[Client]:
    """A client that is opened and closed by one task: a fixture's two halves run in two, which anyio refuses."""
    opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def hold() -> None:
        async with bottle.client(**options) as client:
            opened.set_result(client)
            await done.wait()

    holder = asyncio.create_task(hold())
    try:
        yield await asyncio.wait_for(opened, PATIENCE)
    finally:
        done.set()
        async with asyncio.timeout(PATIENCE):
            await holder


@pytest.fixture
async def client(bottle: Bottle) -> AsyncIterator[Client]:
    async with connected(bottle) as opened:
        yield opened


@pytest.fixture(params=["2026-07-28", "legacy"])
async def any_client(bottle: Bottle, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Both generations of the protocol: with a session and without."""
    async with connected(bottle, mode=request.param) as opened:
        yield opened
