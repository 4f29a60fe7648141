"""Every approval is followed to its end, whatever is decided after it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bottle_tui.core.views import Card
from bottle_tui.tui import messages as m
from bottle_tui.tui.board.results import GIVEN_UP, Result, added, delivered
from bottle_tui.tui.workers.learning import AT_ONCE, Learning
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import NOON, Desk, card, lab_cards

FIRST, SECOND = card(), replace(lab_cards()[0], id="01JB2Q9A0GJ4B8PVABF1ESNX00")
REMINDER = "The operator has approved: call proposal-status with id "


def approved(which: Card, **changes: object) -> Card:
    return replace(which, status="approved", in_force=True, **changes)  # type: ignore[arg-type]


async def two_approvals(operator: Operator) -> None:
    """One after the other; neither agent has read its answer."""
    operator.desk.decided = {each.id: approved(each) for each in (FIRST, SECOND)}
    for count in (1, 2):
        await operator.press("a")
        await operator.until(lambda count=count: sum(each.undo for each in operator.app.board.results) == count)
    await operator.until(lambda: all(each.host for each in operator.app.board.results))


def later(operator: Operator, seconds: float) -> None:
    now = NOON + timedelta(seconds=seconds)
    operator.desk.clock = lambda: now
    operator.app.post_message(m.TimePassed())


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (150, 40)])
async def test_after_a_second_approval_the_first_is_still_named_when_its_agent_does_not_listen(
    sit: Sit, size: tuple[int, int]
) -> None:
    async with sit(Desk(waiting=[FIRST, SECOND]), size=size) as operator:
        await two_approvals(operator)
        operator.desk.decided[SECOND.id] = approved(SECOND, delivery="agent has read it")
        await operator.until(lambda: operator.app.board.last.delivery)
        later(operator, 31)
        await operator.until(lambda: "c copies a line" in operator.text("#result"))
        named, last = operator.text("#result").splitlines()
        assert "12:41 api.example.com" in named and "not listening" in named
        assert size[0] == 60 or "for research: " in named
        assert "files.ex" in last and "u undo" in last and "c copies" not in last
        await operator.press("c")
        assert operator.app.clipboard.startswith(REMINDER + FIRST.id)


async def test_c_is_about_the_one_that_is_named_and_then_about_the_next(sit: Sit) -> None:
    async with sit(Desk(waiting=[FIRST, SECOND]), size=(120, 30)) as operator:
        await two_approvals(operator)
        later(operator, 31)
        await operator.until(lambda: "agent is not listening, c copies a line for it" in operator.text("#result"))
        assert len(operator.text("#result").splitlines()) == 1
        await operator.press("c")
        assert operator.app.clipboard.startswith(REMINDER + SECOND.id)
        assert "api.example.com for research: agent is not listening, c copies a line for it (1 more)" in operator.text(
            "#result"
        )
        await operator.press("c")
        assert operator.app.clipboard.startswith(REMINDER + FIRST.id)


async def test_an_agent_that_reads_it_after_all_is_named_no_longer(sit: Sit) -> None:
    async with sit(Desk(waiting=[FIRST, SECOND]), size=(120, 30)) as operator:
        await two_approvals(operator)
        operator.desk.decided[SECOND.id] = approved(SECOND, delivery="retry passed (200)")
        later(operator, 400)
        await operator.until(lambda: "for research: agent is not listening" in operator.text("#result"))
        operator.desk.decided[FIRST.id] = approved(FIRST, delivery="agent has read it")
        await operator.until(lambda: "not listening" not in operator.text("#result"))


async def test_what_was_taken_back_has_no_agent_that_ought_to_listen(sit: Sit) -> None:
    async with sit(Desk(waiting=[FIRST]), size=(120, 30)) as operator:
        operator.desk.decided = {FIRST.id: approved(FIRST)}
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last.undo)
        await operator.press("u")
        await operator.until(lambda: "the refusal is proven" in operator.app.board.last.text)
        later(operator, 31)
        await operator.pilot.pause()
        assert operator.app.board.deaf == () and operator.app.board.following == ()


UNREAD: dict[str, Callable[[Card], Card]] = {
    "the operator's own": lambda each: replace(each, by_operator=True),
    "no longer in force": lambda each: replace(each, in_force=False),
}


@pytest.mark.parametrize("change", UNREAD.values(), ids=UNREAD)
def test_no_agent_is_said_not_to_listen_to_what_it_is_not_to_hear_of(change: Callable[[Card], Card]) -> None:
    (result,) = delivered((Result(NOON, "in force, proven", "ok", FIRST.id, undo=True),), change(approved(FIRST)))
    assert not result.is_unread(NOON + timedelta(seconds=31))


def test_an_approval_that_is_never_read_is_followed_for_an_hour_and_not_for_ever() -> None:
    result = Result(NOON, "in force, proven", "ok", FIRST.id, undo=True)
    assert result.is_followed(NOON + timedelta(seconds=GIVEN_UP - 1))
    assert not result.is_followed(NOON + timedelta(seconds=GIVEN_UP))


def test_what_is_followed_is_kept_however_much_is_done_after_it() -> None:
    results = added((), Result(NOON, "in force, proven", "ok", FIRST.id, undo=True))
    for second in range(100):
        results = added(results, Result(NOON + timedelta(seconds=second), "muted", "ok"))
    assert results[-1].id == FIRST.id and len(results) == 21


class Asked:
    """Stands for the deeds where only their questions matter."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def learn(self, id: str) -> None:
        self.ids.append(id)


def test_of_many_approvals_a_few_are_asked_for_at_once_and_all_in_turn() -> None:
    asked, ids = Asked(), [f"id{number}" for number in range(10)]
    learning = Learning(asked)  # type: ignore[arg-type]
    learning.follow(ids)
    learning.follow(ids)
    assert asked.ids == ids[:AT_ONCE]
    for _ in range(3):
        for id in tuple(asked.ids):
            learning.learned(id)
        learning.follow(ids)
    assert set(asked.ids) == set(ids) and max(map(asked.ids.count, ids)) == 2
