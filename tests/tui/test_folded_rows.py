"""A bottle with many asks is one row, and that row decides nothing."""

from dataclasses import replace
from datetime import timedelta

from bottle_tui.core.views import Card
from tests.tui.conftest import Sit
from tests.tui.samples import NOON, Desk, card, lab_cards


def many(count: int = 3) -> list[Card]:
    files = replace(lab_cards()[0], created=NOON - timedelta(minutes=3))
    return [
        replace(files, id=f"01JB2Q9A0GJ4B8PVLABF1LES{number:02d}", host=f"files{number}.example.net")
        for number in range(count)
    ]


async def test_three_asks_of_one_bottle_are_one_row_that_names_their_hosts(sit: Sit) -> None:
    async with sit(Desk(waiting=[card(), *many()])) as operator:
        rows = operator.text("#inbox").splitlines()
        assert len(rows) == 2
        assert "lab" in rows[0] and "▸ 3 asks: files0.example.net" in rows[0]
        assert "4 waiting" in operator.text("#title")


async def test_a_folded_row_decides_nothing_until_it_was_opened(sit: Sit) -> None:
    async with sit(Desk(waiting=many())) as operator:
        for key in ("a", "r"):
            await operator.press(key)
            assert operator.desk.deeds == []
            assert "3 asks in this row: enter shows them" in operator.text("#footer")
        assert "files2.example.net" in operator.text("#card")
        await operator.press("enter")
        assert len(operator.text("#inbox").splitlines()) >= 2
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        assert operator.called("approve")[0][1] == many()[0].id


async def test_asks_of_the_only_bottle_fold_behind_the_open_one_as_they_arrive(sit: Sit) -> None:
    asks = many(6)
    desk = Desk(waiting=asks[:1])
    async with sit(desk) as operator:
        for count in range(2, 7):
            desk.waiting = asks[:count]
            await operator.until(lambda count=count: len(operator.app.board.cards) == count)
            assert operator.app.board.open_card.id == asks[0].id and operator.app.board.line_index == 0
        rows = operator.text("#inbox").splitlines()
        assert len(rows) == 2 and "files0.example.net" in rows[0]
        assert "▸ 5 more asks: files1.example.net" in rows[1]
        await operator.press("j")
        assert "files5.example.net" in operator.text("#card") and operator.app.board.fold


async def test_after_a_decision_the_next_ask_opens_out_of_the_fold_behind_it(sit: Sit) -> None:
    asks = many(5)
    desk = Desk(waiting=asks[:1])
    async with sit(desk) as operator:
        desk.waiting = list(asks)
        await operator.until(lambda: len(operator.app.board.lines) == 2)
        for number in range(3):
            assert operator.app.board.open_card.id == asks[number].id
            await operator.press("a")
            await operator.until(lambda number=number: asks[number].id not in operator.app.board.cards)
        assert [call[1] for call in operator.called("approve")] == [each.id for each in asks[:3]]
        assert operator.app.board.open_card.id == asks[3].id
        assert len(operator.app.board.lines) == 2


async def test_l_unfolds_and_h_folds(sit: Sit) -> None:
    async with sit(Desk(waiting=[*many(), card()]), size=(80, 40)) as operator:
        await operator.press("l")
        assert len(operator.app.board.lines) == 4
        await operator.press("h")
        assert len(operator.app.board.lines) == 2


async def test_moving_goes_row_by_row(sit: Sit) -> None:
    async with sit(Desk(waiting=[*many(), card()]), size=(80, 40)) as operator:
        assert operator.app.board.fold
        await operator.press("j")
        assert operator.app.board.open_card.id == card().id


async def test_the_cursor_stays_on_a_folded_row_whose_first_ask_leaves(sit: Sit) -> None:
    desk = Desk(waiting=[*many(4), card()])
    async with sit(desk) as operator:
        desk.waiting = desk.waiting[1:]
        await operator.until(lambda: len(operator.app.board.cards) == 4)
        assert operator.app.board.fold and len(operator.app.board.fold.ids) == 3
        assert "▸ 3 asks" in operator.text("#inbox")


async def test_X_on_a_folded_row_is_about_its_bottle(sit: Sit) -> None:
    async with sit(Desk(waiting=many())) as operator:
        await operator.press("X")
        await operator.until(lambda: operator.called("quarantine"))
        assert operator.called("quarantine") == [("quarantine", "lab")]


def same_host(number: int, age: float = 60) -> Card:
    return replace(
        lab_cards()[0],
        id=f"01JB2Q9A0GJ4B8PVLABF1SAM{number:02d}",
        created=NOON - timedelta(seconds=age - number),
        args={"host": "files.example.net", "path_allowlist": [f"/{number}/"]},
    )


async def test_a_newer_ask_for_the_same_host_joins_the_row_and_the_card_of_the_old_one(sit: Sit) -> None:
    desk = Desk(waiting=[same_host(0)])
    async with sit(desk, size=(100, 30)) as operator:
        desk.waiting = [same_host(0), same_host(1), same_host(2), card()]
        await operator.until(lambda: len(operator.app.board.waiting) == 4)
        assert len(operator.app.board.lines) == 2
        assert "again 2×" in operator.text("#inbox").splitlines()[0]
        assert "asked again 2×" in operator.text("#card")
        assert operator.app.board.open_card.id == same_host(0).id


async def test_asked_again_re_arms_the_card(sit: Sit) -> None:
    desk = Desk(waiting=[same_host(0)])
    async with sit(desk) as operator:
        operator.wait(5.0)
        desk.waiting = [same_host(0), same_host(1)]
        await operator.until(lambda: operator.app.board.again == 1)
        await operator.type("a", gap=0.1)
        operator.wait(1.0)
        operator.app.sentry.tick()
        assert not operator.called("approve")
        assert "just appeared" in operator.text("#footer")


async def test_each_of_the_joined_asks_is_decided_by_its_own_change(sit: Sit) -> None:
    async with sit(Desk(waiting=[same_host(0), same_host(1)])) as operator:
        await operator.press("a")
        await operator.until(lambda: len(operator.called("approve")) == 1)
        await operator.until(
            lambda: operator.app.board.open_card and operator.app.board.open_card.id == same_host(1).id
        )
        assert operator.called("approve")[0][1] == same_host(0).id
        await operator.press("a")
        await operator.until(lambda: len(operator.called("approve")) == 2)
        assert operator.called("approve")[1][1] == same_host(1).id
