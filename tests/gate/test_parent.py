"""Whether pipelock answers the gate, with real connections to one that does, one that hangs and one that is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sidecar_addon.gate import parent
from sidecar_addon.gate.parent import Parent

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"GET /health HTTP/1.1\r\n")
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


async def stopped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The kernel takes the connection of a process that is stopped; nobody answers."""
    await reader.read()
    writer.close()


async def ending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTT")
    writer.close()


class Chain:
    """One address behind which one or another listens, and a clock that stands."""

    def __init__(self) -> None:
        self.now = 100.0
        self.serve: Serve = healthy

    async def start(self) -> Parent:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.serve(reader, writer)

        self.server = await asyncio.start_server(one, "127.0.0.1", 0)
        return Parent(self.server.sockets[0].getsockname()[:2], lambda: self.now)


@pytest.fixture
async def chain() -> Any:
    found = Chain()
    yield found
    found.server.close()


async def test_any_answer_is_one(chain: Chain) -> None:
    watched = await chain.start()
    await watched.look()
    chain.now += 60
    assert watched.silent == 0.0


@pytest.mark.parametrize("serve", [stopped, ending])
async def test_silence_counts_from_the_first_question_in_vain_until_the_next_answer(chain: Chain, serve: Serve) -> None:
    watched = await chain.start()
    chain.serve = serve
    with pytest.MonkeyPatch.context() as impatient:
        impatient.setattr(parent, "PATIENCE_SECONDS", 0.1)
        await watched.look()
        chain.now += 7
        await watched.look()
    chain.now += 5
    assert watched.silent == 12.0
    chain.serve = healthy
    await watched.look()
    assert watched.silent == 0.0


async def test_one_that_is_gone_is_silent(chain: Chain) -> None:
    watched = await chain.start()
    chain.server.close()
    await chain.server.wait_closed()
    await watched.look()
    chain.now += 3
    assert watched.silent == 3.0


def test_the_gate_says_for_how_long_it_has_had_no_answer(world: Any) -> None:
    assert world.gate.ask({"verb": "status"})["parent_silent"] == 0.0
