"""A sidecar whose process is stopped while its container runs: what it does not say tells."""

from datetime import timedelta
from typing import Any

from bottle_tui.services import muting, quarantine, status, watching


def test_a_supervise_that_is_told_who_watches_and_says_nothing_is_not_called_up(bottle: Any) -> None:
    watching.watched(bottle.world, bottle.clock.now())
    bottle.clock.advance(20)
    assert status.bottle(bottle.world, "box").sidecars["supervise"] == "up"
    bottle.supervise.silent = True
    watching.watched(bottle.world, bottle.clock.now())
    bottle.clock.advance(5)
    assert status.bottle(bottle.world, "box").sidecars["supervise"] == "up"
    bottle.clock.advance(6)
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.sidecars["supervise"]) == ("degraded", "unknown")
    assert "supervise hangs" in found.note
    bottle.supervise.silent = False
    watching.watched(bottle.world, bottle.clock.now())
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.sidecars["supervise"], found.note) == ("running", "up", "")


def test_a_supervise_that_was_told_of_something_else_a_moment_ago_has_time_to_say_so(bottle: Any) -> None:
    watching.watched(bottle.world, bottle.clock.now())
    bottle.clock.advance(50)
    bottle.supervise.silent = True
    muting.mute(bottle.world, "box", bottle.clock.now() + timedelta(minutes=15))
    bottle.clock.advance(9)
    assert status.bottle(bottle.world, "box").sidecars["supervise"] == "up"
    bottle.clock.advance(2)
    assert status.bottle(bottle.world, "box").sidecars["supervise"] == "unknown"


def test_a_supervise_that_could_not_be_told_is_not_said_to_hang(bottle: Any) -> None:
    watching.watched(bottle.world, bottle.clock.now())
    bottle.supervise.unreachable = True
    bottle.clock.advance(60)
    watching.watched(bottle.world, bottle.clock.now())
    bottle.supervise.unreachable = False
    bottle.clock.advance(60)
    assert status.bottle(bottle.world, "box").sidecars["supervise"] == "up"


def test_whether_supervise_hangs_is_told_without_a_process_in_its_container(bottle: Any) -> None:
    watching.watched(bottle.world, bottle.clock.now())
    bottle.supervise.silent = True
    watching.watched(bottle.world, bottle.clock.now() + timedelta(seconds=1))
    bottle.clock.advance(60)
    bottle.wire.calls.clear()
    assert status.bottle(bottle.world, "box").sidecars["supervise"] == "unknown"
    assert [call for call in bottle.wire.calls if call.startswith("supervise: run")] == []


def test_a_pipelock_that_does_not_answer_the_gate_is_not_called_up(bottle: Any) -> None:
    bottle.gate.parent_silent = 9.0
    assert status.bottle(bottle.world, "box").sidecars["pipelock"] == "up"
    bottle.gate.parent_silent = 10.0
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.sidecars["pipelock"]) == ("degraded", "unknown")
    assert found.note == "pipelock hangs: nothing passes; `bottle-tui stop box` and `up` start it anew"


def test_in_quarantine_nobody_expects_pipelock_to_answer_the_gate(bottle: Any) -> None:
    quarantine.quarantine(bottle.world, "box")
    bottle.gate.parent_silent = 600.0
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.sidecars["pipelock"]) == ("quarantined", "up")
