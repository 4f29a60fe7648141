"""Deciding in the inbox, as an operator would."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from bottle_tui.core.arming import Refusal
from bottle_tui.core.edits import Edit
from bottle_tui.core.views import Fact, Outcome
from bottle_tui.errors import EngineUnavailable, NotApplied
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.dialogs.reason import READY, Reason
from bottle_tui.tui.sentry import SLOTS
from tests.tui.conftest import Sit
from tests.tui.samples import NOON, Desk, card, lab_cards, secret_card


def one() -> Desk:
    return Desk(waiting=[card()])


async def test_a_approves_what_is_on_screen_and_says_that_it_is_in_force(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last.kind == "ok")
        assert operator.called("approve") == [("approve", card().id, "sha256:5a1e", "False")]
        assert "api.example.com for research: in force, proven" in operator.text("#result")
        assert "u undo" in operator.text("#result")
        assert "Nothing waits for you" in operator.text("#card")


async def test_after_a_decision_the_next_oldest_opens(sit: Sit) -> None:
    files, large, _ = lab_cards()
    async with sit(Desk(waiting=[card(), large, files])) as operator:
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        assert operator.app.board.open_card.id == files.id


async def test_a_failed_apply_stays_in_the_inbox_and_says_what_is_not(sit: Sit) -> None:
    desk = one()
    async with sit(desk) as operator:
        desk.failing = NotApplied("pipelock did not load the list; the gate still has what it had")
        await operator.press("a")
        desk.failing = None
        desk.waiting = [replace(card(), status="failed")]
        await operator.until(lambda: operator.app.board.last.kind == "bad")
        await operator.until(lambda: operator.app.board.open_card.status == "failed")
        assert "the gate still has what it had" in operator.text("#result")
        assert "approved, not in force" in operator.text("#card")
        await operator.press("a")
        await operator.until(lambda: len(operator.called("approve")) == 2)


async def test_while_it_is_applied_a_does_nothing_more(sit: Sit) -> None:
    desk = one()
    desk.hold = Event()
    async with sit(desk) as operator:
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        await operator.press("a")
        assert len(operator.called("approve")) == 1
        assert "a: applying…" in operator.text("#footer")
        desk.hold.set()
        await operator.until(lambda: operator.app.board.last.kind == "ok")


async def test_a_danger_shows_its_sentence_and_wants_a_y(sit: Sit) -> None:
    async with sit(Desk(waiting=[secret_card()])) as operator:
        await operator.press("a")
        assert isinstance(operator.app.screen, Confirm)
        assert "PAY_KEY will be sent to api.example.net" in operator.text("#said")
        assert not operator.called("approve")
        await operator.press("y")
        await operator.until(lambda: operator.called("approve"))
        assert operator.called("approve")[0][3] == "True"


@pytest.mark.parametrize("key", ["escape", "n", "enter", "a", "x"])
async def test_any_other_key_than_y_leaves_a_danger_alone(sit: Sit, key: str) -> None:
    async with sit(Desk(waiting=[secret_card()])) as operator:
        await operator.press("a")
        await operator.press(key)
        assert not isinstance(operator.app.screen, Confirm)
        assert not operator.called("approve")


async def test_a_y_too_early_on_a_danger_does_nothing(sit: Sit) -> None:
    async with sit(Desk(waiting=[secret_card()])) as operator:
        await operator.press("a")
        await operator.pilot.pause()
        await operator.hurry("y", after=0.35)
        assert not operator.called("approve")
        assert "y:" in operator.text("#said")


async def test_a_change_that_arrives_while_the_y_is_awaited_approves_nothing(sit: Sit) -> None:
    desk = Desk(waiting=[secret_card()])
    async with sit(desk) as operator:
        await operator.press("a")
        changed = secret_card()
        desk.waiting = [replace(changed, change=replace(changed.change, digest="sha256:other"))]
        await operator.until(lambda: operator.app.board.open_card.change.digest == "sha256:other")
        await operator.press("y")
        await operator.press("y")
        assert not operator.called("approve")


async def test_r_takes_a_reason_and_enter_sends_it(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("r")
        assert isinstance(operator.app.screen, Reason)
        operator.wait(0.5)
        await operator.type("u", "s", "e", "space", "i", "t", "enter")
        await operator.until(lambda: operator.called("reject"))
        assert operator.called("reject") == [("reject", card().id, "use it")]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_a_digit_fills_in_a_ready_reason(sit: Sit, number: int) -> None:
    async with sit(one()) as operator:
        await operator.press("r")
        operator.wait(0.5)
        await operator.type(str(number), "enter")
        await operator.until(lambda: operator.called("reject"))
        assert operator.called("reject")[0][2] == READY[number - 1]


async def test_escape_leaves_the_reason_line_and_an_empty_one_sends_nothing(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("r")
        await operator.press("enter")
        assert isinstance(operator.app.screen, Reason)
        await operator.press("escape")
        assert not isinstance(operator.app.screen, Reason)
        assert not operator.called("reject")


async def test_letters_right_behind_the_r_close_the_reason_line(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("r")
        await operator.type("u", "n", "space", "t", "h", "e", "enter")
        assert not isinstance(operator.app.screen, Reason)
        assert not operator.called("reject")


async def test_u_takes_back_the_approval_of_the_result_line(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last.undo)
        await operator.press("u")
        await operator.until(lambda: operator.called("undo"))
        await operator.until(lambda: "taken back" in operator.text("#result"))
        assert operator.called("undo") == [("undo", card().id)]


async def test_o_reopens_the_rejection_of_the_result_line(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("r")
        operator.wait(0.5)
        await operator.type("1", "enter")
        await operator.until(lambda: operator.app.board.last and operator.app.board.last.reopen)
        await operator.press("u")
        assert not operator.called("undo")
        await operator.press("o")
        await operator.until(lambda: operator.called("reopen"))


async def test_X_quarantines_the_bottle_of_the_open_card(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("X")
        await operator.until(lambda: operator.called("quarantine"))
        await operator.until(lambda: "nothing gets out" in operator.text("#result"))
        assert operator.called("quarantine") == [("quarantine", "research")]


async def test_prose_typed_into_the_wrong_split_decides_nothing(sit: Sit) -> None:
    async with sit() as operator:
        prose = "please rerun all tests and fix a failure or two, you may undo X again"
        await operator.type(*("space" if letter == " " else letter for letter in prose if letter != ","), gap=0.09)
        assert operator.desk.deeds == []


async def test_a_pasted_a_decides_nothing(sit: Sit) -> None:
    from textual import events

    async with sit(one()) as operator:
        operator.wait(1.0)
        operator.app.post_message(events.Paste("a"))
        await operator.pilot.pause()
        await operator.type("a", gap=0.1)
        operator.wait(1.0)
        operator.app.sentry.tick()
        assert not operator.called("approve")


async def test_the_first_key_after_the_focus_comes_back_decides_nothing(sit: Sit) -> None:
    from textual import events

    async with sit(one()) as operator:
        operator.wait(5.0)
        operator.app.post_message(events.AppBlur())
        operator.app.post_message(events.AppFocus())
        await operator.pilot.pause()
        await operator.type("a", gap=0.2)
        await operator.settle(1.0)
        assert not operator.called("approve")
        assert "focus" in operator.text("#footer")


async def test_a_card_that_has_just_appeared_is_not_decided_on(sit: Sit) -> None:
    desk = Desk(waiting=[])
    async with sit(desk) as operator:
        operator.wait(5.0)
        desk.waiting = [card()]
        await operator.until(lambda: operator.app.board.open_card)
        await operator.type("a", gap=0.1)
        operator.wait(1.0)
        operator.app.sentry.tick()
        assert not operator.called("approve")
        assert "just appeared" in operator.text("#footer")


@pytest.mark.parametrize("key", ["a", "r", "X"])
async def test_on_a_card_that_the_guard_has_not_heard_of_yet_a_key_is_too_early_not_about_nothing(
    sit: Sit, key: str
) -> None:
    async with sit(one()) as operator:
        view, sentry = operator.app.screen, operator.app.sentry
        sentry.show(SLOTS[key], None)  # as on a busy machine: it is drawn, and the guard hears of it later
        view.refused(key, sentry.guard.refusal(key, sentry.now()))
        assert view.notice == f"{key}: {Refusal.TOO_NEW.value}"


async def test_with_nothing_on_screen_a_key_is_about_nothing(sit: Sit) -> None:
    async with sit(Desk(waiting=[])) as operator:
        await operator.press("a")
        assert "nothing waits" in operator.text("#footer")


async def test_a_y_before_the_question_was_painted_is_too_early_not_about_nothing(sit: Sit) -> None:
    async with sit(Desk(waiting=[secret_card()])) as operator:
        await operator.press("a")
        sentry, dialog = operator.app.sentry, operator.app.screen
        sentry.show("confirm", None)
        dialog.refused("y", sentry.guard.refusal("y", sentry.now()))
        assert Refusal.TOO_NEW.value in operator.text("#said")


async def test_arrivals_do_not_move_the_row_under_the_cursor(sit: Sit) -> None:
    desk = Desk(waiting=[card(), *lab_cards()])
    async with sit(desk) as operator:
        await operator.press("j")
        before = operator.text("#inbox").splitlines()
        older = card("01JA0000000000000000000000", "docs", age=9000)
        desk.waiting = [older, *desk.waiting]
        await operator.until(lambda: len(operator.app.board.cards) == 5)
        assert operator.text("#inbox").splitlines()[:2] == before[:2]
        assert operator.app.board.open_card.host == "files.example.net"


async def test_a_card_that_another_operator_decided_says_so_and_takes_no_key(sit: Sit) -> None:
    desk = one()
    async with sit(desk) as operator:
        decided = card(status="approved", decided_by="kim", decided_at=NOON - timedelta(seconds=3))
        desk.decided = {card().id: decided}
        desk.waiting = []
        await operator.until(lambda: "approved by kim, 3 s ago" in operator.text("#card"))
        await operator.press("a")
        assert not operator.called("approve")


async def test_a_rebuild_cannot_be_approved_in_this_version(sit: Sit) -> None:
    async with sit(Desk(waiting=[lab_cards()[2]])) as operator:
        await operator.press("a")
        assert "this version cannot rebuild yet" in operator.text("#footer")
        assert not operator.called("approve")
        await operator.press("r")
        assert isinstance(operator.app.screen, Reason)


async def test_a_change_that_cannot_be_computed_cannot_be_approved(sit: Sit) -> None:
    async with sit(Desk(waiting=[card(change=None, problem="the live table does not parse")])) as operator:
        await operator.press("a")
        assert "a: the live table does not parse" in operator.text("#footer")
        assert not operator.called("approve")


async def test_in_the_whole_card_a_risk_is_seen_only_once_it_is_drawn(sit: Sit) -> None:
    words = (
        "methods POST PUT PATCH DELETE too, also on api.example.com"  # folded so that its last line is the host alone
    )
    many = tuple(replace(card().risks[0], text=f"{number}: {words}") for number in range(12))
    async with sit(Desk(waiting=[card(risks=many)]), size=(60, 24)) as operator:
        await operator.press("enter")
        shown = operator.text("#card")
        drawn = {number for number in range(12) if f"{number}: methods" in shown}
        assert 0 in drawn and 11 not in drawn
        assert {part.risk for part in operator.app.screen.pane.seen} <= drawn
        await operator.press("a")
        assert not operator.called("approve")


async def test_risks_that_do_not_fit_hold_the_approval_back_until_they_were_scrolled_to(sit: Sit) -> None:
    many = tuple(replace(card().risks[0], text=f"risk number {number}") for number in range(12))
    async with sit(Desk(waiting=[card(risks=many)])) as operator:
        await operator.press("a")
        assert "scroll to every risk" in operator.text("#footer")
        await operator.press("tab")
        for _ in range(12):
            await operator.type("j", gap=1.0)
        assert "risk number 11" in operator.text("#card")
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))


async def test_a_card_that_opens_zoomed_below_its_facts_has_not_shown_its_risks(sit: Sit) -> None:
    host = "a-rather-long-name." * 3 + "example.com"
    paths = " ".join(f"/repos/acme/widgets/{number}/ {host}" for number in range(12))
    long = card(
        lab_cards()[0].id, "lab", age=3, host=host, risks=(replace(card().risks[0], text=f"every method on {host}"),),
        facts=(Fact("host", host, "new here"), Fact("path", paths)),
    )  # fmt: skip
    async with sit(Desk(waiting=[card(), long])) as operator:
        await operator.press("enter")
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        await operator.until(lambda: operator.app.board.open_card.id == long.id)
        assert "every method" not in operator.text("#card")
        await operator.press("a")
        assert "scroll to every risk" in operator.text("#footer")
        for _ in range(30):
            if "every method" in operator.text("#card"):
                break
            await operator.type("j", gap=1.0)
        await operator.type("j", "j", gap=1.0)
        await operator.press("a")
        await operator.until(lambda: len(operator.called("approve")) == 2)


@pytest.mark.parametrize("key", ["a", "r", "u", "X", "o"])
async def test_read_only_decides_nothing(sit: Sit, key: str) -> None:
    async with sit(read_only=True) as operator:
        await operator.press(key)
        assert operator.desk.deeds == []
        assert "READ-ONLY" in operator.text("#title")
        assert "read-only" in operator.text("#footer")


async def test_no_click_anywhere_decides(sit: Sit) -> None:
    async with sit() as operator:
        operator.wait(5.0)
        for y in (0, 1, 2, 8, 15, 21, 22, 23):
            for x in (2, 12, 30):
                await operator.pilot.click(offset=(x, y))
        await operator.settle(5.0)
        assert operator.desk.deeds == []


async def test_b_shows_one_bottle_alone_and_all_again(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("b")
        await operator.until(lambda: operator.app.board.only == "docs")
        assert {card.slug for card in operator.app.board.cards.values()} == {"docs"}
        await operator.press("b")
        await operator.until(lambda: len(operator.app.board.cards) == 5)


async def test_the_whole_card_the_diff_and_the_words_can_be_read(sit: Sit) -> None:
    async with sit(one()) as operator:
        await operator.press("enter")
        assert "GET /repos/acme/widgets/pulls" in operator.text("#card") or "more lines" in operator.text("#card")
        await operator.press("escape")
        await operator.press("d")
        assert "path_allowlist:" in operator.text("#page")
        await operator.press("escape")
        await operator.press("v")
        assert "GET /repos/acme/widgets/pulls" in operator.text("#page")
        await operator.press("escape")
        await operator.press("c")
        assert "api.example.com" in operator.app.clipboard


async def test_an_engine_that_does_not_answer_is_said_and_grey(sit: Sit) -> None:
    desk = Desk()
    async with sit(desk) as operator:
        desk.clock = lambda: NOON + timedelta(seconds=30)
        desk.failing = EngineUnavailable("no engine answers")
        await operator.until(lambda: "no engine answers" in operator.text("#tabs"))
        await operator.until(lambda: "not known for 32 s" in operator.text("#title"))


async def test_an_error_that_nobody_foresaw_becomes_a_line_not_a_crash(sit: Sit) -> None:
    desk = one()
    async with sit(desk) as operator:
        desk.failing = ZeroDivisionError("a bug")
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last and operator.app.board.last.kind == "bad")
        assert "ZeroDivisionError: a bug" in operator.text("#result")


async def test_a_decision_is_not_cut_short_by_leaving(sit: Sit) -> None:
    desk = one()
    desk.hold = Event()
    ended = Event()
    approve = desk.approve

    def approving(id: str, digest: str, acknowledged: bool, edit: Edit) -> Outcome:
        outcome = approve(id, digest, acknowledged, edit)
        ended.set()
        return outcome

    desk.approve = approving  # type: ignore[method-assign]
    async with sit(desk) as operator:
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        await operator.press("q")
        desk.hold.set()
    assert ended.wait(30)
