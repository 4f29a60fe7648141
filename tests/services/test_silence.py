"""A gate that does not answer is not known, as of when it was last heard; red is for what is known to be wrong."""

from bottle_tui.core.views import BottleStatus
from bottle_tui.services import status
from bottle_tui.services.rounds import Rounds
from tests.services.conftest import Bottle


def looked(bottle: Bottle, rounds: Rounds[BottleStatus]) -> BottleStatus:
    (found,) = status.bottles(bottle.world, rounds)
    return found


def silent(bottle: Bottle) -> None:
    """Its process is there and answers nothing, as one that was sent SIGSTOP."""
    bottle.gate.hung = True


def test_a_gate_that_hangs_is_not_known_although_its_process_is_there(bottle: Bottle) -> None:
    silent(bottle)
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.sidecars["egress"], found.sidecars["pipelock"]) == ("unknown", "unknown", "up")
    assert "does not answer" in found.note
    assert found.as_of is None, "nobody has heard it yet"


def test_it_is_shown_as_it_was_last_heard_for_ten_seconds_and_then_not_known_as_of_then(bottle: Bottle) -> None:
    rounds = Rounds[BottleStatus]()
    heard = looked(bottle, rounds).as_of
    silent(bottle)
    bottle.clock.advance(9)
    found = looked(bottle, rounds)
    assert (found.state, found.sidecars["egress"], found.as_of) == ("running", "up", heard)
    assert "does not answer" in found.note
    for seconds in (2, 60):
        bottle.clock.advance(seconds)
        found = looked(bottle, rounds)
        assert (found.state, found.sidecars["egress"], found.as_of) == ("unknown", "unknown", heard)
    bottle.gate.hung = False
    found = looked(bottle, rounds)
    assert (found.state, found.sidecars["egress"], found.as_of) == ("running", "up", bottle.clock.now())


def test_a_sidecar_that_is_known_to_be_gone_is_told_at_once(bottle: Bottle) -> None:
    rounds = Rounds[BottleStatus]()
    looked(bottle, rounds)
    bottle.clock.advance(1)
    bottle.pipelock.stop()
    found = looked(bottle, rounds)
    assert (found.state, found.sidecars["pipelock"], found.as_of) == ("degraded", "down", bottle.clock.now())


def test_beside_one_that_is_gone_a_gate_that_hangs_is_not_called_up(bottle: Bottle) -> None:
    silent(bottle)
    bottle.pipelock.stop()
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.sidecars["egress"], found.sidecars["pipelock"]) == ("degraded", "unknown", "down")
    assert "pipelock down" in found.note and "does not answer" in found.note


def test_an_engine_that_does_not_answer_leaves_the_moment_when_it_last_did(bottle: Bottle) -> None:
    rounds = Rounds[BottleStatus]()
    heard = looked(bottle, rounds).as_of
    for sidecar in bottle.runtime.bottles["box"].values():
        sidecar.unreachable = True
    bottle.clock.advance(30)
    assert (looked(bottle, rounds).state, looked(bottle, rounds).as_of) == ("unknown", heard)
