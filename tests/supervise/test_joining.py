"""The same ask joins, rejections are remembered, cancelled calls lose nothing, and a restart changes none of it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest
from mcp.client import Client

from tests.supervise.conftest import Start
from tests.supervise.running import Bottle, text_of

ASK = {"host": "api.example.com", "justification": "to read the issues"}
AGAIN = {"host": "API.example.com.", "ports": [443], "justification": "I said: to read the issues"}


async def reject(bottle: Bottle, client: Client, **fields: Any) -> str:
    """One ask, asked and rejected and read; its id."""
    call = asyncio.create_task(client.call_tool("egress-block", ASK))
    await bottle.event("waiting")
    identity = bottle.filed()[0].id
    bottle.decide(identity, "rejected", **fields)
    await call
    return identity


async def test_the_same_ask_joins_the_one_that_waits_and_one_decision_answers_both(
    bottle: Bottle, client: Client
) -> None:
    calls = [asyncio.create_task(client.call_tool("egress-block", args)) for args in (ASK, AGAIN)]
    await bottle.event("waiting")
    async with asyncio.timeout(5):
        while bottle.service._calls._waiting != {bottle.filed()[0].id: 2}:
            await anyio.lowlevel.checkpoint()
    bottle.decide(bottle.filed()[0].id, "approved", in_force=True)
    answers = [await call for call in calls]
    assert {answer.structured_content["id"] for answer in answers} == {bottle.filed()[0].id}
    assert len(bottle.named("waiting")) == len(bottle.named("waiting_ended")) == len(bottle.named("decision_read")) == 1


async def test_another_ask_for_the_same_host_is_a_proposal_of_its_own(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    await client.call_tool("egress-block", ASK)
    await client.call_tool("egress-block", {**ASK, "methods": ["GET"]})
    assert len(bottle.filed()) == 2


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_a_cancelled_call_keeps_its_proposal_and_the_same_ask_gets_the_decision(
    bottle: Bottle, mode: str
) -> None:
    async with bottle.client(mode=mode) as client:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "egress-block", ASK)
                await bottle.event("waiting")
                scope.cancel()
        await bottle.event("waiting_ended")
        (proposal,) = bottle.filed()
        bottle.decide(proposal.id, "approved", in_force=True)
        assert bottle.named("decision_read") == []
        answer = await client.call_tool("egress-block", AGAIN)
    assert (answer.structured_content["id"], answer.structured_content["status"]) == (proposal.id, "approved")
    assert len(bottle.named("decision_read")) == 1


CALL = {"name": "egress-block", "arguments": ASK, "_meta": {"progressToken": 1}}
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
}
MODERN_HEADERS = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "egress-block"}
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def message(method: str, params: dict[str, Any], identity: int | None = 1) -> bytes:
    """One JSON-RPC request, or a notification."""
    head = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(head if identity is None else head | {"id": identity}).encode()


async def session(bottle: Bottle) -> dict[str, str]:
    """Headers of a session opened by hand, as older clients do."""
    async with httpx.AsyncClient(trust_env=False, headers=ACCEPT) as web:
        opened = await web.post(bottle.url, content=message("initialize", HELLO))
        headers = {"Mcp-Session-Id": opened.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-06-18"}
        await web.post(bottle.url, headers=headers, content=message("notifications/initialized", {}, None))
    return headers


async def call_and_hang_up(bottle: Bottle, modern: bool) -> None:
    """Call by hand, wait until the call waits, and cut the connection without a word."""
    body = message("tools/call", {**CALL, "_meta": {"progressToken": 1, **(MODERN if modern else {})}}, 2)
    headers = ACCEPT | (MODERN_HEADERS if modern else await session(bottle))
    lines = [f"{name}: {value}" for name, value in headers.items()]
    port = bottle.service.port
    head = ["POST /mcp HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines, f"Content-Length: {len(body)}", "", ""]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join(head).encode() + body)
    await writer.drain()
    await bottle.event("waiting")
    writer.transport.abort()


@pytest.mark.parametrize("modern", [True, False], ids=["without a session", "with a session"])
async def test_a_call_whose_client_vanished_without_a_word_stops_waiting(bottle: Bottle, modern: bool) -> None:
    await call_and_hang_up(bottle, modern)
    await bottle.event("waiting_ended")
    bottle.decide(bottle.filed()[0].id, "approved", in_force=True)
    assert bottle.named("decision_read") == []


@pytest.mark.parametrize("modern", [True, False], ids=["without a session", "with a session"])
async def test_a_client_that_vanished_before_the_decision_is_not_taken_to_have_read_it(
    start: Start, modern: bool
) -> None:
    async with start(beat_seconds=60) as bottle:
        await call_and_hang_up(bottle, modern)
        async with asyncio.timeout(5):
            while bottle.service._web.server_state.connections:
                await anyio.lowlevel.checkpoint()
        bottle.decide(bottle.filed()[0].id, "approved", in_force=True)
        await bottle.event("waiting_ended")
    assert bottle.named("decision_read") == []


async def test_a_rejection_answers_the_same_ask_for_thirty_minutes_and_then_it_may_be_asked_anew(
    bottle: Bottle, client: Client
) -> None:
    identity = await reject(bottle, client, reason="not today")
    bottle.later(timedelta(minutes=29))
    remembered = await client.call_tool("egress-block", AGAIN)
    assert remembered.structured_content["id"] == identity
    assert "Reason: not today. The same ask gets" in text_of(remembered)
    assert "until the operator reopens it" in text_of(remembered)
    assert len(bottle.filed()) == 1
    bottle.later(timedelta(minutes=2))
    bottle.tell(wait_seconds=0)
    assert "The same ask gets" not in text_of(await client.call_tool("proposal-status", {"id": identity}))
    anew = await client.call_tool("egress-block", AGAIN)
    assert anew.structured_content["status"] == "pending"
    assert anew.structured_content["id"] != identity


async def test_a_rejection_dated_in_the_future_is_not_remembered_for_longer(bottle: Bottle, client: Client) -> None:
    identity = await reject(bottle, client, decided_at=datetime.now(UTC) + timedelta(days=30))
    bottle.later(timedelta(minutes=31))
    bottle.tell(wait_seconds=0)
    assert (await client.call_tool("egress-block", ASK)).structured_content["id"] != identity


async def test_a_reopened_rejection_waits_again_and_the_same_ask_joins_it(bottle: Bottle, client: Client) -> None:
    identity = await reject(bottle, client)
    bottle.decide(identity, "pending")
    assert bottle.named("decision_loaded")[-1]["status"] == "pending"
    bottle.tell(wait_seconds=0)
    answer = await client.call_tool("egress-block", ASK)
    assert (answer.structured_content["id"], answer.structured_content["status"]) == (identity, "pending")
    assert bottle.service.queue.open_ids() == [identity]


async def test_reopening_does_not_wake_a_call_that_waits(bottle: Bottle, client: Client) -> None:
    call = asyncio.create_task(client.call_tool("egress-block", ASK))
    await bottle.event("waiting")
    identity = bottle.filed()[0].id
    bottle.decide(identity, "pending")
    bottle.decide(identity, "approved", in_force=True)
    assert (await call).structured_content["status"] == "approved"


async def test_a_removed_decision_reopens_too_and_is_acked_without_a_digest(bottle: Bottle, client: Client) -> None:
    identity = await reject(bottle, client)
    (bottle.folder / "decisions" / f"{identity}.json").unlink()
    bottle.service.reload()
    assert bottle.events[-1] == {"event": "decision_loaded", "id": identity, "digest": None, "status": "pending"}
    assert bottle.service.queue.open_ids() == [identity]


async def test_what_was_approved_and_read_may_be_asked_anew(bottle: Bottle, client: Client) -> None:
    call = asyncio.create_task(client.call_tool("egress-block", ASK))
    await bottle.event("waiting")
    bottle.decide(bottle.filed()[0].id, "approved", in_force=True)
    await call
    bottle.tell(wait_seconds=0)
    await client.call_tool("egress-block", ASK)
    assert len(bottle.filed()) == 2


async def test_an_approval_that_was_revoked_before_it_was_read_is_asked_anew(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    identity = (await client.call_tool("egress-block", ASK)).structured_content["id"]
    bottle.decide(identity, "approved", in_force=True)
    bottle.decide(identity, "approved", in_force=False, reason="revoked by alex")
    assert (await client.call_tool("egress-block", ASK)).structured_content["id"] != identity
    status = await client.call_tool("proposal-status", {"id": identity})
    assert status.structured_content["in_force"] is False
    assert "revoked by alex" in text_of(status)


async def test_an_approval_that_has_run_out_is_not_called_in_force(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    identity = (await client.call_tool("egress-block", ASK)).structured_content["id"]
    bottle.decide(identity, "approved", in_force=True, expires_at=datetime.now(UTC) + timedelta(minutes=15))
    bottle.later(timedelta(minutes=16))
    status = await client.call_tool("proposal-status", {"id": identity})
    assert status.structured_content["in_force"] is False
    assert "No longer in force" in text_of(status)


async def test_only_twenty_may_wait_and_the_refusal_names_them(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    for number in range(20):
        assert not (await client.call_tool("egress-block", {**ASK, "host": f"h{number}.example.com"})).is_error
    refused = await client.call_tool("egress-block", ASK)
    assert refused.is_error
    assert "20 proposals are waiting" in text_of(refused)
    assert bottle.filed()[0].id in text_of(refused)
    joined = await client.call_tool("egress-block", {**ASK, "host": "h3.example.com"})
    assert joined.structured_content["status"] == "pending"
    bottle.decide(bottle.filed()[0].id, "rejected")
    assert not (await client.call_tool("egress-block", ASK)).is_error


async def test_a_flood_of_calls_is_refused_and_passes(
    bottle: Bottle, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar_addon.supervise.calls.CALLS_A_SECOND", 0.0)
    answers = [await client.call_tool("proposal-status", {"id": "x"}) for _ in range(61)]
    assert "Too many calls" not in text_of(answers[59])
    assert "Too many calls" in text_of(answers[60])
    monkeypatch.setattr("sidecar_addon.supervise.calls.CALLS_A_SECOND", 1e9)
    assert "Too many calls" not in text_of(await client.call_tool("proposal-status", {"id": "x"}))


async def test_beyond_a_number_of_waiting_calls_the_next_is_answered_at_once(
    bottle: Bottle, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar_addon.supervise.calls.MAX_WAITING_CALLS", 1)
    call = asyncio.create_task(client.call_tool("egress-block", ASK))
    await bottle.event("waiting")
    second = await client.call_tool("egress-block", {**ASK, "methods": ["GET"]})
    assert second.structured_content["status"] == "pending"
    bottle.decide(bottle.filed()[0].id, "rejected")
    await call
    assert len(bottle.filed()) == 2


async def test_after_a_restart_nothing_is_lost(start: Start) -> None:
    async with start() as bottle, bottle.client() as client:
        bottle.tell(wait_seconds=0, watched_at=datetime.now(UTC), grantable_tokens={"T": ("api.example.com",)})
        asks = [{**ASK, "host": host} for host in ("a.example.com", "b.example.com", "c.example.com")]
        ids = [(await client.call_tool("egress-block", args)).structured_content["id"] for args in asks]
        bottle.decide(ids[1], "rejected", reason="no")
    # Decided while supervise was down:
    from sidecar_addon import proposals, spool

    decision = proposals.Decision(ids[2], "approved", "alex", datetime.now(UTC), in_force=True)
    spool.write(bottle.folder / "decisions", f"{ids[2]}.json", proposals.render(decision))
    async with start() as bottle, bottle.client() as client:
        assert bottle.service.queue.open_ids() == [ids[0]]
        answers = [(await client.call_tool("egress-block", args)).structured_content for args in asks]
        assert [(answer["id"], answer["status"]) for answer in answers] == [
            (ids[0], "pending"),
            (ids[1], "rejected"),
            (ids[2], "approved"),
        ]
        assert {event["id"] for event in bottle.named("decision_loaded")} == {ids[1], ids[2]}
        assert len(bottle.named("state_loaded")) == 1


async def test_after_a_restart_an_old_rejection_is_not_told_again(start: Start) -> None:
    async with start() as bottle, bottle.client() as client:
        bottle.tell(wait_seconds=0)
        identity = (await client.call_tool("egress-block", ASK)).structured_content["id"]
        bottle.decide(identity, "rejected", decided_at=datetime.now(UTC) - timedelta(minutes=31))
    async with start() as bottle, bottle.client() as client:
        assert (await client.call_tool("egress-block", ASK)).structured_content["id"] != identity


async def test_a_call_that_waits_when_the_server_stops_is_answered_pending(start: Start) -> None:
    async with start() as bottle, bottle.client() as client:
        bottle.tell(wait_seconds=60)
        await client.list_tools()  # else the client asks for the tool's schema once it has the answer, of nobody
        call = asyncio.create_task(client.call_tool("egress-block", ASK))
        await bottle.event("waiting")
        bottle.service.stop()
        answer = await call
    assert answer.structured_content["status"] == "pending"
