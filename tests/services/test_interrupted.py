"""A look after a crash: it settles what is left, unless somebody is at it, or it may only look."""

from dataclasses import replace
from typing import Any

import pytest

from bottle_tui.adapters.fakes import Died
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.services import audit, decide, interrupted, outdated, review, routes, status, watching
from bottle_tui.services.settle import MOST_FAILURES
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


def _looks(bottle: Any, times: int) -> list[dict[str, Any]]:
    """So many looks, each when the last try is forgotten; what they wrote into the ledger."""
    before = len(audit.records(bottle.world, "box"))
    for _ in range(times):
        bottle.clock.advance(30)
        interrupted.settle(bottle.world, "box")
    return audit.records(bottle.world, "box")[before:]


@pytest.fixture
def stubborn(crashed: tuple[Any, str]) -> Any:
    """One that was cut off before its crash was settled; its gate answers, and takes no table."""
    bottle, _ = crashed
    bottle.home.write("quarantined", b"{}")
    bottle.gate.silent = True
    return bottle


def test_a_restore_that_fails_again_and_again_is_in_the_ledger_once_and_whole(stubborn: Any) -> None:
    (told,) = _looks(stubborn, 5)
    assert set(told["before"]) >= {"routes.yaml", "pipelock.yaml"}
    assert "it does not have the table that was put back" in told["why"]
    assert _looks(stubborn, 5) == []


def _refused_puts(bottle: Any, why: str) -> None:
    def put(path: str, data: bytes, mode: int = 0o444) -> None:
        raise SidecarUnreachable(why)

    bottle.gate.put = put


def test_another_reason_is_a_line_without_the_files(stubborn: Any) -> None:
    _looks(stubborn, 1)
    _refused_puts(stubborn, "no space left")
    (told,) = _looks(stubborn, 5)
    assert "before" not in told
    assert "no space left" in told["why"]


def test_reasons_that_are_others_every_time_are_not_written_without_end(stubborn: Any) -> None:
    written = 0
    for number in range(30):
        _refused_puts(stubborn, f"no space left ({number})")
        written += len(_looks(stubborn, 1))
    assert written == MOST_FAILURES
    del stubborn.gate.put
    stubborn.gate.silent = False
    assert [told["restored"] for told in _looks(stubborn, 3)] == [True]


def test_that_it_was_put_back_in_the_end_is_a_line(stubborn: Any) -> None:
    _looks(stubborn, 3)
    stubborn.gate.silent = False
    (told,) = _looks(stubborn, 3)
    assert (told["restored"], told["in_force"], "before" in told) == (True, False, False)
    assert stubborn.home.read("apply.json") is None
    assert "unbroken" in audit.verify(stubborn.world, "box")


def rejected(bottle: Any, identity: str) -> None:
    decide.reject(bottle.world, identity, "no")


def superseded(bottle: Any, identity: str) -> None:
    bottle.clock.advance(25 * 3600)
    outdated.settle(bottle.world)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("end", [rejected, superseded])
def test_an_end_that_died_anywhere_waits_still_or_reaches_the_agent(
    make: Any, tmp_path: Any, end: Any, after: bool
) -> None:
    for at in range(1, 40):
        bottle = make(home_root=tmp_path / f"home{at}")
        identity = bottle.ask()
        bottle.wire.calls.clear()
        bottle.wire.at, bottle.wire.after = at, after
        try:
            end(bottle, identity)
            break
        except Died:
            bottle.wire.at = None
        watching.watched(bottle.world, bottle.clock.now())
        kept, told = bottle.decided(identity), bottle.supervise.decision(identity)
        assert (kept and kept.status) == (told and told.status), bottle.wire.calls[at - 1]
    assert at > 5
