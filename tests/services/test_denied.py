"""What was denied and not asked for: listed, fitted, approved in one step; a later ask is answered by itself."""

from datetime import timedelta
from typing import Any

import pytest

from bottle_tui.core import denials
from bottle_tui.core.edits import Edit
from bottle_tui.core.evidence import Fit, Over
from bottle_tui.errors import Conflict, NotFound
from bottle_tui.services import (
    answering,
    audit,
    decide,
    denied,
    ending,
    evidence,
    filed,
    glance,
    quarantine,
    review,
    revoke,
    session,
)
from sidecar_addon.table import Grant, Route

HOST = "files.example.net"


def deny(bottle, path: str | None, method: str = "GET", host: str = HOST, **fields: Any) -> None:
    bottle.clock.advance(1)
    time = bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    plain = {"time": time, "method": method, "host": host, "reason": "host_not_allowed"}
    if path is None:
        bottle.gate.say({"event": "denied_more", "count": 9, **plain, **fields})
    else:
        bottle.gate.say({"event": "denied", "scheme": "https", "port": 443, "path": path, **plain, **fields})


def rows(bottle) -> list[tuple[str, str, int]]:
    return [(group.host, group.method, group.count) for group in denied.groups(bottle.world)]


def test_denials_are_listed_by_host_and_method_with_background_folded_at_the_end(bottle) -> None:
    deny(bottle, "/ping", host="telemetry.example.org", background=True)
    deny(bottle, "/a")
    deny(bottle, None)
    deny(bottle, "/b", "POST")
    found = denied.groups(bottle.world)
    assert rows(bottle) == [(HOST, "POST", 1), (HOST, "GET", 10), ("", "", 1)]
    assert found[2].background
    assert found[1].fit == Fit(("/a",), ("GET",), (443,))


def test_what_is_more_than_a_list_holds_is_one_row_that_counts_it_before_the_background(bottle) -> None:
    deny(bottle, "/ping", host="telemetry.example.org", background=True)
    for number in range(denied.MOST + 3):
        deny(bottle, "/a", host=f"h{number}.example.net")
    deny(bottle, None, host="h0.example.net", method="POST")
    deny(bottle, "/b", host="h1.example.net")
    *listed, rest, own = denied.groups(bottle.world)
    assert len(listed) == denied.MOST and own.background
    assert (rest.more, rest.count, rest.fit) == (3, 3, None)
    assert {"h1.example.net", f"h{denied.MOST + 2}.example.net"} <= {group.host for group in listed}
    with pytest.raises(NotFound):
        denied.propose(bottle.world, "box", "", "")


def test_what_is_asked_refused_or_granted_by_now_is_no_row(bottle) -> None:
    deny(bottle, "/a")
    deny(bottle, "/v1/x", host="api.example.com", reason="expired")
    assert rows(bottle) == [(HOST, "GET", 1)]
    identity = bottle.ask(path_allowlist=["/a"])
    assert rows(bottle) == []
    decide.reject(bottle.world, identity, "no")
    assert rows(bottle) == []
    deny(bottle, "/elsewhere")
    assert rows(bottle) == [(HOST, "GET", 1)]


def granted(bottle, lasts: str = "bottle", **args: Any) -> str:
    identity = bottle.ask(**args)
    edit = Edit(lasts=lasts)
    decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit, acknowledged=True)
    return identity


@pytest.mark.parametrize("settled", [False, True])
def test_a_host_whose_grant_ran_out_says_when_and_can_be_proposed_again(bottle, settled: bool) -> None:
    granted(bottle, "15m", path_allowlist=["/a"])
    ends = bottle.clock.now() + timedelta(minutes=15)
    bottle.clock.advance(1000)
    if settled:
        assert ending.settle(bottle.world) == ["box"]
    deny(bottle, "/a", reason="expired")
    deny(bottle, "/a", "POST", reason="method_not_allowed")
    deny(bottle, "/a", host="other.example.net")
    found = {(group.host, group.method): group.over for group in denied.groups(bottle.world)}
    assert found[HOST, "GET"] == Over("ran out", ends)
    assert found["other.example.net", "GET"] is None
    card = review.card(bottle.world, denied.propose(bottle.world, "box", HOST, "GET"))
    assert f"its grant ran out at {ends.astimezone():%H:%M on %m-%d}" in card.words
    assert decide.approve(bottle.world, card.id, card.change.digest).in_force
    assert (HOST, "GET", 1) not in rows(bottle)


