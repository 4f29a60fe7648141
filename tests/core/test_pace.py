"""Time that jumped is noticed, however the machine keeps its clocks; time that passed is not."""

from datetime import UTC, datetime, timedelta

import pytest

from bottle_tui.core.pace import Pace

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "ticked", "jumped"),
    [
        pytest.param(1, 1, False, id="a second"),
        pytest.param(9, 9, False, id="a slow screen"),
        pytest.param(3600, 1, True, id="asleep, while the monotonic clock stood"),
        pytest.param(3600, 3600, True, id="asleep, while it went on; or stopped by a signal"),
        pytest.param(-7200, 1, True, id="the clock set back"),
        pytest.param(4, 1, False, id="a clock that is being corrected"),
    ],
)
def test_a_jump(wall: float, ticked: float, jumped: bool) -> None:
    pace, first = Pace().looked(START, 50.0)
    assert not first
    after, found = pace.looked(START + timedelta(seconds=wall), 50.0 + ticked)
    assert found is jumped and after.epoch == int(jumped)
    assert after.looked(START + timedelta(seconds=wall + 1), 51.0 + ticked)[1] is False
