"""From a log line to the grant that decided, to who brought it, when and why; and back to its traffic."""

import pytest

from bottle_tui.core.edits import ALWAYS, AS_ASKED, Edit
from bottle_tui.errors import NotFound
from bottle_tui.services import decide, denied, provenance, revoke, routes, traffic

HOST = "files.example.net"


def stamp(bottle) -> str:
    bottle.clock.advance(1)
    return bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def granted(bottle, edit: Edit = AS_ASKED) -> str:
    identity = bottle.ask(path_allowlist=["/data/"], justification="to read the tables")
    assert decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit).in_force
    return identity


def of(bottle, grant: str | None, **fields: object) -> provenance.Provenance:
    return provenance.of_event(bottle.world, "box", {"event": "allowed", "host": HOST, "grant": grant, **fields})


def test_a_grant_of_a_proposal_leads_to_who_asked_why_and_who_approved_it(bottle) -> None:
    identity = granted(bottle)
    found = of(bottle, identity)
    assert (found.source, found.proposal, found.in_table, found.edited) == ("proposal", identity, True, False)
    assert (found.decided_by, found.words, found.route, found.rules) == (
        "op",
        "to read the tables",
        HOST,
        "/data/, every method",
    )
    assert found.line.startswith(f"{identity} was asked for by the agent, approved by op at 2026-01-01 ")


def test_what_the_operator_changed_is_said(bottle) -> None:
    found = of(bottle, granted(bottle, Edit(methods=("GET",))))
    assert found.edited
    assert "approved with changes by op" in found.line


def test_a_grant_that_is_gone_says_so_and_why(bottle) -> None:
    identity = granted(bottle)
    revoke.undo(bottle.world, identity)
    found = of(bottle, identity)
    assert not found.in_table
    assert "not in force any more (revoked by op)" in found.line
    assert found.decided_by == "op"


def test_after_a_down_the_ledger_still_knows(bottle) -> None:
    identity = granted(bottle, Edit(lasts=ALWAYS))
    bottle.home.delete("queue")
    found = of(bottle, identity)
    assert (found.source, found.decided_by, found.words) == ("proposal", "op", "to read the tables")


def test_an_operators_own_proposal_and_grant_by_hand_are_the_operators(bottle) -> None:
    event = {"event": "denied", "method": "GET", "host": HOST, "path": "/x", "scheme": "https", "port": 443}
    bottle.gate.say({**event, "time": stamp(bottle), "reason": "host_not_allowed"})
    identity = denied.propose(bottle.world, "box", HOST, "GET")
    decide.approve(bottle.world, identity, bottle.digest(identity))
    assert of(bottle, identity).source == "operator"
    outcome = routes.add(bottle.world, "box", "other.example.net")
    found = of(bottle, outcome.id)
    assert (found.source, found.decided_by, found.host) == ("operator", "op", "other.example.net")


def test_a_manifests_grant_is_the_manifests_and_an_unknown_one_is_not_known(bottle) -> None:
    assert of(bottle, "m1").source == "manifest"
    assert of(bottle, "01J00000000000000000000000").source == "unknown"


def test_a_line_that_no_grant_decided_says_so(bottle) -> None:
    assert of(bottle, None, reason="host_not_allowed").line == f"no grant: no route names {HOST}"
    assert of(bottle, None, reason="gate_error").line == "no grant decided: gate_error"
    refused = provenance.of_event(bottle.world, "box", {"event": "denied", "grant": "m1", "reason": "path_not_allowed"})
    assert refused.line.startswith("denied (path_not_allowed) although m1 stands in the manifest")
    with pytest.raises(NotFound):
        provenance.of_event(bottle.world, "nobody", {})


def test_a_line_from_before_the_route_says_which_grant_there_is_now(bottle) -> None:
    identity = granted(bottle)
    line = of(bottle, None, reason="host_not_allowed").line
    assert line == f"no grant: no route named {HOST} then, grant …{identity[-6:]} does now"
    routes.add(bottle.world, "box", HOST, path_allowlist=("/other/",), acknowledged=True)
    assert of(bottle, None, reason="host_not_allowed").line.endswith("then, 2 grants do now")


def test_a_grant_leads_to_its_traffic(bottle) -> None:
    for path in ("/v1/a/b", "/v1/a/c", "/v1/z"):
        event = {"event": "allowed", "host": "api.example.com", "method": "GET", "path": path, "grant": "m1"}
        bottle.gate.say({**event, "time": stamp(bottle), "id": path})
    traffic.drain(bottle.world, "box")
    rows = provenance.traffic_of(bottle.world, "box", "m1")
    assert [(row.prefix, row.count) for row in rows] == [("/v1/a/", 2), ("/v1/z", 1)]
    assert provenance.traffic_of(bottle.world, "box", "m2") == ()