def test_a_host_whose_grant_was_revoked_says_when_and_by_whom(bottle) -> None:
    identity = granted(bottle, path_allowlist=["/a"])
    revoke.undo(bottle.world, identity)
    at = bottle.clock.now()
    deny(bottle, "/a")
    deny(bottle, "/b", "PUT")
    found = {group.method: group.over for group in denied.groups(bottle.world)}
    assert found["GET"] is not None and (found["GET"].how, found["GET"].by) == ("revoked", "op")
    assert abs(found["GET"].at - at) < timedelta(seconds=1)
    assert found["PUT"] is None
    card = review.card(bottle.world, denied.propose(bottle.world, "box", HOST, "GET"))
    assert "its grant was revoked at" in card.words and "by op" in card.words


def test_a_grant_that_was_for_one_request_was_used_up(bottle) -> None:
    granted(bottle, "once", path_allowlist=["/a"])
    ((grant_id, _),) = [(grant.id, route) for route, grant in bottle.gate.table.grants() if route.host == HOST]
    bottle.gate.uses[grant_id] = 1
    ending.settle(bottle.world)
    deny(bottle, "/a", reason="used_up")
    assert [group.over.how for group in denied.groups(bottle.world)] == ["used up"]


@pytest.mark.parametrize("asked", ["files.example.net", "*.files.example.net", "*.example.net"])
def test_an_ask_for_a_wildcard_is_one_for_all_that_it_covers(bottle, asked: str) -> None:
    deny(bottle, "/a", host=HOST.upper())
    deny(bottle, "/a", host="files.example.org")
    bottle.ask(asked)
    assert rows(bottle) == [("files.example.org", "GET", 1)]


