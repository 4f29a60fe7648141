"""The ledger on disk: one chain over all its files, and the first bad record named."""

from typing import Any

import pytest

from bottle_tui.errors import LedgerBroken, NotFound
from bottle_tui.services import audit, decide


def test_a_changed_record_is_named_with_its_line(bottle: Any) -> None:
    for number in range(3):
        audit.append(bottle.world, bottle.home, "test", value=number)
    data = bottle.home.read("audit.jsonl")
    bottle.home.write("audit.jsonl", data.replace(b'"value":1', b'"value":7'))
    with pytest.raises(LedgerBroken, match="record 2 was changed") as caught:
        audit.verify(bottle.world, "box")
    assert caught.value.place == "line 2"
    with pytest.raises(LedgerBroken):
        audit.records(bottle.world, "box")


def test_a_ledger_that_grows_moves_its_older_part_and_stays_one_chain(
    bottle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SEGMENT_BYTES", 600)
    for number in range(9):
        audit.append(bottle.world, bottle.home, "test", value=number)
    assert len(bottle.home.names("audit-old")) > 1
    assert [record["value"] for record in audit.records(bottle.world, "box")] == list(range(9))
    assert "9 records, unbroken" in audit.verify(bottle.world, "box")


def test_a_machine_that_stops_while_moving_loses_nothing(bottle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        audit.append(bottle.world, bottle.home, "test", value=number)
    data = bottle.home.read("audit.jsonl")
    bottle.home.write("audit-old/000000000003.jsonl", data)
    assert "3 records" in audit.verify(bottle.world, "box")
    monkeypatch.setattr(audit, "SEGMENT_BYTES", 100)
    audit.append(bottle.world, bottle.home, "test", value=3)
    assert "4 records" in audit.verify(bottle.world, "box")


def test_a_ledger_that_cannot_be_written_stops_everything(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    before = bottle.gate.table
    bottle.home.write("audit.jsonl", b"nonsense\n")
    with pytest.raises(LedgerBroken):
        decide.approve(bottle.world, identity, digest)
    assert bottle.gate.table is before
    assert bottle.hosts() == ("api.example.com",)


def test_an_empty_ledger_and_an_unknown_bottle(bottle: Any) -> None:
    assert audit.verify(bottle.world, "box") == "box: the ledger is empty"
    with pytest.raises(NotFound):
        audit.verify(bottle.world, "nope")
