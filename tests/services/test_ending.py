"""What time has ended is told, whoever looks next."""

import json
from typing import Any

import pytest

from bottle_tui.core.edits import Edit
from bottle_tui.services import audit, decide, ending, pipelock, review, status, stop
from bottle_tui.services.locked import held
from sidecar_addon import proposals
from sidecar_addon.table import Grant, Route


def approved(bottle: Any, lasts: str, tool: str = "egress-block", **args: object) -> str:
    identity: str = bottle.supervise.file(tool, **({"host": "files.example.net"} | args))
    review.cards(bottle.world)
    edit = Edit(lasts=lasts)
    outcome = decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit, acknowledged=True)
    assert outcome.in_force, outcome.line
    return identity


def told(bottle: Any, identity: str) -> proposals.Decision:
    """What the agent reads, from supervise and not from the host's copy."""
    return proposals.parse_decision(bottle.supervise.files[f"/var/lib/supervise/decisions/{identity}.json"])


def test_nothing_is_done_before_its_time(bottle: Any) -> None:
    approved(bottle, "15m")
    bottle.clock.advance(890)
    bottle.wire.calls.clear()
    assert ending.settle(bottle.world) == []
    assert not any("put" in call or "write" in call for call in bottle.wire.calls)


def test_a_grant_whose_time_is_over_leaves_the_table_the_ledger_says_so_and_the_agent_is_told(bottle: Any) -> None:
    identity = approved(bottle, "15m")
    assert told(bottle, identity).in_force
    bottle.clock.advance(901)
    assert ending.settle(bottle.world) == ["box"]
    assert bottle.gate.table.exact["files.example.net"].grants == ()
    assert "files.example.net" not in bottle.pipelock.live.hosts
    assert (told(bottle, identity).in_force, told(bottle, identity).reason) == (False, "its time is over")
    records = [(record["kind"], record.get("of")) for record in audit.records(bottle.world, "box")]
    assert records[-2:] == [("intent", "expire"), ("result", "expire")]
    assert ending.settle(bottle.world) == []


def test_what_a_gate_does_not_let_go_of_is_in_the_ledger_once_however_often_it_is_tried(bottle: Any) -> None:
    identity = approved(bottle, "15m")
    bottle.clock.advance(901)
    bottle.gate.silent = True
    before = len(audit.records(bottle.world, "box"))
    for _ in range(5):
        assert ending.settle(bottle.world) == []
        bottle.clock.advance(5)
    tried = audit.records(bottle.world, "box")[before:]
    assert [(record["kind"], record.get("in_force")) for record in tried] == [("intent", None), ("result", False)]
    bottle.gate.silent = False
    assert ending.settle(bottle.world) == ["box"]
    done = audit.records(bottle.world, "box")[before + 2 :]
    assert [(record["kind"], record["of"], record["in_force"]) for record in done] == [("result", "expire", True)]
    assert not told(bottle, identity).in_force


def test_a_grant_that_ends_while_another_one_does_not_go_is_told_as_its_own(bottle: Any) -> None:
    approved(bottle, "15m")
    other = approved(bottle, "1h", host="other.example.net")
    bottle.gate.silent = True
    bottle.clock.advance(901)
    ending.settle(bottle.world)
    bottle.clock.advance(3600)
    ending.settle(bottle.world)
    ending.settle(bottle.world)
    intents = [r for r in audit.records(bottle.world, "box") if (r["kind"], r.get("of")) == ("intent", "expire")]
    assert [other in record["grants"] for record in intents] == [False, True]


def test_a_used_up_grant_is_told_too(bottle: Any) -> None:
    identity = approved(bottle, "once")
    assert ending.settle(bottle.world) == []
    (grant,) = bottle.gate.table.exact["files.example.net"].grants
    bottle.gate.uses[grant.id] = 1
    assert ending.settle(bottle.world) == ["box"]
    assert not told(bottle, identity).in_force
    assert bottle.gate.table.exact["files.example.net"].grants == ()


def test_a_timed_passthrough_is_scanned_again_and_its_ask_is_answered(make: Any) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    identity = approved(bottle, "1h", "pipelock-block", host="api.example.com", want="passthrough")
    assert bottle.gate.table.exact["api.example.com"].passthrough_until is not None
    bottle.clock.advance(3601)
    assert ending.settle(bottle.world) == ["box"]
    route = bottle.gate.table.exact["api.example.com"]
    assert (route.pipelock, route.passthrough_until) == ("scanned", None)
    assert bottle.pipelock.live.passthrough == ()
    assert [grant.id for grant in route.grants] == ["m1"]
    assert (told(bottle, identity).in_force, told(bottle, identity).reason) == (False, "its time is over")


def test_a_timed_passthrough_under_another_one_keeps_nobody_from_the_bottle_when_it_ends(make: Any) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    approved(bottle, "15m", "pipelock-block", host="api.example.com", want="passthrough")
    shown = pipelock.preview(bottle.world, "box", "passthrough: ['*.example.com']\n")
    assert shown.change is not None
    pipelock.edit(bottle.world, "box", "passthrough: ['*.example.com']\n", digest=shown.change.digest)
    bottle.clock.advance(901)
    assert approved(bottle, "bottle")
    assert bottle.gate.table.exact["api.example.com"].pipelock == "passthrough"


def test_a_gate_that_does_not_answer_leaves_it_for_later(bottle: Any) -> None:
    identity = approved(bottle, "15m")
    bottle.clock.advance(901)
    bottle.gate.running = False
    assert ending.settle(bottle.world) == []
    bottle.gate.running = True
    assert ending.settle(bottle.world) == ["box"]
    assert not told(bottle, identity).in_force


def test_what_ends_while_the_bottle_is_stopped_leaves_no_apply_that_was_interrupted(bottle: Any) -> None:
    approved(bottle, "15m")
    stop.stop(bottle.world, "box")
    bottle.clock.advance(901)
    records = len(audit.records(bottle.world, "box"))
    assert ending.settle(bottle.world) == []
    with held(bottle.world, "box"):
        pass
    (row,) = status.bottles(bottle.world)
    assert (row.state, row.note) == ("stopped", "")
    assert len(audit.records(bottle.world, "box")) == records


def test_a_bottle_that_is_down_has_nothing_to_end(bottle: Any) -> None:
    bottle.home.delete("bottle.json")
    assert ending.settle(bottle.world) == []


def test_whoever_takes_the_lock_for_another_reason_does_the_same(bottle: Any) -> None:
    identity = approved(bottle, "15m")
    bottle.clock.advance(901)
    with held(bottle.world, "box"):
        pass
    assert not told(bottle, identity).in_force
    assert json.loads(proposals.render(told(bottle, identity)))["status"] == "approved"


@pytest.mark.parametrize("lasts", ["bottle", "always"])
def test_what_has_no_end_never_ends(bottle: Any, lasts: str) -> None:
    approved(bottle, lasts)
    bottle.clock.advance(400 * 86400)
    assert ending.settle(bottle.world) == []
