"""With nothing waiting: what runs, what was denied and not asked for, what runs out, what was decided and its use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bottle_tui.tui.presentation.sections import shares
from tests.tui.conftest import Operator, Sit
from tests.tui.denials import decisions, endings, groups
from tests.tui.samples import NOON, Desk, bottles

SIZES = [(60, 24), (80, 24), (120, 40), (170, 45)]


def desk(**changes: object) -> Desk:
    made = Desk(waiting=[], **changes)  # type: ignore[arg-type]
    made.denials.groups, made.denials.endings, made.denials.decisions = groups(), endings(), decisions()
    return made


async def seen(operator: Operator) -> str:
    await operator.until(lambda: operator.app.board.standing.at)
    await operator.pilot.pause()
    return operator.text("#card")


@pytest.mark.parametrize("size", SIZES)
async def test_all_of_it_is_there_at_every_width(sit: Sit, size: tuple[int, int]) -> None:
    async with sit(desk(), size=size) as operator:
        text = await seen(operator)
        for words in (
            "Nothing waits", "running", "2 s ago", "up 3d02", "denied, not asked", "files.example.net", "running out",
            "0m48", "www.example.org", "last decisions", "approved api.example.com", "used 6×", "never used",
        ):  # fmt: skip
            assert words in text, words


async def test_each_list_is_cut_to_its_share_and_says_how_much_more_there_is(sit: Sit) -> None:
    many = desk(running=[replace(bottles()[0], slug=f"box{number}") for number in range(9)])
    many.denials.decisions = decisions() * 3
    async with sit(many) as operator:
        text = await seen(operator)
        lines = [line.strip() for line in text.splitlines()]
        assert [line for line in lines if line.startswith("and ")] == ["and 6 more", "and 2 more", "and 16 more"]
        assert "0m48" in text and "files.example.net" in text
        assert lines[-1] == "and 16 more", "the lowest row that there is"


@pytest.mark.parametrize("size", [(150, 40), (120, 40)])
async def test_the_tab_counts_what_nobody_asked_for_wherever_it_is_not_listed(sit: Sit, size: tuple[int, int]) -> None:
    async with sit(desk(), size=size) as operator:
        await seen(operator)
        await operator.press("3")
        assert "not asked: 12 in 3 ▸" in operator.text("#tabs")


async def test_what_there_is_nothing_of_takes_one_line(sit: Sit) -> None:
    async with sit(Desk(waiting=[])) as operator:
        text = await seen(operator)
        assert "No unasked denials, nothing ends, nothing decided yet." in text
        assert "running out" not in text


async def test_a_bottle_that_does_not_simply_run_comes_first_with_its_note_and_stopped_ones_are_named(sit: Sit) -> None:
    docs, lab, research = bottles()
    down = replace(research, state="degraded", note="pipelock down; `bottle-tui up` starts it again")
    async with sit(desk(running=[docs, replace(lab, state="stopped"), down])) as operator:
        lines = (await seen(operator)).splitlines()
        first = next(at for at, line in enumerate(lines) if "what runs" in line) + 1
        assert "research" in lines[first] and "pipelock down" in lines[first]
        assert "1 stopped: lab" in lines[first + 2]


async def test_a_countdown_goes_on_and_what_has_ended_goes(sit: Sit) -> None:
    async with sit(desk()) as operator:
        await seen(operator)
        operator.desk.clock = lambda: NOON + timedelta(seconds=40)
        await operator.until(lambda: "0m08" in operator.text("#card"))
        operator.desk.clock = lambda: NOON + timedelta(seconds=50)
        await operator.until(lambda: "www.example.org" not in operator.text("#card"))


@pytest.mark.parametrize(
    ("wishes", "room", "given"),
    [((3, 5, 2), 20, [3, 5, 2]), ((9, 9, 9), 6, [2, 2, 2]), ((2, 9, 3), 10, [2, 5, 3]), ((), 5, [])],
)
def test_nobody_gets_more_than_it_wishes_and_what_is_left_goes_round(
    wishes: Sequence[int], room: int, given: list[int]
) -> None:
    assert shares(wishes, room) == given