def test_a_denial_is_held_only_against_asks_about_its_host(bottle, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        deny(bottle, f"/{number}", host=f"a{number}.example.net")
        bottle.ask(f"b{number}.example.net")
    decided, looks = denials.admits, list[object]()
    monkeypatch.setattr(denials, "admits", lambda *of: looks.append(of) or decided(*of))
    assert len(denied.groups(bottle.world)) == 10
    assert len(looks) == 10, "each against the table in force alone"


@pytest.mark.parametrize(
    ("host", "path", "reason", "words"),
    [
        ("203.0.113.7", "/", "host_not_allowed", "IP address"),
        (HOST, "//x", "ambiguous_path", "two ways"),
        (HOST, "/", "pipelock", "pipelock refused"),
    ],
)
def test_what_no_route_can_admit_says_why_and_cannot_be_proposed(
    bottle, host: str, path: str, reason: str, words: str
) -> None:
    deny(bottle, path, host=host, reason=reason)
    (group,) = denied.groups(bottle.world)
    assert words in group.problem
    assert group.fit is None
    with pytest.raises(Conflict, match=words):
        denied.propose(bottle.world, "box", host, "GET")


def test_a_group_becomes_the_operators_card_and_is_approved_in_one_step(bottle) -> None:
    deny(bottle, "/data/a.csv")
    identity = denied.propose(bottle.world, "box", HOST, "GET")
    card = review.card(bottle.world, identity)
    assert (card.author, card.by_operator, card.status) == ("op", True, "pending")
    assert card.args == {"host": HOST, "path_allowlist": ["/data/a.csv"], "methods": ["GET"]}
    assert evidence.of_card(bottle.world, identity).replay.unasked == 1
    outcome = decide.approve(bottle.world, identity, card.change.digest)
    assert outcome.in_force
    assert identity in bottle.grants()
    assert rows(bottle) == []
    assert "proposed" in [record["kind"] for record in audit.records(bottle.world, "box")]


def test_proposing_again_gives_the_open_card_and_withdrawing_takes_it_away(bottle) -> None:
    deny(bottle, "/a")
    identity = denied.propose(bottle.world, "box", HOST, "GET")
    assert denied.propose(bottle.world, "box", HOST, "GET") == identity
    denied.withdraw(bottle.world, identity)
    assert review.cards(bottle.world) == []
    assert denied.propose(bottle.world, "box", HOST, "GET") != identity


def test_a_draft_waits_for_nobody(bottle) -> None:
    deny(bottle, "/a")
    denied.propose(bottle.world, "box", HOST, "GET")
    assert len(review.cards(bottle.world)) == 1
    assert filed.look(session.opened(bottle.world, "box")).waiting == 0
    assert glance.glance(bottle.world.home, bottle.clock, lambda home: False).waiting == 0
    bottle.ask()
    assert glance.glance(bottle.world.home, bottle.clock, lambda home: False).waiting == 1


def test_a_draft_that_is_taken_back_or_refused_is_never_told_to_the_agent(bottle) -> None:
    deny(bottle, "/a")
    deny(bottle, "/b", "PUT")
    taken, refused = (denied.propose(bottle.world, "box", HOST, method) for method in ("GET", "PUT"))
    denied.withdraw(bottle.world, taken)
    decide.reject(bottle.world, refused, "no")
    decide.reopen(bottle.world, refused)
    assert not [name for name in bottle.supervise.files if taken in name or refused in name]


def test_a_draft_that_was_approved_and_is_not_in_force_can_be_taken_back(bottle) -> None:
    deny(bottle, "/a")
    identity = denied.propose(bottle.world, "box", HOST, "GET")
    bottle.gate.rejects = "no"
    assert not decide.approve(bottle.world, identity, bottle.digest(identity)).in_force
    bottle.gate.rejects = None
    assert review.card(bottle.world, identity).status == "failed"
    denied.withdraw(bottle.world, identity)
    assert review.cards(bottle.world) == []


def test_only_the_operators_own_open_proposal_can_be_withdrawn(bottle) -> None:
    identity = bottle.ask()
    with pytest.raises(Conflict):
        denied.withdraw(bottle.world, identity)
    with pytest.raises(NotFound):
        denied.propose(bottle.world, "box", "nobody.test", "GET")


def test_an_ask_for_what_is_in_force_is_answered_by_itself(bottle) -> None:
    identity = bottle.ask("api.example.com", path_allowlist=["/v1/items/"], methods=["GET"])
    wider = bottle.ask("api.example.com", path_allowlist=["/v2/"])
    (outcome,) = answering.settle(bottle.world, review.cards(bottle.world))
    assert (outcome.id, outcome.line) == (identity, "approved, already in force")
    decision = bottle.decided(identity)
    assert (decision.status, decision.by, decision.in_force) == ("approved", "bottle-tui", True)
    assert bottle.supervise.decision(identity).in_force
    assert bottle.decided(wider) is None
    assert bottle.grants() == ["m1"]


def test_nothing_is_answered_by_itself_under_quarantine_or_unless_the_gate_confirms(bottle) -> None:
    identity = bottle.ask("api.example.com", path_allowlist=["/v1/"], methods=["GET"])
    cards = review.cards(bottle.world)
    table = bottle.gate.table
    bottle.gate.table = None
    assert answering.settle(bottle.world, cards) == []
    bottle.gate.table = table
    quarantine.quarantine(bottle.world, "box")
    assert answering.settle(bottle.world, cards) == []
    assert bottle.decided(identity) is None


def test_an_ask_whose_credential_would_be_ignored_is_left_to_the_operator(make) -> None:
    bottle = make(Route(HOST, (Grant("m1"),)))
    bottle.ask(auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"})
    assert answering.settle(bottle.world, review.cards(bottle.world)) == []
