"""Dying at every single call on the outside world, before it or after it: what recovery makes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bottle_tui.adapters.fakes import Died
from bottle_tui.core import mirror
from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.errors import StateUnknown
from bottle_tui.services import audit, decide, recover, review, revoke, routes
from bottle_tui.services.session import CONFIG_FILE, TABLE_FILE
from sidecar_addon.table import Grant, Route

MOST_CALLS = 60
SCENES = ("egress", "passthrough", "token", "revoke")


def _prepare(bottle: Any, scene: str) -> tuple[str, Any]:
    """(proposal, what the operator does)."""
    if scene == "passthrough":
        identity = bottle.supervise.file("pipelock-block", host="api.example.com", want="passthrough")
        review.cards(bottle.world)
    elif scene == "token":
        identity = bottle.ask(auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    else:
        identity = bottle.ask()
    digest = bottle.digest(identity)
    if scene == "revoke":
        decide.approve(bottle.world, identity, digest)
        return identity, lambda: revoke.revoke(bottle.world, "box", grant=identity)
    return identity, lambda: decide.approve(bottle.world, identity, digest, acknowledged=True)


def _agree(bottle: Any) -> None:
    """Both sidecars, the folder, the ledger and the decision tell the same story."""
    table = bottle.gate.table
    assert bottle.home.read(TABLE_FILE) == table.data == bottle.gate.files["/etc/egress/routes.yaml"]
    assert bottle.home.read(CONFIG_FILE) == bottle.pipelock.config
    assert bottle.pipelock.live == mirror.mirror(table.routes)
    assert table.hold_until is None
    assert bottle.home.read("apply.json") is None
    assert "unbroken" in audit.verify(bottle.world, "box") or bottle.home.read("audit.jsonl") is None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scene", SCENES)
def test_dying_at_any_call_leaves_something_that_recovery_settles(
    make: Any, tmp_path: Path, scene: str, after: bool
) -> None:
    for number in range(1, MOST_CALLS):
        bottle = make(Route("api.example.com", (Grant("m1"),)), home_root=tmp_path / str(number))
        identity, act = _prepare(bottle, scene)
        bottle.wire.calls.clear()
        bottle.wire.at, bottle.wire.after = number, after
        try:
            act()
        except Died:
            bottle.wire.at = None
            with bottle.home.lock():
                said = recover.recover(bottle.world, "box")
            _settled(bottle, scene, identity, said)
        else:
            assert number > 10
            return
    raise AssertionError("it never got to its end")


def _settled(bottle: Any, scene: str, identity: str, said: str | None) -> None:
    _agree(bottle)
    in_force = identity in bottle.grants() or bottle.pipelock.live.passthrough != ()
    decision = bottle.decided(identity)
    results = [r for r in audit.records(bottle.world, "box") if r["kind"] == "result"]
    if scene == "revoke":
        return
    if in_force:
        assert decision.status == "approved"
        assert decision.in_force
        assert [r["in_force"] for r in results] == [True]
    else:
        assert decision is None or decision.status == "failed"
        assert not [r for r in results if r["in_force"]]
    if said is not None:
        assert "finished" in said if in_force else "undone" in said


@pytest.mark.parametrize("first", ["egress: put /etc/egress/routes.yaml", "home: write table.yaml"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dying_in_the_middle_of_a_recovery_is_settled_by_the_next(
    make: Any, tmp_path: Path, first: str, after: bool
) -> None:
    for number in range(1, MOST_CALLS):
        bottle = make(Route("api.example.com", (Grant("m1"),)), home_root=tmp_path / str(number))
        identity, act = _prepare(bottle, "egress")
        _die_at(bottle, first)
        with pytest.raises(Died):
            act()
        bottle.wire.calls.clear()
        bottle.wire.at, bottle.wire.after = number, after
        try:
            recover.recover(bottle.world, "box")
        except Died:
            bottle.wire.at = None
            said = recover.recover(bottle.world, "box")
            _settled(bottle, "egress", identity, said)
        else:
            assert number > 5
            return
    raise AssertionError("it never got to its end")


def test_an_operators_removal_that_the_gate_has_is_finished_not_put_back(bottle: Any) -> None:
    _die_at(bottle, "pipelock: put /etc/pipelock/pipelock.yaml")
    with pytest.raises(Died):
        routes.remove(bottle.world, "box", "api.example.com")
    bottle.wire.at = None
    assert "finished" in (recover.recover(bottle.world, "box") or "")
    assert bottle.gate.table.routes == ()


def test_a_change_that_both_have_is_finished_and_the_agent_told(bottle: Any) -> None:
    identity, _ = _dies_approving(bottle, "home: write table.yaml")
    assert "finished" in (recover.recover(bottle.world, "box") or "")
    assert bottle.supervise.decision(identity).in_force


def test_a_change_that_only_pipelock_has_is_put_back_and_can_be_tried_again(bottle: Any) -> None:
    identity, digest = _dies_approving(bottle, "egress: put /etc/egress/routes.yaml")
    assert bottle.hosts() == ("api.example.com", "files.example.net")
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.in_force
    assert "undone" in outcome.line


def test_a_revoke_that_the_gate_has_is_finished_not_put_back(bottle: Any) -> None:
    identity = bottle.ask()
    decide.approve(bottle.world, identity, bottle.digest(identity))
    _die_at(bottle, "pipelock: put /etc/pipelock/pipelock.yaml")
    with pytest.raises(Died):
        revoke.revoke(bottle.world, "box", grant=identity)
    bottle.wire.at = None
    assert "finished" in (recover.recover(bottle.world, "box") or "")
    assert bottle.grants() == ["m1"]
    assert bottle.hosts() == ("api.example.com",)


def test_while_the_gate_does_not_answer_the_journal_stays(bottle: Any) -> None:
    _dies_approving(bottle, "egress: put /etc/egress/routes.yaml")
    bottle.gate.unreachable = True
    with pytest.raises(StateUnknown, match="quarantine"):
        recover.recover(bottle.world, "box")
    assert json.loads(bottle.home.read("apply.json"))["kind"] == "approve"


def test_a_journal_of_an_earlier_start_is_dropped(bottle: Any) -> None:
    _dies_approving(bottle, "egress: put /etc/egress/routes.yaml")
    record = json.loads(bottle.home.read("bottle.json"))
    bottle.home.write("bottle.json", json.dumps(record | {"incarnation": "two"}).encode())
    assert recover.recover(bottle.world, "box") is None
    assert bottle.home.read("apply.json") is None


def test_a_journal_from_before_the_last_change_brings_nothing_back(bottle: Any) -> None:
    identity, _ = _dies_approving(bottle, "home: write table.yaml")
    old = bottle.home.read("apply.json")
    recover.recover(bottle.world, "box")
    revoke.revoke(bottle.world, "box", grant=identity)
    table = bottle.gate.table.data
    routes.add(bottle.world, "box", "new.example.net")
    kept = bottle.grants()
    bottle.home.write("apply.json", old)
    assert recover.recover(bottle.world, "box") is None
    assert bottle.grants() == kept
    assert bottle.gate.table.data != table
    _agree(bottle)


def test_an_interrupted_apply_is_not_finished_in_quarantine(bottle: Any) -> None:
    _dies_approving(bottle, "home: write table.yaml")
    bottle.home.write("quarantined", b"{}")
    assert "undone" in (recover.recover(bottle.world, "box") or "")
    assert bottle.gate.table.quarantined
    assert bottle.grants() == ["m1"]


def _die_at(bottle: Any, call: str) -> None:
    """Find the number of the call by a rehearsal on another bottle's calls: die when it comes."""
    wire = bottle.wire
    wire.calls.clear()
    original = wire.step

    def step(name: str) -> Any:
        if name == call and wire.at is None and not getattr(wire, "done", False):
            wire.at, wire.done = len(wire.calls) + 1, True
        return original(name)

    wire.step = step


def _dies_approving(bottle: Any, call: str, edit: Edit = AS_ASKED) -> tuple[str, str]:
    """An approval that ends there: the proposal, and the digest it was approved with."""
    identity = bottle.ask()
    digest = bottle.digest(identity, edit=edit)
    _die_at(bottle, call)
    with pytest.raises(Died):
        decide.approve(bottle.world, identity, digest, edit=edit)
    bottle.wire.at = None
    return identity, digest


def test_an_edit_of_time_survives_recovery(bottle: Any) -> None:
    identity, _ = _dies_approving(bottle, "home: write table.yaml", Edit(lasts="1h"))
    recover.recover(bottle.world, "box")
    assert bottle.decided(identity).expires_at is not None
