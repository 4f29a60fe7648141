"""A bottle whose pipelock is the hop, which scans nothing: no route ever says otherwise."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bottle_tui.core.edits import Edit
from bottle_tui.services import decide, ending, lookup, review, routes
from sidecar_addon.table import Grant, Route


@pytest.fixture
def hop(make: Any) -> Any:
    bottle = make(Route("api.example.com", (Grant("m1"),), pipelock="not_scanned"))
    lookup.save(bottle.world, replace(lookup.recorded(bottle.world, "box"), details={"pipelock": "hop"}))
    return bottle


def states(bottle: Any) -> set[str]:
    return {route.pipelock for route in bottle.gate.table.routes}


@pytest.mark.parametrize("scan", ["passthrough", "scanned"])
def test_a_scan_state_chosen_for_a_time_is_none_now_and_none_when_the_time_is_over(hop: Any, scan: str) -> None:
    identity, edit = hop.ask(), Edit(scan=scan, lasts="15m")
    card = review.card(hop.world, identity, edit=edit)
    assert any("the hop stands in for pipelock" in note for note in card.change.notes)
    outcome = decide.approve(hop.world, identity, card.change.digest, edit=edit, acknowledged=True)
    assert outcome.in_force, outcome.line
    assert states(hop) == {"not_scanned"}
    hop.clock.advance(901)
    assert ending.settle(hop.world) == ["box"]
    assert states(hop) == {"not_scanned"}


def test_routes_edited_by_hand_are_not_called_scanned(hop: Any) -> None:
    text = json.dumps({"routes": [{"host": "api.example.com", "pipelock": "scanned"}, {"host": "b.example.com"}]})
    outcome = routes.edit(hop.world, "box", text, acknowledged=True)
    assert outcome.in_force, outcome.line
    assert states(hop) == {"not_scanned"}


def test_a_host_that_is_passed_through_by_name_is_not_scanned_after_the_undo(hop: Any) -> None:
    identity = hop.supervise.file("pipelock-block", host="files.example.net", want="passthrough")
    review.cards(hop.world)
    decide.approve(hop.world, identity, hop.digest(identity), acknowledged=True)
    routes.add(hop.world, "box", "files.example.net", acknowledged=True)
    assert states(hop) == {"not_scanned"}
    routes.add(hop.world, "box", "docs.example.org", scan="scanned", acknowledged=True)
    assert states(hop) == {"not_scanned"}
