"""Denied and not asked for: seen beside the inbox, opened as a card, approved in one step or taken back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bottle_tui.core.arming import ON_SCREEN
from bottle_tui.core.evidence import Over
from bottle_tui.core.views import Card
from bottle_tui.tui.dialogs.denied import Denied
from bottle_tui.tui.screens.inbox import InboxView
from tests.tui.conftest import Operator, Sit
from tests.tui.denials import FILED, NOON, groups
from tests.tui.samples import Desk, card


def desk(*waiting: object) -> Desk:
    made = Desk(waiting=list(waiting))  # type: ignore[arg-type]
    made.denials.groups = groups()
    made.denials.filed = card(FILED, "lab", age=0, host="files.example.net", by_operator=True, author="kim")
    return made


async def seen(operator: Operator) -> None:
    await operator.until(lambda: operator.app.board.standing.at)


async def test_narrower_than_140_columns_the_tabs_say_how_much_and_p_opens_the_list(sit: Sit) -> None:
    async with sit(desk(card())) as operator:
        await seen(operator)
        assert "p not asked: 12 in 3 ▸" in operator.text("#tabs")
        await operator.press("3")
        assert " not asked: 12 in 3 ▸" in operator.text("#tabs")
        assert "p not asked" not in operator.text("#tabs"), "the key does nothing in another view"
        await operator.press("1")
        await operator.press("p")
        page = operator.text("#page")
        assert "▶ lab" in page and "9× GET     files.example.net" in page
        assert "docs: 41× background" in page
        assert page.index("research") < page.index("background")


async def test_a_long_list_is_gone_through_in_strides(sit: Sit) -> None:
    long = desk(card())
    long.denials.groups = [replace(groups()[0], host=f"h{number}.example.net") for number in range(150)]
    async with sit(long) as operator:
        await seen(operator)
        await operator.press("p")
        shown = operator.app.screen
        assert isinstance(shown, Denied)
        listed = [(group.slug, group.host) for group in operator.app.board.denied]
        for key, at in (("pagedown", 10), ("space", 20), ("pageup", 10), ("G", -1), ("home", 0), ("end", -1), ("g", 0)):
            await operator.press(key)
            assert shown.selected is not None and shown.selected[:2] == listed[at], key


async def test_below_80_columns_the_footer_counts_them_and_every_tab_keeps_its_name(sit: Sit) -> None:
    async with sit(desk(card()), size=(60, 24)) as operator:
        await seen(operator)
        assert "p denied 12" in operator.text("#footer")
        assert "5 History" in operator.text("#tabs")


async def test_nothing_of_the_view_below_stands_beside_the_list(sit: Sit) -> None:
    async with sit(desk(card())) as operator:
        await seen(operator)
        await operator.press("p")
        margins = [line[:2] + line[-2:] for line in operator.screen_text().splitlines()]
        assert {margin.strip() for margin in margins} == {""}


async def test_what_a_stopped_bottle_was_denied_is_not_offered(sit: Sit) -> None:
    there = desk(card())
    there.running = [replace(each, state="stopped") if each.slug == "lab" else each for each in there.running]
    async with sit(there) as operator:
        await seen(operator)
        await operator.until(lambda: operator.app.board.ours)
        assert "not asked: 3 in 2 ▸" in operator.text("#tabs")
        await operator.press("p")
        assert "lab" not in operator.text("#page") and "research" in operator.text("#page")


async def test_from_140_columns_on_it_stands_on_the_left_with_its_age_and_the_background_in_one_line(sit: Sit) -> None:
    async with sit(desk(card()), size=(160, 40)) as operator:
        await seen(operator)
        side = operator.text("#side")
        assert "denied, not asked" in side and "0 s ago" in side
        assert "9× GET     files.example.net" in side
        assert "41× background: the agents' own knocking" in side
        assert "not asked" not in operator.text("#tabs")


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (160, 40)])
async def test_a_row_whose_grant_is_over_says_so_in_every_layout(sit: Sit, size: tuple[int, int]) -> None:
    made = desk()
    past = [Over("ran out", NOON - timedelta(minutes=1)), Over("revoked", NOON - timedelta(minutes=5), "kim")]
    made.denials.groups = [replace(group, over=ended) for group, ended in zip(groups(), past, strict=False)]
    async with sit(made, size=size) as operator:
        await seen(operator)
        screen = operator.screen_text()
        assert "ran out" in screen and "revoked" in screen
        assert size[0] == 60 or ("ran out 12:40" in screen and "revoked 12:36" in screen)
        await operator.press("p")
        assert "its grant ran out at 12:40" in operator.text("#page")
        await operator.press("j")
        assert "its grant was revoked at 12:36 by kim" in operator.text("#page")
        await operator.press("enter")
        await operator.until(lambda: operator.called("propose"))


def crowded(*waiting: object) -> Desk:
    """More groups in one bottle than a list holds: what is beyond them is a row of its own, as the service makes it."""
    made = desk(*waiting)
    several = [replace(groups()[0], host=f"h{number}.example.net") for number in range(5)]
    rest = replace(groups()[0], host="", method="", count=70, paths=(), fit=None, problem="later", more=57)
    made.denials.groups = [*several, rest, groups()[-1]]
    return made


async def test_what_a_list_does_not_hold_is_counted_as_its_last_row_before_the_background(sit: Sit) -> None:
    async with sit(crowded(card())) as operator:
        await seen(operator)
        assert "not asked: 115 in 62 ▸" in operator.text("#tabs")
        await operator.press("p")
        lines = [line for line in operator.text("#page").splitlines() if "57 more groups" in line or "41×" in line]
        assert len(lines) == 2 and "lab: and 57 more groups, 70×" in lines[0]
        for _ in range(5):
            await operator.press("j")
        await operator.press("enter")
        assert not operator.called("propose")


@pytest.mark.parametrize("size", [(160, 40), (160, 24)])
async def test_beside_the_inbox_what_a_list_does_not_hold_is_counted_whatever_the_height(
    sit: Sit, size: tuple[int, int]
) -> None:
    async with sit(crowded(card()), size=size) as operator:
        await seen(operator)
        side = operator.text("#side")
        shown = sum(f"h{number}.example.net" in side for number in range(5))
        assert f"and {57 + 5 - shown} more groups" in side


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (160, 40)])
async def test_with_nothing_waiting_what_a_list_does_not_hold_is_counted(sit: Sit, size: tuple[int, int]) -> None:
    async with sit(crowded(), size=size) as operator:
        await seen(operator)
        screen = operator.screen_text()
        shown = sum(f"h{number}.example.net" in screen for number in range(5))
        assert f"and {57 + 5 - shown} more groups" in screen


@pytest.mark.parametrize("key", ["enter", "p"])
async def test_a_group_opens_as_a_card_that_a_approves_in_one_step(sit: Sit, key: str) -> None:
    async with sit(desk(card())) as operator:
        await seen(operator)
        await operator.press("p")
        await operator.press(key)
        await operator.until(lambda: operator.called("propose"))
        assert operator.called("propose") == [("propose", "lab", "files.example.net", "GET")]
        await operator.until(lambda: operator.app.board.open_card and operator.app.board.open_card.id == FILED)
        assert not operator.called("approve")
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        assert operator.called("approve")[0][1] == FILED


@pytest.mark.parametrize("key", ["escape", "r"])
async def test_a_card_of_the_operators_own_is_withdrawn_not_rejected(sit: Sit, key: str) -> None:
    async with sit(desk(card())) as operator:
        await seen(operator)
        await operator.press("p")
        await operator.press("enter")
        await operator.until(lambda: operator.app.board.open_card and operator.app.board.open_card.id == FILED)
        await operator.press(key)
        await operator.until(lambda: operator.called("withdraw"))
        await operator.until(lambda: FILED not in operator.app.board.cards)
        assert not operator.called("reject")
        assert "nothing was granted" in operator.text("#result")
        assert operator.app.board.open_card.id == card().id


def drafted(*waiting: Card, **fields: Any) -> Desk:
    """As after a restart: an earlier draft lies in the inbox."""
    own = card(FILED, "lab", age=900, host="files.example.net", by_operator=True, author="kim", **fields)
    return desk(own, *waiting)


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (160, 40)])
async def test_a_draft_is_yours_and_waits_for_nobody_in_every_layout(sit: Sit, size: tuple[int, int]) -> None:
    async with sit(drafted(agent_waits=True), size=size) as operator:
        assert "0 waiting" in operator.text("#title") or size[0] == 60
        assert "Inbox 1" not in operator.text("#tabs")
        assert "yours" in operator.text("#inbox")
        assert "agent waits" not in operator.screen_text()
        assert "withdraw" in operator.text("#footer")
    async with sit(drafted(card()), size=size) as operator:
        assert "Inbox 1]" in operator.text("#tabs")


@pytest.mark.parametrize("status", ["pending", "failed"])
async def test_a_draft_of_an_earlier_sitting_is_withdrawn_by_one_key(sit: Sit, status: str) -> None:
    async with sit(drafted(status=status)) as operator:
        await operator.press("r")
        await operator.until(lambda: operator.called("withdraw") == [("withdraw", FILED)])
        assert not operator.called("reject")


async def test_the_palette_withdraws_a_draft_and_says_so(sit: Sit) -> None:
    async with sit(drafted()) as operator:
        operator.app.screen.ask("r")
        await operator.pilot.pause()
        assert "withdraw files.example.net for lab" in operator.text("#said")
        await operator.press("y")
        await operator.until(lambda: operator.called("withdraw") == [("withdraw", FILED)])


async def test_among_marked_rows_a_draft_is_withdrawn_and_only_an_agents_is_rejected(sit: Sit) -> None:
    async with sit(drafted(card())) as operator:
        for _ in range(2):
            await operator.press("space")
            await operator.press("j")
        await operator.until(lambda: len(operator.app.board.marks) == 2)
        await operator.press("r")
        operator.wait(0.5)
        await operator.type("1", "enter")
        await operator.until(lambda: operator.called("reject") and operator.called("withdraw"))
        assert {call[1] for call in operator.called("reject")} == {card().id}
        assert operator.called("withdraw") == [("withdraw", FILED)]


async def test_marked_drafts_alone_are_withdrawn_without_a_reason(sit: Sit) -> None:
    async with sit(drafted()) as operator:
        await operator.press("space")
        await operator.until(lambda: operator.app.board.marks.marked)
        await operator.press("r")
        await operator.until(lambda: operator.called("withdraw") == [("withdraw", FILED)])
        assert isinstance(operator.app.screen, InboxView)


async def test_a_fold_of_drafts_is_yours(sit: Sit) -> None:
    several = [
        card(f"01JB2QAF7R0D8W3NDEN1EDF{n}LE", "lab", host=f"h{n}.example.net", by_operator=True) for n in range(4)
    ]
    async with sit(desk(*several)) as operator:
        assert "4 asks" in operator.text("#inbox")
        assert "yours" in operator.text("#inbox") and "went on" not in operator.text("#inbox")


async def test_escape_on_an_agents_card_takes_nothing_back(sit: Sit) -> None:
    async with sit(desk(card())) as operator:
        await operator.press("escape")
        assert operator.desk.deeds == []


async def test_what_no_route_can_admit_says_why_and_is_not_filed(sit: Sit) -> None:
    async with sit(desk(card())) as operator:
        await seen(operator)
        for key in ("p", "j", "j"):
            await operator.press(key)
        assert "it carried a secret" in operator.text("#page")
        await operator.press("enter")
        assert isinstance(operator.app.screen, Denied)
        assert not operator.called("propose")


async def test_the_cursor_of_the_list_stays_on_its_group_when_others_arrive(sit: Sit) -> None:
    made = desk(card())
    async with sit(made) as operator:
        await seen(operator)
        await operator.press("p")
        await operator.press("j")
        made.denials.groups = [replace(groups()[0], host="new.example.com"), *groups()]
        operator.app.conduct.attending.changed()
        operator.app.conduct.attending.tick()
        await operator.until(lambda: len(operator.app.board.standing.groups) == 5)
        operator.app.screen.fill()  # type: ignore[attr-defined]  # as its timer would
        assert "▶ docs" in operator.text("#page")


async def test_looking_at_the_list_decides_nothing_and_rings_nothing(sit: Sit) -> None:
    async with sit(desk(card())) as operator:
        await seen(operator)
        await operator.press("p")
        for key in "aruoXy":
            await operator.press(key)
        assert operator.desk.deeds == []
        await operator.press("escape")
        assert isinstance(operator.app.screen, InboxView)


async def test_read_only_looks_but_files_nothing(sit: Sit) -> None:
    async with sit(desk(card()), read_only=True) as operator:
        await seen(operator)
        await operator.press("p")
        await operator.press("enter")
        assert not operator.called("propose")


async def test_a_new_card_of_ones_own_is_not_decided_by_the_key_that_opened_it(sit: Sit) -> None:
    async with sit(desk()) as operator:
        await seen(operator)
        await operator.press("p")
        await operator.press("enter")
        await operator.until(lambda: operator.app.board.open_card)
        operator.wait(ON_SCREEN / 2)
        await operator.type("a", gap=0.0)
        assert not operator.called("approve")
