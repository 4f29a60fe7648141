"""What lies in the folder is not trusted: hostile, partial and foreign files are reported and change nothing."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcp.client import Client

from sidecar_addon import proposals, spool
from sidecar_addon.proposals import Decision
from tests.supervise.conftest import Start
from tests.supervise.running import Bottle, text_of

ASK = {"host": "api.example.com", "justification": "to read the issues"}


async def pending(bottle: Bottle, client: Client) -> str:
    bottle.tell(wait_seconds=0)
    return str((await client.call_tool("egress-block", ASK)).structured_content["id"])


async def test_every_file_put_is_acked_once_with_the_digest_of_its_bytes(bottle: Bottle, client: Client) -> None:
    identity = await pending(bottle, client)
    data = proposals.render(Decision(identity, "rejected", "alex", datetime.now(UTC)))
    bottle.events.clear()
    bottle.put(f"{identity}.json", data)
    ack = {"event": "decision_loaded", "id": identity, "digest": spool.digest_of(data), "status": "rejected"}
    assert bottle.events == [ack]
    bottle.put(f"{identity}.json", data)
    assert bottle.events == [ack, ack]


async def test_a_signal_without_a_new_file_repeats_the_last_acks(bottle: Bottle, client: Client) -> None:
    identity = await pending(bottle, client)
    bottle.decide(identity, "rejected")
    last = bottle.events[-1]
    bottle.service.reload()
    assert bottle.events[-2:] == [last, last]


async def test_state_is_acked_with_its_digest_and_without_one_when_it_is_gone(bottle: Bottle) -> None:
    bottle.tell(wait_seconds=7, watched_at=datetime(2026, 1, 1, tzinfo=UTC))
    digest = spool.read(bottle.folder / "decisions" / "state.json", 10_000).digest
    assert bottle.events[-1] == {"event": "state_loaded", "digest": digest}
    (bottle.folder / "decisions" / "state.json").unlink()
    bottle.service.reload()
    assert bottle.events[-1] == {"event": "state_loaded", "digest": None}
    assert bottle.service.queue.state == proposals.State()


async def test_hostile_decisions_are_reported_by_name_and_never_followed(bottle: Bottle, client: Client) -> None:
    identity = await pending(bottle, client)
    folder = bottle.folder / "decisions"
    good = proposals.render(Decision(identity, "approved", "alex", datetime.now(UTC), in_force=True))
    outside = bottle.folder / "outside.json"
    outside.write_bytes(good)
    bad = {
        f"{identity}.json": lambda path: path.symlink_to(outside),
        "01KGAQ5M000000000000000002.json": lambda path: path.write_bytes(good),
        "partial.json": lambda path: path.write_bytes(good[: len(good) // 2]),
        "huge.json": lambda path: path.write_bytes(b" " * (proposals.LIMIT_BYTES + 1)),
        "fifo.json": os.mkfifo,
        "folder.json": lambda path: path.mkdir(),
        "\x1b[2J": lambda path: path.write_bytes(b"\xff"),
    }
    bottle.events.clear()
    for name, make in bad.items():
        make(folder / name)
    bottle.service.reload()
    assert {event["name"] for event in bottle.events} == {f"decisions/{name}" for name in bad}
    assert {event["event"] for event in bottle.events} == {"file_rejected"}
    assert (await client.call_tool("proposal-status", {"id": identity})).structured_content["status"] == "pending"


async def test_a_broken_file_in_place_of_a_good_one_leaves_what_was_loaded(bottle: Bottle, client: Client) -> None:
    identity = await pending(bottle, client)
    bottle.decide(identity, "rejected", reason="no")
    bottle.put(f"{identity}.json", b'{"version":1,')
    bottle.tell(wait_seconds=3, grantable_tokens={"T": ("api.example.com",)})
    bottle.put("state.json", b"[]")
    assert [event["name"] for event in bottle.named("file_rejected")] == [
        f"decisions/{identity}.json",
        "decisions/state.json",
    ]
    assert bottle.service.queue.state.wait_seconds == 3
    assert "no" in text_of(await client.call_tool("proposal-status", {"id": identity}))


async def test_what_is_no_proposal_is_set_aside_at_the_start_and_the_rest_is_there(start: Start) -> None:
    async with start() as bottle, bottle.client() as client:
        identity = await pending(bottle, client)
    folder: Path = bottle.folder / "proposals"
    good = (folder / f"{identity}.json").read_bytes()
    (folder / "01KGAQ5M000000000000000002.json").write_bytes(good)
    (folder / "01KGAQ5M000000000000000003.json").write_bytes(good[:40])
    (folder / "01KGAQ5M000000000000000004.json").symlink_to(folder / f"{identity}.json")
    os.mkfifo(folder / "01KGAQ5M000000000000000005.json")
    (folder / f".{identity}.json.00.tmp").write_bytes(good[:40])
    async with start() as bottle:
        assert bottle.service.queue.open_ids() == [identity]
        assert [path.name for path in folder.iterdir()] == [f"{identity}.json"]
        assert len(list((bottle.folder / "aside").iterdir())) == 4
        assert all("set aside" in event["error"] for event in bottle.named("file_rejected"))
        assert len(bottle.named("file_rejected")) == 4


async def test_an_ask_that_cannot_be_written_is_not_said_to_be_filed(
    bottle: Bottle, client: Client, monkeypatch: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.os, "fsync", full)
    answer = await client.call_tool("egress-block", ASK)
    assert answer.is_error
    assert "No space left on device" in text_of(answer)
    assert bottle.named("proposal_filed") == []
    assert bottle.filed() == []


async def test_a_folder_that_vanishes_is_reported_and_the_server_goes_on(bottle: Bottle, client: Client) -> None:
    await pending(bottle, client)
    (bottle.folder / "decisions").rename(bottle.folder / "gone")
    (bottle.folder / "decisions").write_bytes(b"a file")
    bottle.service.reload()
    assert bottle.events[-1]["event"] == "file_rejected"
    assert (await client.call_tool("egress-block", ASK)).structured_content["status"] == "pending"


async def test_many_decisions_at_once_wake_the_call_that_waits(bottle: Bottle, client: Client) -> None:
    call = asyncio.create_task(client.call_tool("egress-block", ASK))
    await bottle.event("waiting")
    identity = bottle.filed()[0].id
    for number in range(50):
        other = proposals.new_id(number, bytes(10))
        decision = Decision(other, "rejected", "alex", datetime.now(UTC))
        spool.write(bottle.folder / "decisions", f"{other}.json", proposals.render(decision))
    bottle.decide(identity, "superseded", reason="01J took its place")
    assert (await call).structured_content["status"] == "superseded"
    assert len(bottle.named("decision_loaded")) == 51
