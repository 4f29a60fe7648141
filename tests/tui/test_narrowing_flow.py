"""Narrowing the open card before it is approved: what is approved is what is shown, and it arms anew."""

import time
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.evidence import Elsewhere, Evidence, Prior
from bottle_tui.core.text import is_visible
from bottle_tui.core.views import Card
from bottle_tui.errors import Conflict
from bottle_tui.tui import messages as m
from bottle_tui.tui.dialogs.form import Form
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import NOON, Desk, card, lab_cards

FITTED = Edit(path_allowlist=("/repos/acme/api", "/repos/acme/widgets"), methods=("GET",))


def one() -> Desk:
    return Desk(waiting=[card()])


async def looked(operator: Operator) -> None:
    """The evidence beside the open card is there."""
    await operator.until(lambda: operator.app.board.open_card.id in operator.app.board.edits.evidence)
    await operator.pilot.pause()


async def shown(operator: Operator, edit: Edit) -> None:
    """The card with that edit is on screen."""
    id = operator.app.board.open_card.id
    await operator.until(lambda: operator.app.board.edits.of(id) == edit)
    await operator.until(lambda: not operator.app.board.edits.is_computing(id))
    await operator.pilot.pause()


def held_up(desk: Desk) -> Event:
    """No card is computed with an edit before this is set."""
    hold, plain = Event(), desk.card

    def slow(id: str, edit: Edit) -> Card:
        hold.wait(30)
        return plain(id, edit)

    desk.card = slow  # type: ignore[method-assign]
    return hold


