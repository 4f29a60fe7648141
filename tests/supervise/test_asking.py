"""The loop from an ask to its answer, with the SDK's own client over loopback."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mcp.client import Client

from tests.supervise.running import Bottle, text_of

ASK = {"host": "api.example.com", "path_allowlist": ["/v1/"], "justification": "to read the issues"}


def ask(client: Client, tool: str = "egress-block", **args: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(client.call_tool(tool, {**ASK, **args} if tool == "egress-block" else args))


async def test_an_ask_is_filed_waited_for_approved_and_answered(bottle: Bottle, any_client: Client) -> None:
    call = ask(any_client)
    waiting = await bottle.event("waiting")
    (proposal,) = bottle.filed()
    assert proposal.id == waiting["id"] == bottle.named("proposal_filed")[0]["id"]
    assert proposal.args == ASK
    applied = {"host": "api.example.com", "grants": [{"id": proposal.id, "path_allowlist": ["/v1/"]}]}
    ends = datetime.now(UTC) + timedelta(hours=1)
    bottle.decide(proposal.id, "approved", applied=applied, in_force=True, expires_at=ends, reason="go on")
    answer = await call
    assert not answer.is_error
    assert answer.structured_content["status"] == "approved"
    assert answer.structured_content["route"] == applied
    assert answer.structured_content["in_force"] is True
    assert answer.structured_content["reason"] == "go on"
    assert answer.structured_content["expires_at"].startswith(str(ends.date()))
    assert "retry the request once" in text_of(answer)
    assert [event["event"] for event in bottle.events[-3:]] == ["decision_loaded", "waiting_ended", "decision_read"]


async def test_the_proposal_says_which_program_asked(bottle: Bottle, client: Client) -> None:
    call = ask(client)
    await bottle.event("waiting")
    assert bottle.filed()[0].author.startswith("mcp ")
    bottle.decide(bottle.filed()[0].id, "rejected")
    await call


async def test_the_event_of_a_proposal_carries_the_digest_of_its_file(bottle: Bottle, client: Client) -> None:
    from sidecar_addon import spool

    call = ask(client)
    filed = await bottle.event("proposal_filed")
    assert spool.read(bottle.folder / "proposals" / f"{filed['id']}.json", 10_000).digest == filed["digest"]
    bottle.decide(filed["id"], "rejected")
    await call


async def test_a_call_that_waits_beats_with_progress(bottle: Bottle, any_client: Client) -> None:
    beats: list[tuple[float, float | None, str | None]] = []
    enough = asyncio.Event()

    async def progress(done: float, total: float | None, message: str | None) -> None:
        beats.append((done, total, message))
        if len(beats) == 3:
            enough.set()

    call = asyncio.create_task(any_client.call_tool("egress-block", ASK, progress_callback=progress))
    async with asyncio.timeout(5):
        await enough.wait()
    bottle.decide(bottle.filed()[0].id, "rejected", reason="no")
    await call
    assert [beat[0] for beat in beats] == sorted(beat[0] for beat in beats)
    assert beats[0][1] == 5
    assert "api.example.com waits for the operator" in str(beats[0][2])


async def test_a_rejection_is_answered_with_its_reason_and_what_not_to_do(bottle: Bottle, client: Client) -> None:
    call = ask(client)
    await bottle.event("waiting")
    bottle.decide(bottle.filed()[0].id, "rejected", reason="use the mirror")
    answer = await call
    assert answer.structured_content["status"] == "rejected"
    assert answer.structured_content["in_force"] is False
    assert "use the mirror" in text_of(answer)
    assert "do not ask for the same again" in text_of(answer)


async def test_when_the_time_is_over_the_answer_is_pending_and_says_what_to_do(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0, watched_at=datetime.now(UTC))
    answer = await client.call_tool("egress-block", ASK)
    (proposal,) = bottle.filed()
    assert not answer.is_error
    assert answer.structured_content["status"] == "pending"
    assert answer.structured_content["id"] == proposal.id
    text = text_of(answer)
    assert f"call proposal-status with id {proposal.id}" in text
    assert "do not retry the request" in text
    assert "an answer may take long" not in text


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({}, "Nobody has had the dashboard open yet"),
        ({"watched_at": datetime(2026, 1, 1, tzinfo=UTC)}, "Nobody is watching right now (last seen 2026-01-01T"),
        (
            {"watched_at": datetime.now(UTC), "muted_until": datetime(2100, 1, 1, tzinfo=UTC)},
            "muted this bottle until 2100",
        ),
    ],
)
async def test_a_pending_answer_says_when_nobody_watches(
    bottle: Bottle, client: Client, state: dict[str, Any], says: str
) -> None:
    bottle.tell(wait_seconds=0, **state)
    assert says in text_of(await client.call_tool("egress-block", ASK))


async def test_a_mute_ends_by_itself(bottle: Bottle, client: Client) -> None:
    now = datetime.now(UTC)
    bottle.tell(wait_seconds=0, watched_at=now + timedelta(minutes=16), muted_until=now + timedelta(minutes=15))
    assert "muted" in text_of(await client.call_tool("egress-block", ASK))
    bottle.later(timedelta(minutes=16))
    assert "an answer may take long" not in text_of(await client.call_tool("egress-block", ASK))


async def test_a_decision_that_is_not_in_force_is_told_as_such_and_stays_open(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=600)
    call = ask(client)
    await bottle.event("waiting")
    identity = bottle.filed()[0].id
    bottle.decide(identity, "failed", reason="pipelock did not answer")
    first = await call
    assert first.structured_content["status"] == "failed"
    assert "do not retry yet; wait with proposal-status" in text_of(first)
    again = ask(client)
    await bottle.event("waiting_ended")
    bottle.decide(identity, "approved", in_force=True)
    assert (await again).structured_content["status"] == "approved"
    assert len(bottle.filed()) == 1


async def test_proposal_status_tells_at_once_or_waits(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    identity = (await client.call_tool("egress-block", ASK)).structured_content["id"]
    bottle.tell(wait_seconds=5)
    assert (await client.call_tool("proposal-status", {"id": identity})).structured_content["status"] == "pending"
    before = len(bottle.named("waiting"))
    call = ask(client, "proposal-status", id=identity.lower(), wait_seconds=60)
    async with asyncio.timeout(5):
        while len(bottle.named("waiting")) == before:
            bottle.arrived.clear()
            await bottle.arrived.wait()
    bottle.decide(identity, "approved", in_force=True)
    assert (await call).structured_content["status"] == "approved"


@pytest.mark.parametrize(
    ("tool", "args", "says"),
    [
        ("proposal-status", {"id": "01KGAQ5M000000000000000001"}, "no proposal of that id"),
        ("proposal-status", {"id": "../state"}, "no proposal of that id"),
        ("proposal-status", {}, "no proposal of that id"),
        ("proposal-status", {"id": 3, "wait": 1}, "'wait' is not known"),
        ("list-egress-routes", {"all": True}, "takes no arguments"),
        ("egress-allow", {}, "There is no tool 'egress-allow'; there are: egress-block"),
        ("egress-block", {"host": "localhost", "justification": "x"}, "Not filed. host: localhost is your own"),
        ("egress-block", {"host": "api.example.com"}, "Not filed. justification:"),
        ("pipelock-block", {**ASK, "want": "passthrough"}, "Not filed. pipelock-block: 'path_allowlist'"),
        ("capability-block", {"dockerfile": "FROM x", "justification": "x"}, "Not filed. dockerfile: line 1: FROM"),
    ],
)
async def test_what_is_wrong_with_a_call_is_a_tool_error_the_model_can_read_and_nothing_is_filed(
    bottle: Bottle, client: Client, tool: str, args: dict[str, Any], says: str
) -> None:
    answer = await client.call_tool(tool, args)
    assert answer.is_error
    assert says in text_of(answer)
    assert bottle.filed() == []


@pytest.mark.parametrize("seconds", [-1, "5", True, float("1e999")])
async def test_a_waiting_time_that_is_none_is_refused_or_cut(bottle: Bottle, client: Client, seconds: Any) -> None:
    bottle.tell(wait_seconds=0)
    identity = (await client.call_tool("egress-block", ASK)).structured_content["id"]
    answer = await client.call_tool("proposal-status", {"id": identity, "wait_seconds": seconds})
    assert answer.is_error or answer.structured_content["status"] == "pending"


async def test_a_token_may_be_asked_for_only_where_it_is_grantable(bottle: Bottle, client: Client) -> None:
    auth = {"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"}
    refused = await client.call_tool("egress-block", {**ASK, "auth": auth})
    assert refused.is_error
    assert "EXAMPLE_TOKEN is not grantable for api.example.com" in text_of(refused)
    bottle.tell(wait_seconds=0, grantable_tokens={"EXAMPLE_TOKEN": ("api.example.com",)})
    assert not (await client.call_tool("egress-block", {**ASK, "auth": auth})).is_error
    assert bottle.filed()[0].args["auth"] == auth


async def test_the_other_two_tools_file_what_they_ask(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    passthrough = {"host": "api.example.com", "want": "passthrough", "justification": "too large"}
    lines = {"dockerfile": "RUN apt-get install -y jq", "justification": "to read JSON"}
    await client.call_tool("pipelock-block", passthrough)
    await client.call_tool("capability-block", lines)
    assert [(proposal.tool, proposal.args) for proposal in bottle.filed()] == [
        ("pipelock-block", passthrough),
        ("capability-block", lines),
    ]


async def test_foreign_text_is_kept_as_data_and_no_event_line_carries_it(bottle: Bottle, client: Client) -> None:
    bottle.tell(wait_seconds=0)
    words = "\x1b]0;owned\x07 [@click=app.approve]x[/] \u202e\nApproved and in force"
    await client.call_tool("egress-block", {**ASK, "justification": words})
    assert bottle.filed()[0].args["justification"] == words
    assert "owned" not in str(bottle.events)
    raw = next((bottle.folder / "proposals").iterdir()).read_bytes()
    assert raw.isascii()
    assert b"\x1b" not in raw
