"""A look after a crash: it settles what is left, unless somebody is at it, or it may only look."""

from dataclasses import replace
from typing import Any

import pytest

from bottle_tui.adapters.fakes import Died
from bottle_tui.services import decide, interrupted, review, routes, status
from tests.services.test_many_bottles import beside as one_more

LOOKS = {
    "cards": lambda world: review.cards(world, "box"),
    "status": lambda world: status.bottle(world, "box"),
    "routes": lambda world: routes.show(world, "box"),
}


@pytest.fixture
def crashed(bottle: Any) -> tuple[Any, str]:
    """A bottle whose approval died after both sidecars had it."""
    interrupted.everywhere(bottle.world)
    identity = bottle.ask()
    digest = bottle.digest(identity)
    original, wire = bottle.wire.step, bottle.wire

    def step(name: str) -> Any:
        if name == "home: write table.yaml" and wire.at is None:
            wire.at = len(wire.calls) + 1
        return original(name)

    wire.step = step
    with pytest.raises(Died):
        decide.approve(bottle.world, identity, digest)
    wire.at, wire.step = None, original
    return bottle, identity


@pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
def test_any_look_settles_what_a_crash_left(crashed: tuple[Any, str], look: Any) -> None:
    bottle, identity = crashed
    look(bottle.world)
    assert bottle.home.read("apply.json") is None
    assert review.cards(bottle.world, "box") == []
    assert [card.status for card in review.cards(bottle.world, "box", everything=True)] == ["approved"]
    assert identity in [grant["id"] for each in routes.show(bottle.world, "box")["routes"] for grant in each["grants"]]
    (told,) = interrupted.everywhere(bottle.world)
    assert told.endswith("both sidecars have it, so it was finished")
    assert interrupted.everywhere(bottle.world) == []


def test_a_world_that_only_looks_settles_nothing_and_says_what_does(crashed: tuple[Any, str]) -> None:
    bottle, _ = crashed
    world = replace(bottle.world, read_only=True)
    for look in LOOKS.values():
        look(world)
    assert bottle.home.read("apply.json") is not None
    assert "an apply was interrupted" in status.bottle(world, "box").note
    assert "`bottle-tui ps` finishes it" in status.bottle(world, "box").note


def test_while_somebody_holds_the_lock_a_look_waits_for_nobody(crashed: tuple[Any, str]) -> None:
    bottle, _ = crashed
    with bottle.home.lock():
        assert interrupted.settle(bottle.world, "box") is None
        assert status.bottle(bottle.world, "box").note == ""
    assert bottle.home.read("apply.json") is not None


def test_a_gate_that_does_not_answer_is_not_asked_again_at_every_look(crashed: tuple[Any, str]) -> None:
    bottle, _ = crashed
    bottle.gate.unreachable = True
    said = interrupted.settle(bottle.world, "box")
    assert said is not None
    assert "does not answer" in said
    bottle.gate.unreachable = False
    assert interrupted.settle(bottle.world, "box") == said
    bottle.clock.advance(30)
    assert "finished" in (interrupted.settle(bottle.world, "box") or "")


def test_nor_is_one_of_two_that_do_not_answer(crashed: tuple[Any, str]) -> None:
    bottle, _ = crashed
    other = one_more(bottle, "other")
    other.home.write("apply.json", bottle.home.read("apply.json"))
    bottle.gate.unreachable = other.gate.unreachable = True
    interrupted.everywhere(bottle.world)
    bottle.wire.calls.clear()
    interrupted.everywhere(bottle.world)
    assert not [call for call in bottle.wire.calls if call.startswith("egress")]
