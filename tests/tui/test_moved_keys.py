"""Keys that the settings move: the footer shows them, and one key for two actions is said."""

import pytest

from bottle_tui.core.settings import Settings
from bottle_tui.tui.app import key_collision
from tests.tui.conftest import Sit
from tests.tui.samples import Desk, card


async def test_the_footer_shows_the_operators_own_keys_and_they_work(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()]), likes=Settings(keys={"approve": "f8", "quarantine": "ctrl+x"})) as operator:
        footer = operator.text("#footer")
        assert "f8 approve" in footer and " a approve" not in footer and "ctrl+x quarantine" in footer
        await operator.press("a")
        assert operator.desk.deeds == []
        await operator.press("f8")
        await operator.until(lambda: operator.called("approve"))


async def test_the_palette_names_the_operators_own_keys(sit: Sit) -> None:
    async with sit(Desk(), likes=Settings(keys={"mute": "Z,f9", "help": "f1"})) as operator:
        titles = [command.title for command in operator.app.get_system_commands(operator.app.screen)]
        assert {"mute (Z)", "help (f1)", "approve (a)"} <= set(titles)
        assert "mute (M)" not in titles


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"approve": "r"}, "keys: r would be approve and reject in inbox; choose another, or move both"),
        ({"mute": "a"}, "a would be"),
        ({"quarantine": "question_mark"}, "question_mark would be"),
    ],
)
def test_a_key_that_is_another_actions_already_is_one_line_naming_both(keys: dict[str, str], line: str) -> None:
    said = key_collision(Settings(keys=keys))
    assert said is not None and line in said


@pytest.mark.parametrize("keys", [{}, {"approve": "r", "reject": "a"}, {"approve": "f8"}])
def test_keys_that_do_not_meet_are_fine(keys: dict[str, str]) -> None:
    assert key_collision(Settings(keys=keys)) is None
