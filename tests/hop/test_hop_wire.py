"""The hop in this process: quarantine, upstreams that stand in, uploads, and peers that misbehave."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from sidecar_addon.hop.config import ConfigError
from sidecar_addon.hop.events import Events
from sidecar_addon.hop.proxy import Hop

type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers what it read, byte for byte, until the other end is done."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A web server that says the request's head and the size of its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-len")), 0)
    body = await reader.readexactly(length)
    text = f"{head}|{len(body)}".encode()
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: %d\r\n\r\n" % len(text))
    writer.write(text)
    await writer.drain()
    writer.close()


@pytest.fixture
async def lines() -> list[str]:
    return []


@pytest.fixture
async def hop(tmp_path: Path, lines: list[str]) -> AsyncIterator[Hop]:
    """One that serves echo.test and web.test from this machine."""
    echo = await asyncio.start_server(_echo, "127.0.0.1", 0)
    web = await asyncio.start_server(_count, "127.0.0.1", 0)
    where = {
        "echo.test": ("127.0.0.1", echo.sockets[0].getsockname()[1]),
        "web.test": ("127.0.0.1", web.sockets[0].getsockname()[1]),
    }
    path = tmp_path / "pipelock.yaml"
    path.write_text(yaml.safe_dump({"mode": "strict", "api_allowlist": ["echo.test", "web.test"]}))
    made = Hop(path, Events(lines.append, lines.append), listen=("127.0.0.1", 0), upstreams=where)
    await made.start()
    yield made
    await made.close()
    echo.close()
    web.close()


async def dial(hop: Hop, head: str) -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", hop.port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    return reader, writer


async def tunnel(hop: Hop) -> Stream:
    reader, writer = await dial(hop, "CONNECT echo.test:443 HTTP/1.1\nHost: echo.test:443")
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def test_a_tunnel_carries_bytes_both_ways_and_ends_with_its_ends(hop: Hop) -> None:
    reader, writer = await tunnel(hop)
    writer.write(b"x" * 1_000_000)
    writer.write_eof()
    assert len(await reader.read(-1)) == 1_000_000
    writer.close()


async def test_bytes_sent_right_behind_the_head_are_not_lost(hop: Hop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hop.port)
    writer.write(b"CONNECT echo.test:443 HTTP/1.1\r\nHost: echo.test\r\n\r\nearly")
    writer.write_eof()
    assert (await reader.read(-1)).endswith(b"early")
    writer.close()


async def test_cutting_ends_open_tunnels_at_once_and_serves_nobody_until_joined(hop: Hop) -> None:
    reader, writer = await tunnel(hop)
    hop.cut()
    assert await reader.read(-1) == b""
    writer.close()
    reader, writer = await dial(hop, "CONNECT echo.test:443 HTTP/1.1\nHost: echo.test:443")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await reader.readuntil(b"\r\n\r\n")
    writer.close()
    hop.join()
    _, writer = await tunnel(hop)
    writer.close()


async def test_a_stand_in_serves_only_a_name_that_the_list_holds(hop: Hop, tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "pipelock.yaml").write_text(yaml.safe_dump({"mode": "strict", "api_allowlist": ["web.test"]}))
    hop.reload()
    reader, writer = await dial(hop, "CONNECT echo.test:443 HTTP/1.1\nHost: echo.test:443")
    assert b" 403 " in await reader.read(-1)
    writer.close()
    assert any('"scanner":"allowlist"' in line for line in lines)


async def test_a_redirect_is_the_client_s_business_and_headers_of_the_hop_do_not_travel(hop: Hop) -> None:
    head = "POST http://web.test/a?b HTTP/1.1\nHost: web.test\nContent-Length: 5\nProxy-Authorization: Basic x\n"
    reader, writer = await dial(hop, head + "Connection: X-Private, keep-alive\nX-Private: 1\nX-Other: 2")
    writer.write(b"12345")
    answer = (await reader.read(-1)).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 302 Found")
    assert "POST /a?b HTTP/1.1" in answer
    assert answer.endswith("|5")
    assert "X-Other" in answer
    for gone in ("Proxy-Authorization", "X-Private", "keep-alive"):
        assert gone not in answer


@pytest.mark.parametrize("nonsense", ["\x16\x03\x01\x02", "GET / HTTP/1.1", "CONNECT / HTTP/1.1\nHost: x"])
async def test_what_is_no_proxy_request_ends_its_own_connection_only(hop: Hop, nonsense: str) -> None:
    reader, writer = await dial(hop, nonsense)
    answer = await reader.read(-1)
    writer.close()
    assert answer == b"" or b" 400 " in answer
    _, writer = await tunnel(hop)
    writer.close()


async def test_ambiguous_framing_is_refused(hop: Hop) -> None:
    head = "POST http://web.test/ HTTP/1.1\nHost: web.test\nContent-Length: 5\nContent-Length: 6"
    reader, writer = await dial(hop, head)
    assert b"302" not in await reader.read(-1)
    writer.close()


@pytest.mark.parametrize("rules", ["mode: balanced", "mode: strict\nenforce: false"])
async def test_it_does_not_start_without_enforcement(tmp_path: Path, rules: str) -> None:
    (tmp_path / "pipelock.yaml").write_text(f"{rules}\napi_allowlist: [a.test]\n")
    with pytest.raises(ConfigError, match="strict"):
        await Hop(tmp_path / "pipelock.yaml", Events(print, print), listen=("127.0.0.1", 0)).start()


async def test_an_exchange_whose_client_left_is_over_although_its_upstream_never_answers(tmp_path: Path) -> None:
    """Otherwise each would hold two open files for as long as an upstream likes."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        left.set()
        writer.close()

    upstream = await asyncio.start_server(silent, "127.0.0.1", 0)
    path = tmp_path / "pipelock.yaml"
    path.write_text(yaml.safe_dump({"mode": "strict", "api_allowlist": ["web.test"]}))
    where = {"web.test": ("127.0.0.1", upstream.sockets[0].getsockname()[1])}
    hop = Hop(path, Events(lambda line: None, lambda line: None), listen=("127.0.0.1", 0), upstreams=where)
    await hop.start()
    try:
        _, writer = await dial(hop, "GET http://web.test/ HTTP/1.1\nHost: web.test")
        await asyncio.wait_for(asked.wait(), 5)
        writer.close()
        await asyncio.wait_for(left.wait(), 5)
    finally:
        await hop.close()
        upstream.close()
