"""Keys that the settings move: the footer shows them, and one key for two actions is said."""

import pytest

from bottle_tui.core.settings import Settings
from bottle_tui.tui.key_settings import key_problem
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
        ({"approve": "r"}, "r would be approve and reject in inbox; choose another, or move both"),
        ({"mute": "a"}, "a would be"),
        ({"quarantine": "question_mark"}, "question_mark would be"),
    ],
)
def test_a_key_that_is_another_actions_already_is_one_line_naming_both(keys: dict[str, str], line: str) -> None:
    said = key_problem(keys)
    assert said is not None
    action, why = said
    assert action in keys and line in why


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"quarantin": "ctrl+x"}, ("quarantin", "no action has this id; perhaps quarantine")),
        ({"mute": "f9", "zzz": "x"}, ("zzz", "no action has this id; the key table in README has them")),
        ({"mute": "ctrl+nonsense"}, ("mute", "ctrl+nonsense is no key that a terminal sends; write e.g. x, X, f5 or")),
        ({"mute": "Z,pgup"}, ("mute", "pgup is no key that a terminal sends; perhaps pageup")),
        ({"mute": "control+x"}, ("mute", "control+x is no key; write")),
        ({"mute": "ctrl+ctrl+x"}, ("mute", "is no key; write")),
        ({"mute": "ctrl+"}, ("mute", "ctrl+ is no key")),
        ({"mute": "shift+x"}, ("mute", "no terminal sends shift+x; write X")),
        ({"mute": "ctrl+X"}, ("mute", "no terminal sends ctrl+X; write ctrl+x")),
    ],
)
def test_an_action_that_there_is_not_and_a_key_that_no_terminal_sends_are_said_with_the_nearest(
    keys: dict[str, str], said: tuple[str, str]
) -> None:
    action, why = key_problem(keys) or ("", "")
    assert action == said[0] and said[1] in why


@pytest.mark.parametrize("id", ["confirm-yes", "reading-leave", "form-next", "view-inbox", "log-match"])
@pytest.mark.parametrize("key", ["f9", "Z", "%", "percent_sign", "ctrl+plus", "alt+z", "ctrl+shift+f5", "ü"])
def test_every_action_takes_every_key_that_a_terminal_sends(id: str, key: str) -> None:
    assert key_problem({id: key}) is None


async def test_a_deciding_key_may_be_written_by_its_name(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()]), likes=Settings(keys={"approve": "percent_sign"})) as operator:
        await operator.press("percent_sign")
        await operator.until(lambda: operator.called("approve"))


async def test_what_is_wrong_with_the_settings_stands_on_the_screen(sit: Sit) -> None:
    line = "/home/me/.config/bottle-tui/settings.yaml:2 (keys.quarantin): no action has this id; perhaps quarantine"
    async with sit(trouble=line) as operator:
        shown = " ".join(operator.text("#result").split())
        assert line in shown
        await operator.press("2")
        assert "perhaps quarantine" in operator.text("#result")


@pytest.mark.parametrize("keys", [{}, {"approve": "r", "reject": "a"}, {"approve": "f8"}])
def test_keys_that_do_not_meet_are_fine(keys: dict[str, str]) -> None:
    assert key_problem(keys) is None
