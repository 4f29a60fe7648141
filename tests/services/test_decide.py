"""Approving, rejecting, reopening: what happens on both sidecars, in the ledger and to the agent."""

import json
import threading
from typing import Any

import pytest

from bottle_tui.core.edits import Edit
from bottle_tui.errors import AlreadyDecided, Conflict, NeedsAcceptance, NotFound, Stale, TokenUnset, UsageError
from bottle_tui.services import answering, audit, decide, interrupted, locked, review, revoke, routes, watching
from sidecar_addon.table import Grant, Route


def test_an_approval_is_in_force_on_both_sidecars_and_told_to_the_agent(bottle: Any) -> None:
    identity = bottle.ask(path_allowlist=["/pub/"], methods=["GET"])
    outcome = decide.approve(bottle.world, identity, bottle.digest(identity))
    assert outcome.status == "approved", outcome.line
    assert outcome.in_force
    assert outcome.exit_code == 0
    assert outcome.line.endswith("in force, proven")
    assert bottle.grants() == ["m1", identity]
    assert bottle.hosts() == ("api.example.com", "files.example.net")
    told = bottle.supervise.decision(identity)
    assert told.status == "approved"
    assert told.in_force
    assert told.applied["grants"][0]["path_allowlist"] == ["/pub/"]


