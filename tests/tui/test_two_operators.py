"""Two operators over the same bottles: what the other one decides is on this screen, and is never merged twice."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bottle_tui.core.views import Card, Outcome
from bottle_tui.services import audit, decide, review
from bottle_tui.tui.workers.reader import LOOK_SECONDS, Reader
from tests.services.conftest import Bottle, bottle, make
from tests.tui.conftest import Sit
from tests.tui.samples import NOON, Desk, card, lab_cards
from tests.tui.test_wired import sitting

__all__ = ["bottle", "make"]


async def ada_approves(bottle: Bottle, identity: str) -> Outcome:
    """The other operator's dashboard calls this same service, with her name."""
    world = replace(bottle.world, operator="ada")
    digest = await asyncio.to_thread(bottle.digest, identity)
    return await asyncio.to_thread(decide.approve, world, identity, digest)


def approvals(bottle: Bottle) -> int:
    records = audit.records(bottle.world, bottle.slug)
    return len([each for each in records if (each["kind"], each.get("of")) == ("intent", "approve")])


async def test_what_the_other_one_approves_is_on_the_open_card_by_name_and_a_does_nothing_more(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as kim:
        assert kim.app.board.open_card.id == identity
        await ada_approves(bottle, identity)
        await kim.until(lambda: "approved by ada" in kim.text("#card"))
        await kim.press("a")
        await kim.press("r")
        assert kim.app.board.last is None
        assert bottle.grants().count(identity) == 1 and approvals(bottle) == 1


class Timers:
    """Stands for the app where only its timers matter."""

    def __init__(self) -> None:
        self.set: list[tuple[float, Callable[[], object]]] = []

    def set_timer(self, seconds: float, then: Callable[[], object]) -> None:
        self.set.append((seconds, then))


def test_from_the_end_of_one_look_to_the_next_it_is_a_second_as_the_guide_says() -> None:
    timers = Timers()
    Reader(timers, services=None).ended("cards")  # type: ignore[arg-type]
    ((seconds, _),) = timers.set
    assert seconds == LOOK_SECONDS == 1.0


async def test_one_look_is_enough_to_have_the_other_ones_decision_on_this_screen(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as kim:
        reader, listed = kim.app.conduct.reader, list[str]()
        due, reader._due = reader._due, lambda what: None  # type: ignore[method-assign,assignment]  # timers set before
        kim.app.conduct.nudges.stop()  # a sidecar's word would list at once, too,
        kim.app.conduct.nudges.attend = lambda running: None  # type: ignore[method-assign,assignment,misc]
        kim.app.conduct._look_at_clocks = lambda: None  # type: ignore[method-assign]  # and so would a jump of the clock
        await kim.until(lambda: not reader._busy)
        cards = reader._cards
        reader._cards = lambda: [listed.append("cards"), cards()][1]  # type: ignore[method-assign,func-returns-value]
        await ada_approves(bottle, identity)
        due("cards")
        await kim.until(lambda: not reader._busy)
        await kim.until(lambda: "approved by ada" in kim.text("#card"))
        assert listed == ["cards"]


async def test_an_ask_that_is_not_open_and_was_decided_elsewhere_is_said_in_the_result_line(bottle: Bottle) -> None:
    bottle.ask("first.example.net")
    bottle.clock.advance(1)
    second = bottle.ask("second.example.net")
    async with sitting(bottle) as kim:
        await ada_approves(bottle, second)
        await kim.until(lambda: "second.example.net for box: approved by ada" in kim.text("#result"))
        assert "u undo" not in kim.text("#result")


async def test_of_two_keys_at_the_same_moment_one_merges_and_the_other_is_told_who_was_quicker(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as kim:
        kim.app.conduct.reader.pause = 3600.0
        await kim.until(lambda: not kim.app.conduct.reader._busy)
        await ada_approves(bottle, identity)
        kim.app.conduct.deeds.approve(identity, kim.app.board.open_card.change.digest, False)
        await kim.until(lambda: any(result.kind == "bad" for result in kim.app.board.results))
        assert any("approved by ada" in result.text for result in kim.app.board.results)
        assert bottle.grants().count(identity) == 1


def decided_by_kim(desk: Desk, *asks: Card) -> None:
    """The other operator has rejected them."""
    for ask in asks:
        desk.waiting.remove(ask)
        desk.decided[ask.id] = replace(ask, status="rejected", decided_by="kim", decided_at=NOON)


@pytest.mark.parametrize("key", ["j", "k", "g", "G", "escape"])
async def test_the_only_card_stays_for_being_looked_at_when_another_decides_it_and_any_move_leaves_it(
    sit: Sit, key: str
) -> None:
    desk = Desk(waiting=[card()])
    async with sit(desk) as operator:
        decided_by_kim(desk, *desk.waiting)
        await operator.until(lambda: "rejected by kim, 0 s ago" in operator.text("#card"))
        assert operator.app.board.open_card.id == card().id
        await operator.press(key)
        assert operator.app.board.open_card is None
        assert "Nothing waits for you." in operator.text("#card")


async def test_esc_leaves_the_first_of_several_cards_that_another_has_decided(sit: Sit) -> None:
    first, second = card(), lab_cards()[0]
    desk = Desk(waiting=[first, second])
    async with sit(desk) as operator:
        decided_by_kim(desk, first)
        await operator.until(lambda: operator.app.board.leaving)
        await operator.press("escape")
        assert operator.app.board.open_card.id == second.id
        assert first.id not in operator.app.board.cards


def test_a_card_that_is_decided_holds_no_age_that_would_stand_still(bottle: Bottle) -> None:
    identity = bottle.ask()
    decide.reject(bottle.world, identity, "no")
    assert review.card(bottle.world, identity).problem == "rejected by op"


def other_asks(count: int) -> list[Card]:
    return [
        replace(lab_cards()[0], id=f"01JB2Q9A0GJ4B8PVABF1ESNX{at:02d}", host=f"m{at}.example.net")
        for at in range(count)
    ]


async def test_the_result_line_says_how_long_ago_another_has_decided_and_goes_on_saying_it(sit: Sit) -> None:
    (other,) = other_asks(1)
    desk = Desk(waiting=[card(), other])
    async with sit(desk) as operator:
        decided_by_kim(desk, other)
        desk.clock = lambda: NOON + timedelta(seconds=3)
        line = "m0.example.net for lab: rejected by kim · "
        await operator.until(lambda: f"12:41 {line}3 s ago" in operator.text("#result"))
        desk.clock = lambda: NOON + timedelta(minutes=4)
        await operator.until(lambda: f"{line}4 min ago" in operator.text("#result"))


async def test_of_a_few_that_another_has_decided_at_once_each_is_told(sit: Sit) -> None:
    desk = Desk(waiting=[card(), *(asks := other_asks(5))])
    async with sit(desk) as operator:
        decided_by_kim(desk, *asks)
        await operator.until(lambda: len(operator.app.board.results) == 5)
        assert {result.id for result in operator.app.board.results} == {each.id for each in asks}


async def test_of_many_that_another_has_decided_at_once_it_is_told_how_many(sit: Sit) -> None:
    desk = Desk(waiting=[card(), *(asks := other_asks(6))])
    async with sit(desk) as operator:
        decided_by_kim(desk, *asks)
        await operator.until(lambda: "6 asks decided elsewhere or superseded: 5 History" in operator.text("#result"))
        assert len(operator.app.board.results) == 1
