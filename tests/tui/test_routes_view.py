"""The routes: what is granted, until when, by whom, used how often; and `u` takes back the open one."""

from dataclasses import replace
from datetime import timedelta

from bottle_tui.errors import SidecarUnreachable
from tests.tui.conftest import Operator, Sit
from tests.tui.looking import ASKED, NOON, listing
from tests.tui.samples import Desk


async def open_routes(operator: Operator) -> None:
    await operator.press("3")
    await operator.until(lambda: "api.example.com" in operator.text("#routes"))


async def test_every_grant_is_listed_with_its_rules_its_end_and_its_use(sit: Sit) -> None:
    async with sit(size=(120, 40)) as operator:
        await open_routes(operator)
        text = operator.text("#routes")
        for words in (
            "12m38",
            "never used",
            "412×",
            "always",
            "manifest",
            "API_TOKEN",
            "1 use",
            "no grant: denied",
        ):
            assert words in text
        assert "in force ✓" in operator.text("#routes-head")


async def test_the_countdown_goes_on_while_nothing_is_read(sit: Sit) -> None:
    desk = Desk()
    async with sit(desk) as operator:
        await open_routes(operator)
        desk.clock = lambda: NOON + timedelta(seconds=8)
        await operator.until(lambda: "12m30" in operator.text("#routes"))


async def test_u_takes_back_the_open_grant_and_says_what_was_cut(sit: Sit) -> None:
    async with sit() as operator:
        await open_routes(operator)
        await operator.press("j")
        await operator.press("u")
        await operator.until(lambda: operator.called("revoke"))
        assert operator.called("revoke") == [("revoke", "docs", ASKED)]
        await operator.until(lambda: "the refusal is in force, proven" in operator.text("#result"))
        await operator.until(lambda: "/repos/acme/" not in operator.text("#routes"))


async def test_u_right_after_the_table_has_changed_takes_nothing_back(sit: Sit) -> None:
    desk = Desk()
    async with sit(desk) as operator:
        await open_routes(operator)
        operator.wait(5)
        desk.look.tables["docs"] = replace(listing(), digest="sha256:other")
        operator.app.screen.read()  # type: ignore[attr-defined]
        await operator.until(lambda: operator.app.screen.grants.listing.digest == "sha256:other")  # type: ignore[attr-defined]
        await operator.pilot.pause()
        await operator.pilot.press("u")
        await operator.settle(0.2)
        assert operator.called("revoke") == []


async def test_u_among_other_keys_is_typing_and_takes_nothing_back(sit: Sit) -> None:
    async with sit() as operator:
        await open_routes(operator)
        operator.wait(5)
        await operator.type("o", "u", "r")
        assert operator.desk.deeds == []


async def test_a_table_that_cannot_be_read_says_why_and_then_that_nothing_is_known(sit: Sit) -> None:
    desk = Desk()
    desk.look.failing = SidecarUnreachable("egress of docs is down")
    async with sit(desk) as operator:
        await operator.press("3")
        await operator.until(lambda: "egress of docs is down" in operator.text("#routes"))
        await operator.press("u")
        assert operator.desk.deeds == []


async def test_what_was_read_long_ago_is_grey(sit: Sit) -> None:
    desk = Desk()
    async with sit(desk) as operator:
        await open_routes(operator)
        desk.clock = lambda: NOON + timedelta(seconds=30)
        await operator.until(lambda: "? not known for" in operator.text("#routes-head"))


async def test_enter_tells_who_asked_who_approved_why_and_the_traffic(sit: Sit) -> None:
    async with sit(size=(100, 40)) as operator:
        await open_routes(operator)
        await operator.press("j")
        await operator.press("enter")
        await operator.until(lambda: "release notes" in operator.text("#page"))
        text = operator.text("#page")
        for words in ("with changes", "mira", "claude", "6 requests", "GET api.example.com/repos/acme/"):
            assert words in text
        await operator.press("escape")
        assert "3 Routes" in operator.text("#tabs")


async def test_b_shows_the_next_bottles_routes(sit: Sit) -> None:
    desk = Desk()
    desk.look.tables["lab"] = replace(listing("lab"), items=())
    async with sit(desk) as operator:
        await open_routes(operator)
        await operator.press("b")
        await operator.until(lambda: "everything is denied" in operator.text("#routes"))
        assert "lab" in operator.text("#routes-head")


async def test_read_only_takes_nothing_back(sit: Sit) -> None:
    async with sit(read_only=True) as operator:
        await open_routes(operator)
        await operator.press("u")
        assert operator.desk.deeds == []
        assert "read-only" in operator.text("#footer")


async def test_a_hanging_engine_leaves_the_keys_alive(sit: Sit) -> None:
    from threading import Event

    desk = Desk()
    desk.look.hold = Event()
    async with sit(desk) as operator:
        await operator.press("3")
        await operator.press("b")
        assert "lab" in operator.text("#routes-head") and "asking" in operator.text("#routes-head")
        desk.look.hold.set()
        await operator.until(lambda: "api.example.com" in operator.text("#routes"))
