"""Marked rows are decided together, each by the change it was shown with, and never one with a danger."""

from dataclasses import replace

import pytest

from bottle_tui.core.views import Card
from bottle_tui.tui.dialogs.batch import Batch
from bottle_tui.tui.dialogs.reason import Reason
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import Desk, card, lab_cards, secret_card

FILES, LARGE, REBUILD = lab_cards()


async def marked(operator: Operator, count: int = 2) -> None:
    for _ in range(count):
        await operator.press("space")
        await operator.press("j")
    await operator.until(lambda: len(operator.app.board.marks) == count)


def two() -> Desk:
    return Desk(waiting=[card(), FILES, secret_card()])


async def test_a_with_marks_shows_every_line_and_y_approves_each_with_its_own_digest(sit: Sit) -> None:
    async with sit(Desk(waiting=[card(), FILES, LARGE]), size=(80, 40)) as operator:
        await marked(operator)
        assert " •research" in operator.text("#inbox") and "approve 2 marked" in operator.text("#footer")
        await operator.press("a")
        assert isinstance(operator.app.screen, Batch)
        page = operator.text("#page")
        for line in (FILES.change.routes + card().change.routes).splitlines():
            assert line[:1] not in "+-" or line in page
        assert operator.desk.deeds == []
        await operator.press("y")
        await operator.until(lambda: len(operator.called("approve")) == 2)
        assert {(call[1], call[2]) for call in operator.called("approve")} == {
            (each.id, each.change.digest) for each in (card(), FILES)
        }
        assert LARGE.id in operator.app.board.cards


@pytest.mark.parametrize("key", ["escape", "n", "enter", "a", "r"])
async def test_any_other_key_than_y_decides_none_of_them(sit: Sit, key: str) -> None:
    async with sit(Desk(waiting=[card(), FILES])) as operator:
        await marked(operator)
        await operator.press("a")
        await operator.press(key)
        assert not isinstance(operator.app.screen, Batch)
        assert operator.desk.deeds == []


@pytest.mark.parametrize(("further", "back"), [("pagedown", "pageup"), ("G", "g"), ("end", "home"), ("space", "k")])
async def test_a_page_at_a_time_every_line_is_seen_and_no_key_that_moves_leaves(
    sit: Sit, further: str, back: str
) -> None:
    ids = (f"01JB2Q8F6V3N9D0RX5TK7Q2M{n:02d}" for n in range(6))
    async with sit(Desk(waiting=[replace(card(), id=id, slug=f"b{n}") for n, id in enumerate(ids)])) as operator:
        await marked(operator, 6)
        await operator.press("a")
        await operator.press(back)
        pages = 0
        while "y do it" not in operator.text("#page"):
            await operator.press(further)
            pages += 1
            assert isinstance(operator.app.screen, Batch) and pages < 10
        assert pages > 1
        await operator.press("y")
        await operator.until(lambda: len(operator.called("approve")) == 6)


async def test_a_y_before_the_end_was_on_screen_decides_nothing(sit: Sit) -> None:
    async with sit(
        Desk(waiting=[replace(card(), id=f"01JB2Q8F6V3N9D0RX5TK7Q2M{n:02d}", slug=f"b{n}") for n in range(6)])
    ) as operator:
        await marked(operator, 6)
        await operator.press("a")
        await operator.press("y")
        assert operator.desk.deeds == [] and "scroll to the end first" in operator.text("#page")
        for _ in range(8):
            await operator.press("pagedown")
        await operator.press("y")
        await operator.until(lambda: len(operator.called("approve")) == 6)


async def test_a_y_too_early_decides_nothing(sit: Sit) -> None:
    async with sit(Desk(waiting=[card(), FILES])) as operator:
        await marked(operator)
        await operator.press("a")
        await operator.pilot.pause()
        await operator.hurry("y", after=0.35)
        assert operator.desk.deeds == []


async def test_one_with_a_danger_cannot_be_marked(sit: Sit) -> None:
    async with sit(Desk(waiting=[secret_card()])) as operator:
        await operator.press("space")
        assert "!!" in operator.text("#footer") and not operator.app.board.marks.marked


async def test_what_has_only_just_appeared_cannot_be_marked(sit: Sit) -> None:
    async with sit(Desk(waiting=[card(), FILES])) as operator:
        await operator.press("j")
        await operator.type("space", gap=0.1)
        assert not operator.app.board.marks.marked