def test_pipelock_has_the_host_before_the_gate_has_the_route(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.wire.calls.clear()
    decide.approve(bottle.world, identity, digest)
    puts = [call for call in bottle.wire.calls if ": put" in call]
    assert [call.partition(":")[0] for call in puts] == ["pipelock", "egress", "supervise"]


def test_pipelock_is_left_alone_where_its_mirror_does_not_change(bottle: Any) -> None:
    identity = bottle.ask("api.example.com", path_allowlist=["/v2/"])
    digest = bottle.digest(identity)
    bottle.wire.calls.clear()
    assert decide.approve(bottle.world, identity, digest).in_force
    assert not [call for call in bottle.wire.calls if call.startswith("pipelock")]


def test_the_ledger_holds_intent_and_result_with_before_and_after(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    decide.approve(bottle.world, identity, digest)
    intent, result = audit.records(bottle.world, "box")
    assert (intent["kind"], intent["change"], intent["actor"]) == ("intent", digest, "op")
    assert json.loads(intent["proposal_bytes"])["id"] == identity
    assert result["in_force"] is True
    assert "files.example.net" not in result["before"]["routes.yaml"]
    assert "files.example.net" in result["after"]["routes.yaml"]
    assert any("a host never granted" in line for line in result["proof"])


def test_a_decision_on_another_change_than_was_shown_is_stale_and_does_nothing(bottle: Any) -> None:
    identity = bottle.ask()
    before = bottle.gate.table
    with pytest.raises(Stale):
        decide.approve(bottle.world, identity, "sha256:other")
    assert bottle.gate.table is before
    assert bottle.decided(identity) is None


def test_an_unrelated_change_in_between_does_not_make_it_stale(bottle: Any) -> None:
    first, second = bottle.ask(), bottle.ask("docs.example.org")
    shown = bottle.digest(first)
    decide.approve(bottle.world, second, bottle.digest(second))
    assert decide.approve(bottle.world, first, shown).in_force


def test_a_change_that_now_means_something_else_is_stale(bottle: Any) -> None:
    exact, wide = bottle.ask("a.example.org"), bottle.ask("*.example.org")
    shown = bottle.digest(exact)
    decide.approve(bottle.world, wide, bottle.digest(wide))
    with pytest.raises(Stale):
        decide.approve(bottle.world, exact, shown)


def test_the_second_operator_learns_who_was_quicker(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    decide.approve(bottle.world, identity, digest)
    bottle.clock.advance(3)
    with pytest.raises(AlreadyDecided, match="approved by op, 3 s ago"):
        decide.approve(bottle.world, identity, digest)


def test_two_approvals_at_once_both_end_in_force(bottle: Any) -> None:
    ids = [bottle.ask(), bottle.ask("docs.example.org")]
    digests = [bottle.digest(identity) for identity in ids]
    outcomes = []

    def run(index: int) -> None:
        outcomes.append(decide.approve(bottle.world, ids[index], digests[index]))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [outcome.in_force for outcome in outcomes] == [True, True]
    assert sorted(bottle.grants()) == sorted(["m1", *ids])


def test_what_is_admitted_already_is_answered_without_touching_a_sidecar(bottle: Any) -> None:
    identity = bottle.ask("api.example.com", path_allowlist=["/v1/x"], methods=["GET"])
    before = bottle.gate.table
    outcome = decide.approve(bottle.world, identity, bottle.digest(identity))
    assert outcome.line == "approved: already in force"
    assert bottle.gate.table is before
    assert bottle.supervise.decision(identity).in_force


@pytest.mark.parametrize("by", ["a dashboard", "the next deed"])
def test_an_answer_that_supervise_did_not_get_is_handed_over_when_it_can_be(bottle: Any, by: str) -> None:
    identity = bottle.ask()
    bottle.supervise.unreachable = True
    assert "the agent could not be told" in decide.reject(bottle.world, identity, "no").line
    assert watching.watched(bottle.world, bottle.clock.now()) == 0
    bottle.supervise.unreachable = False
    if by == "a dashboard":
        assert watching.watched(bottle.world, bottle.clock.now()) == 1
    else:
        routes.add(bottle.world, "box", "docs.example.org")
    assert bottle.supervise.decision(identity).status == "rejected"
    bottle.wire.calls.clear()
    watching.watched(bottle.world, bottle.clock.now())
    assert not any(identity in call for call in bottle.wire.calls), "once"


@pytest.mark.parametrize("by_itself", [True, False])
def test_what_was_admitted_already_is_in_force_no_longer_than_what_admitted_it(bottle: Any, by_itself: bool) -> None:
    first = routes.add(bottle.world, "box", "docs.example.org").id
    identity = bottle.ask("docs.example.org", path_allowlist=["/v1/"])
    if by_itself:
        answering.settle(bottle.world, review.cards(bottle.world))
    else:
        decide.approve(bottle.world, identity, bottle.digest(identity))
    assert revoke.revoke(bottle.world, "box", grant=first).in_force
    assert not review.card(bottle.world, identity).in_force
    with locked.held(bottle.world, "box"):
        pass
    told = bottle.supervise.decision(identity)
    assert (told.status, told.in_force, told.reason) == ("approved", False, "what it allowed has ended")


def test_what_was_admitted_already_stands_while_anything_admits_it(bottle: Any) -> None:
    first = routes.add(bottle.world, "box", "docs.example.org", path_allowlist=("/v1/",)).id
    identity = bottle.ask("docs.example.org", path_allowlist=["/v1/"])
    decide.approve(bottle.world, identity, bottle.digest(identity))
    routes.add(bottle.world, "box", "docs.example.org", path_allowlist=("/",))
    assert revoke.revoke(bottle.world, "box", grant=first).in_force
    with locked.held(bottle.world, "box"):
        pass
    assert bottle.supervise.decision(identity).in_force and review.card(bottle.world, identity).in_force


def test_a_token_is_in_its_slot_before_its_route_is_loaded(bottle: Any) -> None:
    identity = bottle.ask(auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    digest = bottle.digest(identity)
    bottle.wire.calls.clear()
    outcome = decide.approve(bottle.world, identity, digest, acknowledged=True)
    assert outcome.in_force
    calls = bottle.wire.calls
    delivered = next(i for i, call in enumerate(calls) if "put-token" in call)
    assert delivered < calls.index("egress: put /etc/egress/routes.yaml")
    assert bottle.gate.slots["EGRESS_TOKEN_0"][1] == "value-of-the-example-token"


def test_no_token_value_reaches_the_home(bottle: Any) -> None:
    identity = bottle.ask(auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    decide.approve(bottle.world, identity, bottle.digest(identity), acknowledged=True)
    files = [path for path in bottle.world.home.root.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert not [path for path in files if b"value-of-the-example-token" in path.read_bytes()]


def test_an_unset_token_stops_before_anything_is_done(bottle: Any) -> None:
    identity = bottle.ask(auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    del bottle.environ["EXAMPLE_TOKEN"]
    before = bottle.gate.table
    with pytest.raises(TokenUnset, match="EXAMPLE_TOKEN is unset"):
        decide.approve(bottle.world, identity, bottle.digest(identity), acknowledged=True)
    assert bottle.gate.table is before
    assert review.card(bottle.world, identity).status == "pending"


def test_a_danger_needs_a_yes_of_its_own(bottle: Any) -> None:
    identity = bottle.ask(auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    with pytest.raises(NeedsAcceptance):
        decide.approve(bottle.world, identity, bottle.digest(identity))


def test_a_token_that_is_not_grantable_for_the_host_cannot_be_approved(bottle: Any) -> None:
    identity = bottle.ask("evil.example.org", auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    card = review.card(bottle.world, identity)
    assert card.change is None
    assert "not grantable" in card.problem
    with pytest.raises(Conflict, match="not grantable"):
        decide.approve(bottle.world, identity, "sha256:any", acknowledged=True)


def test_a_pipelock_that_refuses_leaves_the_gate_untouched(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    before = bottle.gate.table
    bottle.pipelock.rejects = "no more hosts"
    outcome = decide.approve(bottle.world, identity, digest)
    assert (outcome.status, outcome.in_force, outcome.exit_code) == ("failed", False, 5)
    assert "no more hosts" in outcome.line
    assert "bottle-tui pipelock edit box" in outcome.line
    assert bottle.gate.table is before
    assert bottle.hosts() == ("api.example.com",)
    assert bottle.supervise.decision(identity).status == "failed"


def test_a_silent_pipelock_is_asked_once_more_and_then_said_to_be_silent(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.wire.calls.clear()
    bottle.pipelock.silent = True
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.exit_code == 5
    assert "pipelock does not say" in outcome.line
    assert bottle.wire.calls.count("pipelock: signal") == 4
    assert bottle.grants() == ["m1"]


def test_a_gate_that_rejects_gets_its_file_back_and_pipelock_its_list(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    before = bottle.gate.table
    bottle.gate.rejects = "too many routes"
    outcome = decide.approve(bottle.world, identity, digest)
    # The gate refuses the old file too, in this test; but it answers what it has, and that counts.
    assert (outcome.status, outcome.exit_code) == ("failed", 5)
    assert "too many routes" in outcome.line
    assert bottle.gate.table is before
    assert bottle.hosts() == ("api.example.com",)
    assert bottle.gate.files["/etc/egress/routes.yaml"] == before.data


def test_a_gate_that_loads_but_does_not_say_so_is_asked(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.gate.mute = True
    assert decide.approve(bottle.world, identity, digest).in_force


def test_a_silent_gate_is_put_back_and_the_exit_code_says_confirmed(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.gate.silent = True
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.exit_code == 5
    assert bottle.hosts() == ("api.example.com",)
    assert bottle.home.read("apply.json") is None


def test_an_unreachable_gate_is_unknown_and_the_journal_stays(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.gate.unreachable = True
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.exit_code == 6
    assert "bottle-tui quarantine box" in outcome.line
    assert bottle.home.read("apply.json") is not None
    bottle.gate.unreachable = False
    again = decide.approve(bottle.world, identity, bottle.digest(identity))
    assert again.in_force
    assert "interrupted" in interrupted.everywhere(bottle.world)[-1], "the look before the second try settled it"


def test_a_gate_that_does_not_do_what_it_loaded_fails_the_proof_and_is_put_back(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.gate.lies = lambda answers: [answer | {"allowed": True} for answer in answers]
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.status == "failed"
    assert "the proof failed" in outcome.line
    assert bottle.grants() == ["m1"]
    assert bottle.hosts() == ("api.example.com",)


def test_what_failed_can_be_tried_again(bottle: Any) -> None:
    identity = bottle.ask()
    bottle.pipelock.rejects = "not now"
    decide.approve(bottle.world, identity, bottle.digest(identity))
    assert [card.status for card in review.cards(bottle.world)] == ["failed"]
    bottle.pipelock.rejects = None
    assert decide.approve(bottle.world, identity, bottle.digest(identity)).in_force


def test_what_failed_can_be_rejected(bottle: Any) -> None:
    identity = bottle.ask()
    bottle.pipelock.rejects = "not now"
    decide.approve(bottle.world, identity, bottle.digest(identity))
    assert decide.reject(bottle.world, identity, "no").status == "rejected"


def test_an_agent_that_cannot_be_told_does_not_undo_what_is_in_force(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.supervise.silent = True
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.in_force
    assert outcome.exit_code == 0
    assert "the agent could not be told" in outcome.line
    assert outcome.line.endswith("in force, proven")


def test_a_rejection_reaches_the_agent_with_its_reason(bottle: Any) -> None:
    identity = bottle.ask()
    decide.reject(bottle.world, identity[-8:], "use the mirror instead")
    told = bottle.supervise.decision(identity)
    assert (told.status, told.reason) == ("rejected", "use the mirror instead")
    assert review.cards(bottle.world) == []


def test_a_rejection_needs_a_reason(bottle: Any) -> None:
    identity = bottle.ask()
    with pytest.raises(UsageError):
        decide.reject(bottle.world, identity, "  ")


def test_what_was_rejected_can_be_reopened_and_approved(bottle: Any) -> None:
    identity = bottle.ask()
    decide.reject(bottle.world, identity, "no")
    assert decide.reopen(bottle.world, identity).status == "pending"
    assert bottle.supervise.decision(identity).status == "pending"
    assert decide.approve(bottle.world, identity, bottle.digest(identity)).in_force


def test_what_is_approved_cannot_be_reopened(bottle: Any) -> None:
    identity = bottle.ask()
    decide.approve(bottle.world, identity, bottle.digest(identity))
    with pytest.raises(Conflict, match="approved"):
        decide.reopen(bottle.world, identity)


def test_nothing_is_approved_in_quarantine(bottle: Any) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.home.write("quarantined", b"{}")
    with pytest.raises(Conflict, match="quarantine"):
        decide.approve(bottle.world, identity, digest)


def test_an_edit_is_what_is_shown_and_what_is_applied(bottle: Any) -> None:
    identity = bottle.ask(path_allowlist=["/a/"])
    edit = Edit(path_allowlist=("/a/b/",), methods=("GET",), lasts="1h")
    shown = review.card(bottle.world, identity, edit)
    assert "/a/b/" in shown.change.routes
    assert "1h after approval" in shown.change.routes
    with pytest.raises(Stale):
        decide.approve(bottle.world, identity, shown.change.digest)
    bottle.clock.advance(10)
    outcome = decide.approve(bottle.world, identity, shown.change.digest, edit=edit)
    assert outcome.in_force
    grant = bottle.gate.table.exact["files.example.net"].grants[0]
    assert grant.path_allowlist == ("/a/b/",)
    assert (grant.expires_at - bottle.clock.now()).total_seconds() == pytest.approx(3600, abs=60)


def test_always_is_kept_for_the_next_up(bottle: Any) -> None:
    identity = bottle.ask()
    edit = Edit(lasts="always")
    decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit)
    assert b"files.example.net" in bottle.home.read("grants.yaml")


def test_once_is_a_grant_with_one_use(bottle: Any) -> None:
    identity = bottle.ask()
    edit = Edit(lasts="once")
    decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit)
    assert bottle.gate.table.exact["files.example.net"].grants[0].uses == 1


def test_passthrough_holds_restarts_pipelock_and_releases(make: Any) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    identity = bottle.supervise.file("pipelock-block", host="api.example.com", want="passthrough")
    review.cards(bottle.world)
    digest = bottle.digest(identity)
    bottle.wire.calls.clear()
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.in_force, outcome.line
    assert bottle.pipelock.live.passthrough == ("api.example.com",)
    assert bottle.gate.table.hold_until is None
    assert bottle.gate.table.exact["api.example.com"].pipelock == "passthrough"
    order = [call for call in bottle.wire.calls if "put /etc" in call or "restart" in call]
    assert order == [
        "egress: put /etc/egress/routes.yaml",
        "pipelock: put /etc/pipelock/pipelock.yaml",
        "pipelock: restart",
        "egress: put /etc/egress/routes.yaml",
    ]


@pytest.mark.parametrize(("flowing", "said"), [(1, "1 stream cut"), (2, "2 streams cut")])
def test_streams_that_do_not_end_are_cut_and_counted(make: Any, flowing: int, said: str) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    bottle.gate.in_flight = {"api.example.com": flowing}
    identity = bottle.supervise.file("pipelock-block", host="api.example.com", want="passthrough")
    review.cards(bottle.world)
    outcome = decide.approve(bottle.world, identity, bottle.digest(identity))
    assert outcome.in_force
    assert outcome.line.startswith(said)


def test_a_pipelock_that_does_not_come_up_again_is_put_back(make: Any) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    identity = bottle.supervise.file("pipelock-block", host="api.example.com", want="passthrough")
    review.cards(bottle.world)
    digest = bottle.digest(identity)
    bottle.pipelock.rejects = "bad config"
    outcome = decide.approve(bottle.world, identity, digest)
    assert outcome.status == "failed"
    table = bottle.gate.table
    assert table.hold_until is None
    assert table.exact["api.example.com"].pipelock == "scanned"


def test_a_host_for_pipelock_alone_leaves_the_routes_as_they_are(bottle: Any) -> None:
    identity = bottle.supervise.file("pipelock-block", host="cdn.example.org", want="allow")
    review.cards(bottle.world)
    outcome = decide.approve(bottle.world, identity, bottle.digest(identity))
    assert outcome.in_force
    assert bottle.hosts() == ("api.example.com", "cdn.example.org")
    assert bottle.grants() == ["m1"]
    assert b"cdn.example.org" in bottle.home.read("pipelock.extra.yaml")


def test_a_capability_can_be_shown_and_rejected_not_approved(bottle: Any) -> None:
    identity = bottle.supervise.file("capability-block", dockerfile="RUN true")
    card = next(card for card in review.cards(bottle.world))
    assert "cannot rebuild yet" in card.problem
    with pytest.raises(Conflict, match="cannot rebuild yet"):
        decide.approve(bottle.world, identity, "sha256:x")
    assert decide.reject(bottle.world, identity, "no").line == "rejected lines for its Dockerfile"


def test_an_unknown_id_is_not_found(bottle: Any) -> None:
    with pytest.raises(NotFound):
        decide.approve(bottle.world, "ZZZZ", "sha256:x")


def test_what_is_over_leaves_both_sidecars_with_the_next_decision(bottle: Any) -> None:
    timed, other = bottle.ask(), bottle.ask("docs.example.org")
    edit = Edit(lasts="15m")
    decide.approve(bottle.world, timed, bottle.digest(timed, edit=edit), edit=edit)
    bottle.clock.advance(901)
    decide.approve(bottle.world, other, bottle.digest(other))
    assert bottle.grants() == ["m1", other]
    assert bottle.hosts() == ("api.example.com", "docs.example.org")
    told = bottle.supervise.decision(timed)
    assert not told.in_force
    assert told.reason == "its time is over"


def test_a_used_up_grant_is_taken_out_as_well(bottle: Any) -> None:
    once, other = bottle.ask(), bottle.ask("docs.example.org")
    edit = Edit(lasts="once")
    decide.approve(bottle.world, once, bottle.digest(once, edit=edit), edit=edit)
    bottle.gate.uses[once] = 1
    decide.approve(bottle.world, other, bottle.digest(other))
    assert bottle.grants() == ["m1", other]
