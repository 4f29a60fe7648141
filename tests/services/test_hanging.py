"""A sidecar whose process is stopped while its container runs: what it does not say tells."""

from datetime import timedelta
from typing import Any

from bottle_tui.services import status, watching


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
