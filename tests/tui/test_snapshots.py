"""Every screen state as a picture that a person has looked at, in every size."""

import pytest

from tests.tui.scenes import SIZES, scene

VIEWS = ("inbox", "standing", "bottles", "routes", "logs", "history", "narrowed", "muted", "away")
STATES = ("confirm", "reason", "edit-form", "whole-card", "whole-diff", "nothing-waits", "local", "denied", "batch",
          "folded", "approved", "help")  # fmt: skip
PAGES = ("provenance", "record", "log-line")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", VIEWS)
def test_the_views_look_as_they_did(name: str, size: tuple[int, int], snap_compare) -> None:
    app, act = scene(name)
    assert snap_compare(app, terminal_size=size, run_before=act)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", STATES)
def test_the_states_of_the_inbox_look_as_they_did(name: str, size: tuple[int, int], snap_compare) -> None:
    app, act = scene(name)
    assert snap_compare(app, terminal_size=size, run_before=act)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PAGES)
def test_the_pages_behind_a_row_look_as_they_did(name: str, size: tuple[int, int], snap_compare) -> None:
    app, act = scene(name)
    assert snap_compare(app, terminal_size=size, run_before=act)