async def test_what_was_said_of_one_key_goes_as_soon_as_another_one_acts(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        await operator.press("0")
        assert "0: " in operator.text("#footer")
        await operator.press("t")
        assert "approve" in operator.text("#footer") and "0: " not in operator.text("#footer")


async def test_a_replay_counts_since_a_time_on_the_same_clock_as_the_title(
    sit: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "NPT-5:45")
    time.tzset()
    async with sit(Desk(waiting=[card()])) as operator:
        await operator.until(lambda: "replay" in operator.text("#card"))
        assert "since 13:26" in operator.text("#card")
        assert "18:26" in operator.text("#title")
        await operator.press("enter")
        assert "since 13:26" in operator.text("#card")


async def test_a_fitted_card_is_shown_and_approved_as_it_is_shown(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        assert "seen 14× denied, last 0 s ago: widgets 9, api 5" in operator.text("#card")
        await operator.press("equals_sign")
        await shown(operator, FITTED)
        text = operator.text("#card")
        assert "every → GET" in text and "/repos/acme/ → /repos/acme/api /repos/acme/widgets" in text
        assert "methods: [GET]" in text and "every method, POST" not in text
        digest = operator.app.board.open_card.change.digest
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        assert operator.called("approve") == [("approve", card().id, digest, "False")]
        assert operator.desk.edits == {card().id: FITTED}


async def test_after_each_narrowing_key_what_a_is_about_counts_as_new(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        operator.wait(5.0)
        await operator.pilot.press("t")
        await shown(operator, Edit(lasts="once"))
        await operator.type("a", gap=0.35)
        await operator.settle(1.0)
        assert not operator.called("approve")
        assert "just appeared" in operator.text("#footer")
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        assert operator.desk.edits[card().id].lasts == "once"


async def test_while_an_edit_is_computed_nothing_can_be_approved(sit: Sit) -> None:
    desk = one()
    hold = held_up(desk)
    async with sit(desk) as operator:
        await looked(operator)
        await operator.press("m")
        await operator.until(lambda: "computing…" in operator.text("#card"))
        await operator.press("a")
        assert "a: computing…" in operator.text("#footer")
        hold.set()
        await operator.until(lambda: "computing…" not in operator.text("#card"))
        assert not operator.called("approve")


async def test_only_the_newest_edit_counts_however_late_older_answers_come(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        for _ in range(3):
            await operator.press("t")
        await shown(operator, Edit(lasts="1h"))
        assert "UNTIL   1 h" in operator.text("#card")


async def test_0_goes_back_to_what_was_asked(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        await operator.press("equals_sign")
        await shown(operator, FITTED)
        await operator.press("0")
        await shown(operator, AS_ASKED)
        assert "every →" not in operator.text("#card") and "/repos/acme/ →" not in operator.text("#card")
        await operator.press("0")
        assert "as it was asked" in operator.text("#footer")
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))
        assert operator.called("approve")[0][2] == "sha256:5a1e"


async def test_every_narrowing_key_does_its_step(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        for key, part in {
            "minus": Edit(path_allowlist=("/repos/acme/api", "/repos/acme/widgets")),
            "plus": Edit(),
            "m": Edit(methods=("GET",)),
            "w": Edit(methods=("GET",), host="*.example.com"),
            "s": Edit(methods=("GET",), host="*.example.com", scan="passthrough"),
        }.items():
            await operator.press(key)
            await shown(operator, part)
        assert "passthrough" in operator.text("#card")


async def test_an_edit_stays_with_its_card_and_goes_with_it(sit: Sit) -> None:
    files, _, _ = lab_cards()
    desk = Desk(waiting=[card(), files])
    async with sit(desk) as operator:
        await looked(operator)
        await operator.press("t")
        await shown(operator, Edit(lasts="once"))
        await operator.press("j")
        await operator.until(lambda: operator.app.board.open_card.id == files.id)
        assert "bottle stops" in operator.text("#card")
        await operator.press("k")
        await operator.until(lambda: "1 request" in operator.text("#card"))
        await operator.press("j")
        desk.waiting = [files]
        await operator.until(lambda: card().id not in operator.app.board.cards)
        assert not operator.app.board.edits.wanted


async def test_what_cannot_be_stepped_says_why_and_is_dim(sit: Sit) -> None:
    _, large, _ = lab_cards()
    async with sit(Desk(waiting=[large])) as operator:
        await operator.press("equals_sign")
        assert "=: only a route has paths and methods" in operator.text("#footer")
        await operator.press("w")
        assert "w: pipelock's list takes exact hosts only" in operator.text("#footer")
        assert not operator.app.board.edits.wanted


async def test_an_edit_that_the_services_refuse_is_said_and_cannot_be_approved(sit: Sit) -> None:
    desk = one()
    plain = desk.card

    def refusing(id: str, edit: Edit) -> Card:
        if edit.scan:
            raise Conflict("api.example.com is decided by *.example.com, which is scanned as a whole")
        return plain(id, edit)

    desk.card = refusing  # type: ignore[method-assign]
    async with sit(desk) as operator:
        await looked(operator)
        await operator.press("s")
        await operator.until(lambda: "scanned as a whole" in operator.text("#card"))
        await operator.press("a")
        assert "scanned as a whole" in operator.text("#footer")
        assert not operator.called("approve")


async def test_a_change_of_the_policy_meanwhile_is_computed_again(sit: Sit) -> None:
    desk = one()
    async with sit(desk) as operator:
        await looked(operator)
        await operator.press("t")
        await shown(operator, Edit(lasts="once"))
        before = operator.app.board.open_card.change.digest
        other = replace(card(), change=replace(card().change, digest="sha256:other"))
        desk.waiting = [other]
        await operator.until(lambda: operator.app.board.open_card.change.digest != before)
        assert operator.app.board.open_card.change.digest.startswith("sha256:other")


@pytest.mark.parametrize("key", ["equals_sign", "minus", "plus", "m", "w", "s", "t", "0", "e"])
async def test_read_only_changes_nothing(sit: Sit, key: str) -> None:
    async with sit(one(), read_only=True) as operator:
        await looked(operator)
        await operator.press(key)
        assert not operator.app.board.edits.wanted and not isinstance(operator.app.screen, Form)
        assert "read-only" in operator.text("#footer")
        assert operator.desk.settled == 0


async def test_the_form_is_prefilled_and_enter_applies_it(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        await operator.press("e")
        form = operator.app.screen
        assert isinstance(form, Form)
        lines = {line.id: line.value for line in form.query("Input")}
        assert lines["form-host"] == "api.example.com" and lines["form-paths"] == "/repos/acme/"
        operator.wait(0.5)
        await operator.type("tab", "tab", "g", "e", "t", "tab", "tab", "tab")
        await operator.type(*["backspace"] * 6, "9", "0", "m", "enter")
        await shown(operator, Edit(methods=("GET",), lasts="90m"))
        assert "UNTIL   90m" in operator.text("#card")
        assert operator.desk.deeds == []


async def test_an_error_in_the_form_names_its_field_and_keeps_the_lines(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        await operator.press("e")
        operator.wait(0.5)
        await operator.type("tab", "tab", "tab", "x", "enter")
        await operator.until(lambda: "ports: write numbers" in operator.text("#said"))
        assert operator.app.screen.focused.id == "form-ports"
        await operator.press("escape")
        assert not isinstance(operator.app.screen, Form)
        assert not operator.app.board.edits.wanted


async def test_letters_right_behind_the_e_close_the_form(sit: Sit) -> None:
    async with sit(one()) as operator:
        await looked(operator)
        await operator.press("e")
        await operator.type("x", "c", "e", "l", "enter")
        assert not isinstance(operator.app.screen, Form)
        assert not operator.app.board.edits.wanted and operator.desk.deeds == []


async def test_evidence_that_cannot_be_read_is_not_known_not_absent(sit: Sit) -> None:
    desk = one()

    def broken(id: str, edit: Edit, fresh: bool) -> Evidence:
        desk.looked.append((id, edit))
        raise Conflict("the log is gone")

    desk.beside = broken  # type: ignore[method-assign]
    async with sit(desk) as operator:
        await operator.until(lambda: "not known: the log is gone" in operator.text("#card"))
        assert "no such denial" not in operator.text("#card")
        await operator.press("equals_sign")
        assert "=: what was denied is not known: the log is gone" in operator.text("#footer")
        assert len(operator.desk.looked) < 3


async def test_while_evidence_is_read_the_column_says_so_and_keys_answer(sit: Sit) -> None:
    desk, hold = one(), Event()
    plain = desk.beside

    def slow(id: str, edit: Edit, fresh: bool) -> Evidence:
        hold.wait(30)
        return plain(id, edit, fresh)

    desk.beside = slow  # type: ignore[method-assign]
    async with sit(desk) as operator:
        assert "looking…" in operator.text("#card")
        await operator.press("t")
        await shown(operator, Edit(lasts="once"))
        hold.set()
        await operator.until(lambda: "seen 14× denied" in operator.text("#card"))
        await operator.until(lambda: "replay: admits 14 of 412" in operator.text("#card"))


async def test_an_approval_is_followed_until_the_retry_has_passed(sit: Sit) -> None:
    desk = one()
    async with sit(desk, size=(100, 24)) as operator:
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last.undo)
        done = card(status="approved", delivery="agent has read it", ends=NOON + timedelta(minutes=15))
        desk.decided = {card().id: done}
        await operator.until(lambda: "in force, proven · agent has read it" in operator.text("#result"))
        assert "15 min left" in operator.text("#result")
        desk.decided = {card().id: replace(done, delivery="retry passed (200)")}
        await operator.until(lambda: "retry passed (200)" in operator.text("#result"))


async def test_an_agent_that_does_not_listen_is_said_and_c_copies_a_line_for_it(sit: Sit) -> None:
    files, _, _ = lab_cards()
    desk = Desk(waiting=[card(), files])
    async with sit(desk, size=(120, 40)) as operator:
        desk.decided = {card().id: card(status="approved", in_force=True)}
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last.undo)
        await operator.press("c")
        assert "files.example.net" in operator.app.clipboard
        desk.clock = lambda: NOON + timedelta(seconds=31)
        await operator.until(lambda: "agent is not listening" in operator.text("#result"))
        await operator.press("c")
        assert operator.app.clipboard.startswith("The operator has approved: call proposal-status with id 01JB2Q8F")
        await operator.press("y")
        assert "files.example.net" in operator.app.clipboard


async def test_what_ended_by_itself_is_said_and_does_not_take_the_undo_away(sit: Sit) -> None:
    desk = one()
    async with sit(desk) as operator:
        await operator.until(lambda: desk.settled)
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last.undo)
        operator.app.post_message(m.Settled(("lab: a time limit has ended",)))
        await operator.until(lambda: len(operator.app.board.results) == 2)
        assert "u undo" in operator.text("#result")
        assert "a time limit has ended" in operator.text("#card")


async def test_evidence_is_read_anew_every_few_seconds_while_the_card_is_open(sit: Sit) -> None:
    desk = one()
    async with sit(desk) as operator:
        await looked(operator)
        before = len(desk.looked)
        desk.evidence[card().id] = replace(desk.evidence[card().id], denied=15)
        desk.clock = lambda: NOON + timedelta(seconds=6)
        await operator.until(lambda: "seen 15× denied" in operator.text("#card"))
        assert len(desk.looked) == before + 1


NASTY = "a\x1b]0;pwned\x07\u202eevil\u200b\r\n[@click=app.quit]x[/]"


async def test_whatever_an_agent_wrote_into_a_reason_why_not_is_made_visible(sit: Sit) -> None:
    desk = Desk(waiting=[card(change=None, problem=NASTY, host=NASTY)])
    async with sit(desk) as operator:
        await operator.press("a")
        assert "evil" in operator.text("#footer") and "\x1b" not in operator.text("#footer")
        for key in ("equals_sign", "w", "s", "m", "minus", "e", "escape"):
            await operator.press(key)
        operator.app.screen.ask("a")
        operator.app.screen.ask("r")
        await operator.pilot.pause()
        assert is_visible(operator.screen_text().replace("\n", ""))


async def test_hostile_evidence_and_args_are_drawn_as_data(sit: Sit) -> None:
    desk = Desk(waiting=[card(args={"host": NASTY, "path_allowlist": [NASTY], "methods": [NASTY]}, host=NASTY)])
    found = desk.evidence[card().id]
    (group,) = found.groups
    hostile = replace(group, host=NASTY, prefix=NASTY, method=NASTY, paths=((NASTY, 3),))
    prior = Prior("p", "rejected", NASTY, NOON, NASTY, NASTY, 2)
    elsewhere = Elsewhere(NASTY, NASTY, NOON, 1)
    desk.evidence[card().id] = replace(found, groups=(hostile,), prior=(prior,), elsewhere=(elsewhere,), host=NASTY)
    async with sit(desk, size=(100, 40)) as operator:
        await looked(operator)
        for key in ("plus", "m", "w", "t", "enter", "c", "escape", "e"):
            await operator.press(key)
            assert is_visible(operator.screen_text().replace("\n", ""))


async def test_a_mark_is_for_the_change_it_was_put_on_not_for_another_edit_of_it(sit: Sit) -> None:
    desk = Desk(waiting=[card(), lab_cards()[0]])
    hold = held_up(desk)
    async with sit(desk) as operator:
        await looked(operator)
        await operator.press("space")
        await operator.until(lambda: operator.app.board.marked)
        await operator.press("t")
        await operator.until(lambda: operator.app.board.edits.is_computing(card().id))
        assert not operator.app.board.marked
        hold.set()
        await shown(operator, Edit(lasts="once"))
        assert not operator.app.board.marked


async def test_what_was_seen_before_a_sleep_is_looked_for_again_before_it_is_said(sit: Sit) -> None:
    desk, hold = one(), Event()
    async with sit(desk) as operator:
        await looked(operator)
        plain = desk.beside

        def slow(id: str, edit: Edit, fresh: bool) -> Evidence:
            hold.wait(30)
            return plain(id, edit, fresh)

        desk.beside = slow  # type: ignore[method-assign]
        operator.app.conduct.asking.services = desk.services()
        desk.clock = lambda: NOON + timedelta(hours=3)
        await operator.until(lambda: "looking…" in operator.text("#card"))
        hold.set()
        await operator.until(lambda: "seen 14× denied" in operator.text("#card"))
