"""Two people at the same home, each with a dashboard of their own: one decides, the other sees who did."""

import pytest

from bottle_tui.demo import agent
from tests.terminal.screen import Terminal
from tests.terminal.test_by_hand import COMMAND, SLUG, Bottle, bottle

__all__ = ["bottle"]
pytestmark = pytest.mark.timeout(300)


def sits(bottle: Bottle, name: str) -> Terminal:
    """That operator's dashboard."""
    return Terminal([COMMAND], {**bottle.env, "BOTTLE_TUI_OPERATOR": name})


def test_the_decision_of_one_is_on_the_screen_of_the_other_whose_key_then_does_nothing(bottle: Bottle) -> None:
    with sits(bottle, "first-op") as one, sits(bottle, "second-op") as other:
        one.until(agent.HOST, "/v1/")
        other.until(agent.HOST, "/v1/")
        one.until("in force, proven", press="a")
        other.until("approved by first-op")
        other.watch(1.0)
        other.type("a")
        other.watch(1.0)
        assert bottle.step("answer")["in_force"] is True
    decided = [record for record in bottle.run("audit", "show", SLUG, "--json") if record.get("proposal")]
    assert decided and {record["actor"] for record in decided} == {"first-op"}
    assert bottle.statuses() == ["approved"]
