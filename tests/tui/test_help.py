"""`?`: Textual's own panel, readable in the smallest terminals, and nothing is decided under it."""

import pytest
from textual.widgets import HelpPanel, KeyPanel

from tests.tui.conftest import Operator, Sit

SMALL = [(60, 24), (80, 24)]
VIEWS = ("1", "2", "3", "4", "5")


def described(operator: Operator) -> list[tuple[str, str]]:
    """Every key of the view as the panel names it, with what it does."""
    app = operator.app
    active = [each.binding for each in app.screen.active_bindings.values() if not each.binding.system]
    return [(app.get_key_display(each), each.description) for each in active if each.description]


async def read(operator: Operator) -> list[str]:
    """The panel's lines, from its first page to its last."""
    panel, lines = operator.app.screen.query_one(KeyPanel), []
    await operator.pilot.press("pageup", "pageup", "pageup")
    while True:
        await operator.pilot.pause()
        page = operator.screen_text().splitlines()
        lines += page
        if panel.scroll_y >= panel.max_scroll_y:
            return lines
        before = panel.scroll_y
        await operator.pilot.press("pagedown")
        await operator.pilot.pause()
        assert panel.scroll_y > before, "a page further is not to be had"


@pytest.mark.parametrize(("view", "first"), [("1", ["a", "r"]), ("2", ["j", "↓"]), ("4", ["[", "]"])])
async def test_the_keys_of_the_view_itself_come_first(sit: Sit, view: str, first: list[str]) -> None:
    async with sit(size=(80, 24)) as operator:
        await operator.press(view)
        keys = list(dict.fromkeys(key for key, _ in described(operator)))
        assert keys[:2] == first


@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize("view", VIEWS)
async def test_every_key_of_a_view_can_be_read_whole_with_the_keyboard_alone(
    sit: Sit, size: tuple[int, int], view: str
) -> None:
    async with sit(size=size) as operator:
        await operator.press(view)
        await operator.press("question_mark")
        assert operator.app.screen.query_one(HelpPanel).region.width == size[0]
        told = " ".join(" ".join(line.split()) for line in await read(operator))
        for key, what in described(operator):
            assert f"{key} " in told, key
            assert what in told, (key, what)
        assert "…" not in told.replace("…mple", "")


async def test_most_keys_are_one_line_where_there_are_columns_for_it(sit: Sit) -> None:
    async with sit(size=(80, 24)) as operator:
        await operator.press("question_mark")
        page = operator.screen_text().splitlines()
        named = [line for line in page if line[:15].strip()]
        assert len(named) >= len(page) / 2, operator.screen_text()


@pytest.mark.parametrize("size", SMALL)
async def test_a_deciding_key_under_the_help_takes_it_away_and_decides_nothing(sit: Sit, size: tuple[int, int]) -> None:
    async with sit(size=size) as operator:
        await operator.press("question_mark")
        await operator.press("a")
        assert not operator.app.screen.query(HelpPanel)
        await operator.press("question_mark")
        await operator.press("X")
        assert operator.app.screen_stack[-1] is operator.app.screen
        assert not operator.called("approve") and not operator.called("quarantine")


async def test_what_comes_out_from_under_the_help_counts_as_new(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("j")
        await operator.press("question_mark")
        await operator.press("escape")
        operator.app.sentry.tick()
        await operator.pilot.press("a")
        operator.wait(0.2)
        operator.app.sentry.tick()
        assert not operator.called("approve")


async def test_beside_a_whole_view_the_keys_are_the_views(sit: Sit) -> None:
    async with sit(size=(120, 40)) as operator:
        await operator.press("question_mark")
        before = operator.app.screen.pane.id if hasattr(operator.app.screen.pane, "id") else None
        await operator.press("j")
        assert operator.app.screen.query(HelpPanel)
        assert before is None or operator.app.screen.pane.id != before
        await operator.press("question_mark")
        assert not operator.app.screen.query(HelpPanel)
