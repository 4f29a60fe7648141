"""The operator's own hand: routes, pipelock's lists, revoke, undo, quarantine."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bottle_tui.core.changes import AuthAsk
from bottle_tui.core.edits import Edit
from bottle_tui.errors import (
    Conflict,
    InvalidFile,
    NeedsAcceptance,
    NotApplied,
    NotFound,
    SidecarUnreachable,
    Stale,
    StateUnknown,
    UsageError,
)
from bottle_tui.services import (
    audit,
    decide,
    glance,
    history,
    lookup,
    pipelock,
    quarantine,
    review,
    revoke,
    routes,
    status,
)
from sidecar_addon.table import Grant, Route


def approve(bottle: Any, identity: str, **edit: Any) -> Any:
    wish = Edit(**edit)
    return decide.approve(bottle.world, identity, bottle.digest(identity, edit=wish), edit=wish)


def test_routes_are_shown_as_the_gate_confirms_them(bottle: Any) -> None:
    shown = routes.show(bottle.world, "box")
    assert (shown["slug"], shown["in_force"], shown["generation"]) == ("box", True, 1)
    assert shown["digest"] == bottle.gate.table.digest
    assert shown["routes"][0]["host"] == "api.example.com"
    assert shown["routes"][0]["pipelock"] == "scanned"
    assert shown["routes"][0]["scan"] == {"requests": 0, "bytes": 0, "ms": 0}


def test_without_the_gates_word_nothing_is_called_in_force(bottle: Any) -> None:
    bottle.gate.unreachable = True
    shown = routes.show(bottle.world, "box")
    assert (shown["in_force"], shown["generation"]) == (False, None)


def test_an_added_route_is_in_force_on_both(bottle: Any) -> None:
    outcome = routes.add(bottle.world, "box", "docs.example.org", path_allowlist=("/d/",), methods=("GET",))
    assert outcome.in_force, outcome.line
    assert outcome.line.endswith("in force, proven")
    assert bottle.hosts() == ("api.example.com", "docs.example.org")


def test_an_added_route_with_auth_needs_a_yes_and_then_has_its_token(bottle: Any) -> None:
    wish = {"auth": AuthAsk("Bearer", "EXAMPLE_TOKEN")}
    with pytest.raises(NeedsAcceptance, match="EXAMPLE_TOKEN"):
        routes.add(bottle.world, "box", "docs.example.org", **wish)
    assert routes.add(bottle.world, "box", "docs.example.org", acknowledged=True, **wish).in_force
    assert bottle.gate.slots["EGRESS_TOKEN_0"][1] == "value-of-the-example-token"


def test_what_was_shown_is_what_is_carried_out(bottle: Any) -> None:
    shown = routes.preview(bottle.world, "box", routes.adding(bottle.world, "docs.example.org"))
    assert shown.change is not None
    again = routes.adding(bottle.world, "docs.example.org")
    assert routes.carry_out(bottle.world, "box", again, shown.change.digest).in_force
    with pytest.raises(Stale):
        routes.add(bottle.world, "box", "other.example.org", digest=shown.change.digest)


def test_adding_what_is_there_says_so(bottle: Any) -> None:
    outcome = routes.add(bottle.world, "box", "api.example.com", path_allowlist=("/v1/x",), methods=("GET",))
    assert "in force already" in outcome.line


def test_always_is_kept_and_ends_with_the_route(bottle: Any) -> None:
    routes.add(bottle.world, "box", "docs.example.org", lasts="always")
    assert b"docs.example.org" in bottle.home.read("grants.yaml")
    routes.remove(bottle.world, "box", "docs.example.org")
    assert b"docs.example.org" not in bottle.home.read("grants.yaml")


def test_a_removed_route_is_gone_from_both(bottle: Any) -> None:
    outcome = routes.remove(bottle.world, "box", "api.example.com")
    assert outcome.in_force
    assert bottle.gate.table.routes == ()
    assert bottle.hosts() == ()
    with pytest.raises(NotFound):
        routes.remove(bottle.world, "box", "api.example.com")


def test_edited_routes_replace_all(bottle: Any) -> None:
    text = routes.text(bottle.world, "box").replace("/v1/", "/v2/") + "- host: docs.example.org\n"
    assert routes.edit(bottle.world, "box", text).in_force
    assert bottle.gate.table.exact["api.example.com"].grants[0].path_allowlist == ("/v2/",)
    assert "docs.example.org" in bottle.hosts()


def test_a_wrong_edit_names_its_place_and_does_nothing(bottle: Any) -> None:
    before = bottle.gate.table
    with pytest.raises(InvalidFile, match="route"):
        routes.edit(bottle.world, "box", "routes:\n- host: api.example.com\n  paths: [/]\n")
    assert bottle.gate.table is before


def test_an_operators_change_that_pipelock_refuses_is_said_by_its_exit_code(bottle: Any) -> None:
    bottle.pipelock.rejects = "no"
    outcome = routes.add(bottle.world, "box", "docs.example.org")
    assert (outcome.exit_code, outcome.in_force) == (5, False)


def test_pipelocks_lists_are_shown_and_edited(bottle: Any) -> None:
    text = pipelock.text(bottle.world, "box").replace("hosts: []", "hosts: [cdn.example.org]")
    shown = pipelock.preview(bottle.world, "box", text)
    assert "+- cdn.example.org" in shown.change.pipelock
    assert pipelock.edit(bottle.world, "box", text, digest=shown.change.digest).in_force
    listed = pipelock.show(bottle.world, "box")
    assert listed["hosts"] == ["api.example.com", "cdn.example.org"]
    assert listed["extra"]["hosts"] == ["cdn.example.org"]


def test_an_edit_that_changes_nothing_has_its_result_in_the_ledger(bottle: Any) -> None:
    outcome = pipelock.edit(bottle.world, "box", pipelock.text(bottle.world, "box"))
    assert "nothing changes" in outcome.line
    newest = history.listed(bottle.world, "box")[0]
    assert (newest.verb, newest.ok, newest.result) == ("pipelock", True, "nothing changed, in force already")
    assert {record["component"] for record in audit.records(bottle.world, "box")} == {"pipelock"}


def test_a_passthrough_list_restarts_pipelock_and_moves_the_route(bottle: Any) -> None:
    outcome = pipelock.edit(bottle.world, "box", "passthrough: [api.example.com]\n")
    assert outcome.in_force, outcome.line
    assert bottle.pipelock.live.passthrough == ("api.example.com",)
    assert bottle.gate.table.exact["api.example.com"].pipelock == "passthrough"


def test_a_revoke_cuts_what_flows_and_counts_it(bottle: Any) -> None:
    identity = bottle.ask()
    approve(bottle, identity)
    bottle.gate.in_flight = {"files.example.net": 3}
    bottle.wire.calls.clear()
    outcome = revoke.revoke(bottle.world, "box", host="files.example.net")
    assert "revoked files.example.net, 3 streams cut" in outcome.line
    assert outcome.line.endswith("in force, proven")
    puts = [call.partition(":")[0] for call in bottle.wire.calls if ": put /etc" in call]
    assert puts == ["egress", "pipelock"]
    assert bottle.hosts() == ("api.example.com",)
    assert bottle.supervise.decision(identity).reason == "revoked by op"
    assert review.cards(bottle.world, everything=True)[0].in_force is False


def test_undo_is_the_revoke_of_a_proposal(bottle: Any) -> None:
    identity = bottle.ask()
    approve(bottle, identity, lasts="always")
    outcome = revoke.undo(bottle.world, identity[-6:])
    assert (outcome.id, outcome.in_force) == (identity, True)
    assert b"files.example.net" not in bottle.home.read("grants.yaml")
    with pytest.raises(Conflict, match="nothing to undo"):
        revoke.undo(bottle.world, identity)


@pytest.mark.parametrize("want", ["allow", "passthrough"])
def test_what_pipelock_block_brought_can_be_undone(make: Any, want: str) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    host = "cdn.example.org" if want == "allow" else "api.example.com"
    identity = bottle.supervise.file("pipelock-block", host=host, want=want)
    review.cards(bottle.world)
    approve(bottle, identity)
    outcome = revoke.undo(bottle.world, identity)
    assert outcome.in_force, outcome.line
    assert bottle.hosts() == ("api.example.com",)
    assert bottle.pipelock.live.passthrough == ()
    assert not bottle.supervise.decision(identity).in_force


def test_a_silent_pipelock_does_not_stop_a_revoke(bottle: Any) -> None:
    identity = bottle.ask()
    approve(bottle, identity)
    bottle.pipelock.silent = True
    outcome = revoke.revoke(bottle.world, "box", grant=identity)
    assert (outcome.exit_code, outcome.in_force) == (0, True)
    assert "pipelock has not confirmed" in outcome.line
    assert bottle.grants() == ["m1"]
    bottle.pipelock.silent = False
    other = bottle.ask("docs.example.org")
    approve(bottle, other)
    assert bottle.hosts() == ("api.example.com", "docs.example.org")


def test_a_gate_that_refuses_a_revoke_keeps_what_it_had_and_that_is_said(bottle: Any) -> None:
    identity = bottle.ask()
    approve(bottle, identity)
    bottle.gate.rejects = "no"
    outcome = revoke.revoke(bottle.world, "box", grant=identity)
    assert outcome.exit_code == 5
    assert outcome.line.startswith("not revoked")
    assert bottle.supervise.decision(identity).in_force


def test_a_revoke_names_one_thing_that_is_there(bottle: Any) -> None:
    with pytest.raises(UsageError):
        revoke.revoke(bottle.world, "box")
    with pytest.raises(UsageError):
        revoke.revoke(bottle.world, "box", host="a b")
    with pytest.raises(NotFound):
        revoke.revoke(bottle.world, "box", host="other.example.org")
    with pytest.raises(NotFound):
        revoke.revoke(bottle.world, "box", grant="nope")


def test_a_quarantine_cuts_the_network_before_it_waits_for_the_lock(bottle: Any) -> None:
    with bottle.home.lock():
        line = _quarantine_at_once(bottle)
    assert "egress is cut from the chain" in line
    assert "the gate has not confirmed" in line
    assert "box" in bottle.runtime.cut_off
    line = quarantine.quarantine(bottle.world, "box")
    assert line == "box: cut off, the gate confirms; `bottle-tui release box` ends it"
    assert bottle.gate.table.quarantined


def _quarantine_at_once(bottle: Any) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quarantine, "LOCK_SECONDS", 0.05)
        return quarantine.quarantine(bottle.world, "box")


def test_a_quarantine_without_an_engine_still_flags_the_gate(bottle: Any) -> None:
    bottle.runtime.down = True
    line = quarantine.quarantine(bottle.world, "box")
    assert "the network was not cut" in line
    assert bottle.gate.table.quarantined


def test_a_quarantine_that_nobody_confirms_is_said_loudly(bottle: Any) -> None:
    bottle.runtime.down = True
    bottle.gate.unreachable = True
    with pytest.raises(StateUnknown, match="by hand"):
        quarantine.quarantine(bottle.world, "box")


def _fail_a_quarantine(bottle: Any) -> None:
    bottle.runtime.down, bottle.gate.unreachable = True, True
    with pytest.raises(StateUnknown, match="whoever looks next"):
        quarantine.quarantine(bottle.world, "box")


def test_a_quarantine_that_failed_is_claimed_by_nobody(bottle: Any) -> None:
    _fail_a_quarantine(bottle)
    bottle.runtime.down, bottle.gate.unreachable = False, False
    looking = replace(bottle.world, read_only=True)
    found = status.bottle(looking, "box")
    assert found.state == "degraded"
    assert "quarantine was asked for and has NOT been carried out: press X again" in found.note
    assert "bottle-tui quarantine box" in found.note
    assert glance.glance(looking.home, looking.clock, lambda home: True).quarantined == 0
    (row,) = [each for each in audit.records(bottle.world, "box") if each["kind"] == "quarantine"]
    assert row["in_force"] is False
    assert row["why"].startswith("not carried out: ")
    (deed, *_) = history.listed(bottle.world, "box")
    assert (deed.verb, deed.ok) == ("quarantined", False)


def test_whoever_looks_next_carries_out_a_quarantine_that_failed_and_says_so(bottle: Any) -> None:
    _fail_a_quarantine(bottle)
    bottle.runtime.down, bottle.gate.unreachable = False, False
    found = status.bottle(bottle.world, "box")
    assert found.state == "quarantined"
    assert "asked for by op at 20" in found.note
    assert "carried out only now" in found.note
    assert bottle.gate.table.quarantined
    assert bottle.runtime.cut_off == {"box"}
    assert "only now" not in status.bottle(bottle.world, "box").note
    rows = [each for each in audit.records(bottle.world, "box") if each["kind"] == "quarantine"]
    assert [row["in_force"] for row in rows] == [False, True]
    assert glance.glance(bottle.world.home, bottle.clock, lambda home: True).quarantined == 1


def test_with_an_engine_that_does_not_answer_nobody_knows_of_a_quarantine(bottle: Any) -> None:
    _fail_a_quarantine(bottle)
    for sidecar in bottle.runtime.bottles["box"].values():
        sidecar.unreachable = True
    found = status.bottle(bottle.world, "box")
    assert found.state == "unknown"
    assert "set `down = False`" in found.note  # the engine's own line
    assert "quarantine was asked for" in found.note


def test_a_gate_that_refuses_everything_on_an_uncut_network_is_not_called_cut_off(bottle: Any) -> None:
    quarantine.quarantine(bottle.world, "box")
    bottle.runtime.rejoin(_record(bottle))
    found = status.bottle(replace(bottle.world, read_only=True), "box")
    assert found.state == "degraded"
    assert "the network was not cut" in found.note
    assert status.bottle(bottle.world, "box").state == "quarantined"


def _record(bottle: Any) -> Any:
    return lookup.recorded(bottle.world, "box")


def test_a_look_never_takes_up_a_quarantine_that_is_being_released(bottle: Any) -> None:
    _fail_a_quarantine(bottle)
    bottle.runtime.down, bottle.gate.unreachable = False, False
    with bottle.home.lock():
        assert status.bottle(bottle.world, "box").state == "degraded"
    assert bottle.runtime.cut_off == set()


def test_a_stopped_bottle_is_quarantined_for_its_next_start_and_can_be_released(bottle: Any) -> None:
    bottle.runtime.stop(_record(bottle))
    said = quarantine.quarantine(bottle.world, "box")
    assert said == "box is stopped: nothing runs; it stays in quarantine when it starts"
    assert status.bottle(bottle.world, "box").state == "stopped"
    assert "in quarantine when it starts" in status.bottle(bottle.world, "box").note
    assert "no longer in quarantine" in quarantine.release(bottle.world, "box")
    assert bottle.home.read("quarantined") is None
    assert bottle.runtime.cut_off == set()
    assert "not in quarantine" in quarantine.release(bottle.world, "box")


def test_an_apply_that_meets_a_quarantine_puts_nothing_back_in_force(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    loads = bottle.pipelock.reload

    def reload_and_quarantine() -> None:
        loads()
        bottle.home.write("quarantined", b"{}")

    bottle.pipelock.reload = reload_and_quarantine
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.status == "failed"
    assert "quarantine" in outcome.line
    assert bottle.gate.table.quarantined
    assert bottle.grants() == ["m1"]


def test_a_quarantined_bottle_can_be_revoked_not_widened(bottle: Any) -> None:
    identity = bottle.ask()
    approve(bottle, identity)
    quarantine.quarantine(bottle.world, "box")
    with pytest.raises(Conflict, match="quarantine"):
        routes.add(bottle.world, "box", "docs.example.org")
    assert revoke.revoke(bottle.world, "box", grant=identity).in_force
    assert bottle.gate.table.quarantined


def test_a_release_opens_the_gate_first_and_the_network_last(bottle: Any) -> None:
    quarantine.quarantine(bottle.world, "box")
    bottle.wire.calls.clear()
    assert "is released" in quarantine.release(bottle.world, "box")
    assert not bottle.gate.table.quarantined
    assert bottle.wire.calls.index("egress: put /etc/egress/routes.yaml") < bottle.wire.calls.index("rejoin")
    assert "box" not in bottle.runtime.cut_off
    assert "not in quarantine" in quarantine.release(bottle.world, "box")


def test_a_release_after_which_the_network_stays_cut_says_so_and_the_same_again_joins_it(
    bottle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine.quarantine(bottle.world, "box")

    def refused(recorded: object) -> None:
        raise SidecarUnreachable("box: egress could not be joined to the chain again")

    with monkeypatch.context() as broken:
        broken.setattr(bottle.runtime, "rejoin", refused)
        with pytest.raises(SidecarUnreachable, match=r"nothing passes yet.*`bottle-tui release box` tries that again"):
            quarantine.release(bottle.world, "box")
    assert not bottle.gate.table.quarantined
    assert "egress is on the chain" in quarantine.release(bottle.world, "box")
    assert "box" not in bottle.runtime.cut_off


def test_a_release_that_the_gate_does_not_confirm_leaves_it_cut_off(bottle: Any) -> None:
    quarantine.quarantine(bottle.world, "box")
    bottle.gate.silent = True
    with pytest.raises(NotApplied):
        quarantine.release(bottle.world, "box")
    assert "box" in bottle.runtime.cut_off
    assert bottle.home.read("quarantined") is not None


def test_the_ledger_of_all_this_is_one_unbroken_chain(bottle: Any) -> None:
    approve(bottle, bottle.ask())
    routes.add(bottle.world, "box", "docs.example.org")
    quarantine.quarantine(bottle.world, "box")
    quarantine.release(bottle.world, "box")
    said = audit.verify(bottle.world, "box")
    assert re.match(r"box: \d+ records, unbroken", said)
    kinds = [record["kind"] for record in audit.records(bottle.world, "box")]
    assert kinds == ["intent", "result", "intent", "result", "quarantine", "intent", "result"]


def test_a_grant_is_revoked_by_any_fragment_that_only_it_has(bottle: Any) -> None:
    identity, other = bottle.ask(), bottle.ask(host="docs.example.org")
    approve(bottle, identity)
    approve(bottle, other)
    with pytest.raises(UsageError, match="write more of it"):
        revoke.revoke(bottle.world, "box", grant=identity[:8])
    assert revoke.revoke(bottle.world, "box", grant=identity[-5:].lower()).in_force
    assert bottle.grants() == ["m1", other]
    with pytest.raises(NotFound):
        revoke.revoke(bottle.world, "box", grant="ZZZZZZ")
