"""Which lines of a sidecar's output are events."""

import pytest

from bottle_tui.core.event_lines import event_of

NONE = ("plain", "[1]", '{"event":5}', '{"time":"x"}', "null", "", "{", '{"a":' * 100_000)


def test_an_object_with_the_name_of_an_event_is_one() -> None:
    assert event_of('{"event":"startup","n":1}') == {"event": "startup", "n": 1}


@pytest.mark.parametrize("line", NONE, ids=[line[:12] for line in NONE])
def test_every_other_line_is_none(line: str) -> None:
    assert event_of(line) is None
