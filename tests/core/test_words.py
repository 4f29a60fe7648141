"""One of something is not several."""

import pytest

from bottle_tui.core.words import counted


@pytest.mark.parametrize(("count", "words"), [(0, "0 routes"), (1, "1 route"), (2, "2 routes"), ("?", "? routes")])
def test_one_is_said_without_an_s(count: object, words: str) -> None:
    assert counted(count, "route") == words
