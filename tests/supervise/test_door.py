"""Who may speak to the server, how much, and what it shows; and the gate's allowlist through the proxy."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client

from sidecar_addon.supervise.server import Settings, serve
from tests.supervise.conftest import Start
from tests.supervise.running import Bottle, text_of

TOOLS = ["egress-block", "pipelock-block", "capability-block", "list-egress-routes", "proposal-status"]
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28"}


async def test_it_shows_five_tools_that_say_when_to_use_them(any_client: Client) -> None:
    listed = (await any_client.list_tools()).tools
    assert [tool.name for tool in listed] == TOOLS
    for tool in listed:
        assert tool.input_schema["additionalProperties"] is False
        assert tool.description and len(tool.description) > 60


@pytest.mark.parametrize("host", ["supervise:9100", "evil.example.com", "localhost:9100"])
async def test_a_request_under_another_name_is_refused(bottle: Bottle, host: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as web:
        answer = await web.post(bottle.url, headers={**HEADERS, "Host": host}, json={})
    assert answer.status_code == 421


async def test_a_web_page_is_refused(bottle: Bottle) -> None:
    async with httpx.AsyncClient(trust_env=False) as web:
        answer = await web.post(bottle.url, headers={**HEADERS, "Origin": "http://evil.example.com"}, json={})
    assert answer.status_code == 403


async def test_only_its_own_path_answers(start: Start) -> None:
    async with start(path="/mcp-0f1e2d") as bottle:
        async with httpx.AsyncClient(trust_env=False) as web:
            other = bottle.url.replace("mcp-0f1e2d", "mcp")
            assert (await web.post(other, headers=HEADERS, json={})).status_code == 404
        async with bottle.client() as client:
            assert len((await client.list_tools()).tools) == 5


async def test_a_body_that_is_too_large_is_refused_unread(bottle: Bottle) -> None:
    async with httpx.AsyncClient(trust_env=False) as web:
        answer = await web.post(bottle.url, headers=HEADERS, content=b" " * (256 * 1024 + 1))
    assert answer.status_code == 413


NONSENSE = [b"", b"[]", b"\xff", b'{"jsonrpc":"2.0"}', b"[" * 50_000, b"9" * 5_000]


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_refused_and_the_next_call_is_served(bottle: Bottle, client: Client, body: bytes) -> None:
    async with httpx.AsyncClient(trust_env=False) as web:
        answer = await web.post(bottle.url, headers={**HEADERS, "Content-Type": "application/json"}, content=body)
    assert 200 <= answer.status_code < 500
    assert len((await client.list_tools()).tools) == 5


async def test_a_port_in_use_is_an_error_at_the_start(bottle: Bottle, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "other", "127.0.0.1", bottle.service.port, emit=bottle.events.append)
    with pytest.raises(OSError, match="in use"):
        await asyncio.wait_for(serve(settings), 5)


@asynccontextmanager
async def gate(answer: bytes, status: str = "200 OK") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that answers every request alike; its URL and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n".encode() + answer
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://agent:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def table(routes: int) -> bytes:
    listed = [{"host": f"h{number}.example.com", "grants": [{"id": "m1"}]} for number in range(routes)]
    return json.dumps({"routes": listed, "digest": "sha256:00", "generation": 7}).encode()


async def list_routes(start: Start, answer: bytes, status: str = "200 OK") -> tuple[Any, bytes]:
    async with gate(answer, status) as (proxy, asked), start(egress_proxy=proxy) as bottle, bottle.client() as client:
        return await client.call_tool("list-egress-routes"), asked[0]


async def test_the_allowlist_is_asked_of_the_gate_through_the_proxy(start: Start) -> None:
    answer, asked = await list_routes(start, table(2))
    assert asked.startswith(b"GET http://_egress.local/allowlist HTTP/1.1\r\n")
    assert b"roxy-" in asked and b"uthorization: Basic " in asked
    assert not answer.is_error
    assert answer.structured_content["generation"] == 7
    assert [route["host"] for route in answer.structured_content["routes"]] == ["h0.example.com", "h1.example.com"]
    assert "h1.example.com" in text_of(answer)


async def test_an_empty_allowlist_says_what_to_do(start: Start) -> None:
    answer, _ = await list_routes(start, table(0))
    assert "ask for what you need with egress-block" in text_of(answer)


async def test_a_long_allowlist_is_cut_and_the_cut_is_said(start: Start) -> None:
    answer, _ = await list_routes(start, table(300))
    assert answer.structured_content["total"] == 300
    assert len(answer.structured_content["routes"]) == 200
    assert "and 100 more" in text_of(answer)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{}", "403 Forbidden", "the gate answered 403"),
        (b"<html>", "200 OK", "no JSON"),
        (b"9" * 5_000, "200 OK", "no JSON"),
        (b"[" * 100_000, "200 OK", "no JSON"),
        (b'{"routes":{}}', "200 OK", "no route table"),
        (b"[]", "200 OK", "no route table"),
    ],
    ids=range(6),
)
async def test_an_answer_that_is_no_table_is_an_error_not_an_empty_list(
    start: Start, body: bytes, status: str, says: str
) -> None:
    answer, _ = await list_routes(start, body, status)
    assert answer.is_error
    assert says in text_of(answer)


@pytest.mark.parametrize(
    ("routes", "refused"),
    [
        ([{"host": "*.example.com"}], True),
        ([{"host": "*.example.com"}, {"host": "api.example.com"}], False),
        ([{"host": "*.example.org"}, {"host": 3}, "x"], False),
    ],
    ids=["under a wildcard", "an exact route decides", "elsewhere"],
)
async def test_a_credential_under_a_wildcards_route_is_refused_at_the_door(
    start: Start, routes: list[Any], refused: bool
) -> None:
    auth = {"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"}
    ask = {"host": "api.example.com", "auth": auth, "justification": "to push"}
    async with (
        gate(json.dumps({"routes": routes}).encode()) as (proxy, _),
        start(egress_proxy=proxy) as bottle,
        bottle.client() as client,
    ):
        bottle.tell(wait_seconds=0, grantable_tokens={"EXAMPLE_TOKEN": ("api.example.com",)})
        answer = await client.call_tool("egress-block", ask)
    assert answer.is_error == refused
    assert len(bottle.filed()) == (not refused)
    assert not refused or "covered by the route *.example.com" in text_of(answer)


async def test_an_unreachable_gate_is_an_error(start: Start) -> None:
    async with gate(b"") as (proxy, _):
        pass
    async with start(egress_proxy=proxy) as bottle, bottle.client() as client:
        answer = await client.call_tool("list-egress-routes")
    assert answer.is_error
    assert "cannot be reached" in text_of(answer)
    assert "secret" not in text_of(answer)