async def test_another_change_takes_the_mark_away(sit: Sit) -> None:
    desk = Desk(waiting=[card(), FILES])
    async with sit(desk) as operator:
        await marked(operator)
        desk.waiting = [card(), replace(FILES, change=replace(FILES.change, digest="sha256:other"))]
        await operator.until(lambda: len(operator.app.board.marks) == 1)
        assert card().id in operator.app.board.marks


async def test_a_change_while_the_y_is_awaited_decides_none_of_them(sit: Sit) -> None:
    desk = Desk(waiting=[card(), FILES])
    async with sit(desk) as operator:
        await marked(operator)
        await operator.press("a")
        desk.waiting = [card(), replace(FILES, change=replace(FILES.change, digest="sha256:other"))]
        await operator.until(lambda: len(operator.app.board.marks) == 1)
        await operator.press("y")
        assert operator.desk.deeds == []


async def test_r_with_marks_takes_one_reason_for_all(sit: Sit) -> None:
    async with sit(Desk(waiting=[card(), FILES])) as operator:
        await marked(operator)
        await operator.press("r")
        assert isinstance(operator.app.screen, Reason)
        operator.wait(0.5)
        await operator.type("1", "enter")
        await operator.until(lambda: len(operator.called("reject")) == 2)
        assert {call[1] for call in operator.called("reject")} == {card().id, FILES.id}


def crowd(count: int = 4) -> list[Card]:
    """Asks of one bottle, more than stand in rows of their own, and one of them with a danger."""
    several = [
        replace(FILES, id=f"01JB2Q8F6V3N9D0RX5TK7Q2M{n:02d}", host=f"h{n}.example.net",
                change=replace(FILES.change, digest=f"sha256:{n}")) for n in range(count)
    ]  # fmt: skip
    return [*several, replace(secret_card(), slug=FILES.slug)]


async def all_marked(operator: Operator, count: int) -> None:
    await operator.press("asterisk")
    await operator.until(lambda: len(operator.app.board.marks) == count)


async def test_a_star_marks_all_of_the_bottle_that_may_be_marked_and_again_none(sit: Sit) -> None:
    async with sit(Desk(waiting=[*crowd(), card()])) as operator:
        await operator.until(lambda: operator.app.board.here == FILES.slug)
        await all_marked(operator, 4)
        listed = operator.text("#inbox")
        assert listed.count("•") == 4 or len(operator.app.board.lines) > len(listed.splitlines())
        assert operator.app.board.fold is None, "what is marked stands in a row of its own"
        assert card().id not in operator.app.board.marks and secret_card().id not in operator.app.board.marks
        await all_marked(operator, 0)


async def test_what_a_star_has_marked_is_approved_only_after_all_of_it_was_on_screen(sit: Sit) -> None:
    async with sit(Desk(waiting=crowd()[:4])) as operator:
        await all_marked(operator, 4)
        await operator.press("a")
        await operator.press("y")
        assert operator.desk.deeds == [] and "scroll to the end first" in operator.text("#page")
        for _ in range(8):
            await operator.press("pagedown")
        await operator.press("y")
        await operator.until(lambda: len(operator.called("approve")) == 4)


async def test_what_a_star_has_marked_is_refused_only_after_all_of_it_was_on_screen(sit: Sit) -> None:
    async with sit(Desk(waiting=crowd()[:4])) as operator:
        await all_marked(operator, 4)
        await operator.press("r")
        assert isinstance(operator.app.screen, Batch) and "reject these 4" in operator.text("#page")
        for _ in range(8):
            await operator.press("pagedown")
        await operator.press("y")
        assert isinstance(operator.app.screen, Reason)
        operator.wait(0.5)
        await operator.type("1", "enter")
        await operator.until(lambda: len(operator.called("reject")) == 4)


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_star_where_nothing_may_be_marked_says_why(sit: Sit, read_only: bool) -> None:
    async with sit(Desk(waiting=[card() if read_only else secret_card()]), read_only=read_only) as operator:
        await operator.press("asterisk")
        assert ("read-only" if read_only else "!!") in operator.text("#footer")
        assert not operator.app.board.marks.marked


async def test_a_mark_goes_with_a_second_space(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        await operator.press("space")
        await operator.until(lambda: operator.app.board.marks.marked)
        await operator.press("space")
        await operator.until(lambda: not operator.app.board.marks.marked)
