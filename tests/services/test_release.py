"""A release that dies half-way: until its last step is done nobody calls the bottle running; the same again ends it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bottle_tui.adapters.fakes import Died
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.services import lookup, quarantine, status
from bottle_tui.services.session import RELEASE_FILE

MOST_CALLS = 80


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dying_at_any_call_of_a_release_is_told_and_the_same_again_ends_it(
    make: Any, tmp_path: Path, after: bool
) -> None:
    for number in range(1, MOST_CALLS):
        bottle = make(home_root=tmp_path / str(number))
        quarantine.quarantine(bottle.world, "box")
        bottle.wire.calls.clear()
        bottle.wire.at, bottle.wire.after = number, after
        try:
            quarantine.release(bottle.world, "box")
        except Died:
            bottle.wire.at = None
            _is_told_and_ended(bottle)
        else:
            assert number > 10
            return
    raise AssertionError("it never got to its end")


def _is_told_and_ended(bottle: Any) -> None:
    found = status.bottle(bottle.world, "box")
    if "box" in bottle.runtime.cut_off:
        assert found.state in ("quarantined", "degraded")
        assert "bottle-tui release box" in found.note
    quarantine.release(bottle.world, "box")
    assert (bottle.runtime.cut_off, bottle.gate.table.quarantined) == (set(), False)
    found = status.bottle(bottle.world, "box")
    assert (found.state, found.note) == ("running", "")


@pytest.fixture
def half(bottle: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One whose gate decides again, and which the engine did not join to its chain."""
    quarantine.quarantine(bottle.world, "box")

    def refused(recorded: object) -> None:
        raise SidecarUnreachable("box: egress could not be joined to the chain again")

    with monkeypatch.context() as broken, pytest.raises(SidecarUnreachable):
        broken.setattr(bottle.runtime, "rejoin", refused)
        quarantine.release(bottle.world, "box")
    return bottle


def test_what_is_missing_of_a_release_is_told_until_it_is_there(half: Any) -> None:
    found = status.bottle(half.world, "box")
    assert found.state == "degraded"
    assert "egress is not back on its chain, nothing passes; `bottle-tui release box` finishes it" in found.note
    half.runtime.down = True
    assert "is not known" in status.bottle(half.world, "box").note
    half.runtime.down = False
    assert "egress is on the chain" in quarantine.release(half.world, "box")
    assert status.bottle(half.world, "box").state == "running"


def test_a_quarantine_takes_back_a_release_that_is_not_done(half: Any) -> None:
    quarantine.quarantine(half.world, "box")
    assert status.bottle(half.world, "box").state == "quarantined"
    quarantine.release(half.world, "box")
    assert status.bottle(half.world, "box").state == "running"


def test_a_release_that_died_after_its_last_step_is_done_for_whoever_looks(half: Any) -> None:
    half.runtime.rejoin(lookup.recorded(half.world, "box"))
    looking = replace(half.world, read_only=True)
    assert status.bottle(looking, "box").state == "running"
    assert half.home.read(RELEASE_FILE) is not None
    assert status.bottle(half.world, "box").state == "running"
    assert half.home.read(RELEASE_FILE) is None
