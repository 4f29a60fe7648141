"""An ask made narrower and shorter by keys on a real terminal: what is approved is what was on the screen."""

import pytest

from bottle_tui.demo import agent
from tests.terminal.test_by_hand import SLUG, Bottle, bottle

__all__ = ["bottle"]
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("size", [(80, 24), (60, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_was_fitted_to_the_denial_is_what_the_agent_gets(bottle: Bottle, size: tuple[int, int]) -> None:
    with bottle.dashboard(size) as terminal:
        terminal.until(agent.HOST, "1× denied")
        terminal.until(f"→ {agent.PATH}", press="=")
        terminal.until("15 min", press="t")
        terminal.until("in force, proven", press="a")
        answer = bottle.step("answer")
        assert (answer["status"], answer["in_force"]) == ("approved", True)
        assert terminal.leave("q") == 0
    (route,) = bottle.run("routes", "show", SLUG, "--json")["routes"]
    (grant,) = route["grants"]
    assert (grant["path_allowlist"], grant["methods"]) == ([agent.PATH], ["GET"])
    assert grant["expires_at"]
