"""The history: decisions and traffic, and what of it can still be taken back."""

from dataclasses import replace
from threading import Event

from bottle_tui.errors import SidecarUnreachable
from tests.tui.conftest import Operator, Sit
from tests.tui.looking import ALWAYS, ASKED, REFUSED, deeds, traffic_rows
from tests.tui.samples import Desk


async def open_history(operator: Operator) -> None:
    await operator.press("5")
    await operator.until(lambda: "approved" in operator.text("#ledger") and "/v1/" in operator.text("#traffic"))


async def test_the_newest_decision_stands_first_with_who_and_how_it_ended(sit: Sit) -> None:
    async with sit(size=(120, 40)) as operator:
        await open_history(operator)
        lines = operator.text("#ledger").splitlines()
        assert "routes edit" in lines[0] and "2 streams cut" in lines[0] and "mira" in lines[0]
        assert "✗ not in force: pipelock is silent" in lines[2]
        assert "use the mirror" in operator.text("#ledger")


async def test_traffic_has_host_method_prefix_grant_counts_and_a_gap_is_written_as_a_gap(sit: Sit) -> None:
    async with sit(size=(200, 50)) as operator:
        await open_history(operator)
        text = operator.text("#traffic")
        for words in ("gap 10:00–10:14", "rotated", "412", "3.4 MB", "12.0 kB", "…7Q2MD0", "host_not_allowed", "12:39"):
            assert words in text
        assert "418 admitted, 104 denied" in operator.text("#traffic-head")


async def test_u_takes_back_an_approval_that_is_still_in_force(sit: Sit) -> None:
    async with sit() as operator:
        await open_history(operator)
        await operator.press("j")
        await operator.press("u")
        await operator.until(lambda: operator.called("undo"))
        assert operator.called("undo") == [("undo", ASKED)]


async def test_o_reopens_a_rejection_and_not_an_approval(sit: Sit) -> None:
    async with sit() as operator:
        await open_history(operator)
        await operator.press("j")
        await operator.press("o")
        assert operator.desk.deeds == []
        for _ in range(4):
            await operator.press("j")
        await operator.press("o")
        await operator.until(lambda: operator.called("reopen"))
        assert operator.called("reopen") == [("reopen", REFUSED)]


async def test_u_on_what_failed_or_is_over_does_nothing(sit: Sit) -> None:
    async with sit() as operator:
        await open_history(operator)
        for key in ("u", "j", "j", "u", "j", "u"):
            await operator.press(key)
        assert operator.desk.deeds == []


async def test_in_the_traffic_pane_nothing_is_taken_back(sit: Sit) -> None:
    async with sit() as operator:
        await open_history(operator)
        await operator.press("j")
        await operator.press("tab")
        await operator.press("u")
        assert operator.desk.deeds == []


async def test_a_new_record_never_moves_the_cursor_to_another_decision(sit: Sit) -> None:
    desk = Desk()
    desk.look.told = deeds()[1:]
    async with sit(desk) as operator:
        await open_history(operator)
        newer = replace(deeds()[1], n=99, what="newer.example.com", proposal=ALWAYS)
        desk.look.told = (newer, *deeds()[1:])
        operator.app.screen.read()  # type: ignore[attr-defined]
        await operator.until(lambda: "newer.exam" in operator.text("#ledger"))
        await operator.press("u")
        await operator.until(lambda: operator.called("undo"))
        assert operator.called("undo") == [("undo", ASKED)]


async def test_enter_shows_the_whole_record_and_what_it_changed(sit: Sit) -> None:
    async with sit(size=(120, 40)) as operator:
        await open_history(operator)
        await operator.press("j")
        await operator.press("enter")
        await operator.until(lambda: "record 10" in operator.text("#page"))
        text = operator.text("#page")
        assert "record 9" in text and "actor" in text and "+ - host: b.test" in text


async def test_enter_on_traffic_leads_to_the_grant_that_let_it_through(sit: Sit) -> None:
    async with sit(size=(120, 40)) as operator:
        await open_history(operator)
        for key in ("tab", "j", "enter"):
            await operator.press(key)
        await operator.until(lambda: "release notes" in operator.text("#page"))
        await operator.press("escape")
        for key in ("j", "enter"):
            await operator.press(key)
        await operator.until(lambda: "no route names files.example.net" in operator.text("#page"))


async def test_the_filter_leaves_hosts_with_these_words_in_both_panes(sit: Sit) -> None:
    async with sit() as operator:
        await open_history(operator)
        await operator.press("slash")
        await operator.type("f", "i", "l", "e", "s", "enter")
        assert "api.example.com" not in operator.text("#ledger") + operator.text("#traffic")
        assert "files" in operator.text("#traffic")
        await operator.press("escape")
        assert "/v1/" in operator.text("#traffic")


async def test_t_asks_for_another_length_of_time(sit: Sit) -> None:
    async with sit() as operator:
        await open_history(operator)
        await operator.press("t")
        await operator.until(lambda: operator.called("traffic")[-1][2] == "2026-03-04 12:26:07+00:00")
        await operator.until(lambda: "last 15 min" in operator.text("#traffic-head"))


async def test_what_cannot_be_counted_is_said_and_the_decisions_stay(sit: Sit) -> None:
    desk = Desk()
    async with sit(desk) as operator:
        await open_history(operator)
        desk.look.failing = SidecarUnreachable("the engine does not answer")
        operator.app.screen.read()  # type: ignore[attr-defined]
        await operator.until(lambda: "the engine does not answer" in operator.text("#traffic-head"))
        assert "approved" in operator.text("#ledger")


async def test_a_slow_engine_leaves_the_keys_alive(sit: Sit) -> None:
    desk = Desk()
    desk.look.hold = Event()
    async with sit(desk) as operator:
        await operator.press("5")
        await operator.press("b")
        assert "lab" in operator.text("#history-head")
        desk.look.hold.set()
        await operator.until(lambda: "approved" in operator.text("#ledger"))


async def test_ten_thousand_kinds_are_drawn_as_far_as_they_are_in_view(sit: Sit) -> None:
    desk = Desk()
    desk.look.rows = tuple(replace(traffic_rows()[0], host=f"h{number}.test") for number in range(10_000))
    async with sit(desk) as operator:
        await open_history(operator)
        for key in ("tab", "G"):
            await operator.press(key)
        assert "h9999.test" in operator.text("#traffic")


async def test_read_only_takes_nothing_back(sit: Sit) -> None:
    async with sit(read_only=True) as operator:
        await open_history(operator)
        for key in ("j", "u", "o"):
            await operator.press(key)
        assert operator.desk.deeds == []


async def test_a_bottle_that_is_down_still_has_its_history(sit: Sit) -> None:
    async with sit(Desk(running=[], waiting=[])) as operator:
        await open_history(operator)
        assert "docs" in operator.text("#history-head")
        await operator.press("X")
        assert operator.called("quarantine") == []
