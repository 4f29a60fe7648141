"""Calling, muting, being away: it asks for attention rarely, and never takes a sign of life for a decision."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event

import pytest
from textual import events

from bottle_tui.core.absence import Absence, Happened
from bottle_tui.core.settings import Notify, Settings
from bottle_tui.errors import LedgerBroken, UsageError
from bottle_tui.tui import messages as m
from bottle_tui.tui.dialogs.away import Away
from bottle_tui.tui.screens.inbox import InboxView
from tests.tui.conftest import Operator, Sit
from tests.tui.denials import groups
from tests.tui.samples import NOON, Desk, card, lab_cards, secret_card

LIKES = Settings(notify=Notify(command=("tell-me", "now")))


@dataclass
class Terminal:
    """What was written to it, and a clock for the notices."""

    operator: Operator
    said: list[str] = field(default_factory=list)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.operator.app.conduct.calling.say = self.said.append
        self.operator.app.conduct.calling.clock = lambda: self.at

    def blur(self) -> None:
        self.operator.app.post_message(events.AppBlur())

    @property
    def bells(self) -> int:
        return self.said.count("\x07")

    async def arrives(self, *more: object) -> None:
        desk = self.operator.desk
        desk.waiting = [*desk.waiting, *more]  # type: ignore[list-item]
        await self.operator.until(lambda: len(self.operator.app.board.waiting) == len(desk.waiting))


async def test_with_the_focus_nothing_rings_and_the_title_counts(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        terminal = Terminal(operator)
        operator.app.post_message(events.AppFocus())
        await terminal.arrives(*lab_cards()[:2])
        assert terminal.bells == 0
        assert terminal.said == ["\x1b]2;(3) bottle-tui\x1b\\"]


async def test_without_the_focus_it_calls_once_in_half_a_minute_by_bell_osc_and_command(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()]), likes=LIKES) as operator:
        terminal = Terminal(operator)
        terminal.blur()
        await terminal.arrives(secret_card())
        await operator.until(lambda: operator.desk.denials.called)
        assert terminal.bells == 1
        assert any("\x1b]9;2 waiting: research api.example.com, docs api.example.net" in said for said in terminal.said)
        await terminal.arrives(lab_cards()[0])
        assert terminal.bells == 1
        terminal.at += 30
        operator.app.post_message(m.TimePassed())
        await operator.until(lambda: len(operator.desk.denials.called) == 2)
        assert terminal.bells == 2
        called = operator.desk.denials.called[1]
        assert called["argv"] == ["tell-me", "now"] and called["waiting"] == 3 and called["danger"] is True
        for one in operator.desk.waiting:
            assert one.words.splitlines()[0] not in str(called)


async def test_a_failing_command_is_said_once(sit: Sit) -> None:
    async with sit(Desk(waiting=[]), likes=LIKES) as operator:
        operator.desk.denials.failing = UsageError("notify.command (tell-me) ended with 1")
        terminal = Terminal(operator)
        terminal.blur()
        await terminal.arrives(card())
        await operator.until(lambda: operator.app.board.last and "ended with 1" in operator.app.board.last.text)
        terminal.at += 30
        await terminal.arrives(secret_card())
        await operator.until(lambda: len(operator.desk.denials.called) == 2)
        for _ in range(3):
            await operator.pilot.pause()
        assert len([result for result in operator.app.board.results if "ended with 1" in result.text]) == 1


async def test_bell_and_osc_can_be_switched_off(sit: Sit) -> None:
    async with sit(Desk(waiting=[]), likes=Settings(notify=Notify(bell=False, osc=False))) as operator:
        terminal = Terminal(operator)
        terminal.blur()
        await terminal.arrives(card())
        assert terminal.said == ["\x1b]2;(1) bottle-tui\x1b\\"]


async def test_M_mutes_a_bottle_for_a_quarter_of_an_hour_and_again_lets_it_call(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        await operator.press("M")
        await operator.until(lambda: "research" in operator.app.board.standing.muted)
        assert operator.called("mute") == [("mute", "research", str(NOON + timedelta(minutes=15)))]
        assert "muted 15 min" in operator.text("#inbox")
        terminal = Terminal(operator)
        terminal.blur()
        await terminal.arrives(replace(card(), id="01JB2Q8F6V3N9D0RX5TK7Q2MD9", host="b.example.com"))
        assert terminal.bells == 0
        await operator.press("M")
        await operator.until(lambda: "research" not in operator.app.board.standing.muted)
        assert operator.called("mute")[1] == ("mute", "research", "None")


async def test_M_does_nothing_where_nothing_is_decided(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()]), read_only=True) as operator:
        await operator.press("M")
        assert not operator.called("mute")


def at(operator: Operator, minutes: float) -> datetime:
    now = NOON + timedelta(minutes=minutes)
    operator.desk.clock = lambda: now
    return now


@pytest.mark.parametrize("key", ["a", "r", "X", "y", "enter", "q"])
async def test_the_first_key_after_ten_minutes_decides_nothing_and_opens_a_summary(sit: Sit, key: str) -> None:
    desk = Desk(waiting=[card()])
    desk.denials.groups = groups()
    desk.denials.absence = Absence(
        NOON,
        (Happened(NOON + timedelta(minutes=3), "lab", "www.example.org ended by op"),),
        (Happened(NOON + timedelta(minutes=2), "docs", "api.example.net approved by kim"),),
        12_000,
        3_400_000,
        412,
    )
    async with sit(desk, size=(80, 40)) as operator:
        await operator.until(lambda: operator.app.board.standing.at)
        desk.denials.groups = [replace(each, last=NOON + timedelta(minutes=11)) for each in groups()]
        operator.app.conduct.attending.changed()
        operator.app.conduct.attending.tick()
        await operator.until(lambda: operator.app.board.standing.groups[0].last > NOON)
        at(operator, 11)
        await operator.press(key)
        assert isinstance(operator.app.screen, Away)
        await operator.until(lambda: "412 requests" in operator.text("#page"))
        page = operator.text("#page")
        assert "You were away for 11 min" in page
        assert "api.example.com" in page and "www.example.org ended by op" in page
        assert "9× GET     files.example.net" in page and "12.0 kB up, 3.4 MB down" in page
        assert operator.desk.deeds == []
        await operator.press(key)
        assert isinstance(operator.app.screen, InboxView)
        assert operator.desk.deeds == []


@pytest.mark.parametrize("failed", [False, True])
async def test_the_summary_of_another_absence_shows_nothing_of_the_last_one_while_it_is_counted(
    sit: Sit, failed: bool
) -> None:
    def first(left: datetime) -> Absence:
        if failed:
            raise LedgerBroken("the ledger cannot be read")
        return Absence(left, requests=412)

    going_on = Event()

    def second(left: datetime) -> Absence:
        assert going_on.wait(30)
        return Absence(left, requests=7)

    desk, counts = Desk(waiting=[card()]), iter((first, second))
    desk.denials.count = lambda left: next(counts)(left)
    said = "the ledger cannot be read" if failed else "412 requests"
    async with sit(desk, size=(80, 40)) as operator:
        at(operator, 11)
        await operator.press("j")
        await operator.until(lambda: said in operator.text("#page"))
        await operator.press("enter")
        at(operator, 30)
        await operator.press("j")
        assert isinstance(operator.app.screen, Away)
        page = operator.text("#page")
        assert said not in page and "counting what flowed…" in page
        assert "ran out" not in page and "decided ─" not in page
        going_on.set()
        await operator.until(lambda: "7 requests" in operator.text("#page"))


async def busy_absence(operator: Operator) -> str:
    """The summary of a long absence in which much has happened."""
    desk = operator.desk
    ago = NOON + timedelta(minutes=3)
    desk.denials.groups = [replace(groups()[0], host=f"d{n}.example.net", last=ago) for n in range(7)]
    desk.denials.absence = Absence(
        NOON,
        tuple(Happened(ago, "lab", f"e{n}.example.org ended") for n in range(3)),
        tuple(Happened(ago, "docs", f"y{n}.example.net approved by kim") for n in range(9)),
        12_000,
        3_400_000,
        412,
        "lab: some of it was not counted",
        more_decided=60,
    )
    operator.app.conduct.attending.changed()
    operator.app.conduct.attending.tick()
    await operator.until(lambda: len(operator.app.board.standing.groups) == 7)
    at(operator, 11)
    await operator.press("j")
    await operator.until(lambda: operator.app.board.standing.absence)
    await operator.pilot.pause()
    return operator.text("#page")


def busy_desk() -> Desk:
    return Desk(
        waiting=[replace(card(), id=f"01JB2Q9A0GJ4B8PVLABF1LES{n:02d}", host=f"m{n}.example.net") for n in range(7)]
    )


@pytest.mark.parametrize("size", [(80, 24), (60, 24)])
async def test_of_a_busy_absence_every_section_keeps_its_count_and_a_fair_share(
    sit: Sit, size: tuple[int, int]
) -> None:
    async with sit(busy_desk(), size=size) as operator:
        page = await busy_absence(operator)
        rules = [line for line in page.splitlines() if line.startswith("─")]
        for heading, count in (("waiting", "7"), ("denied, not asked", "7"), ("ran out", "3"), ("decided", "69")):
            (found,) = [line for line in rules if f" {heading} " in line]
            assert found.rstrip("─ ").endswith(f" {count}")
        assert "412 requests let through: 12.0 kB up, 3.4 MB down" in page and "not counted" in page
        for first in ("m0.example.net", "d0.example.net", "e0.example.org", "y0.example.net"):
            assert first in page
        assert "e2.example.org" in page and "and 5 more" in page and "and 68 more" in page
        assert "to the inbox" in page.splitlines()[-1]


async def test_of_a_busy_absence_a_high_screen_shows_more(sit: Sit) -> None:
    async with sit(busy_desk(), size=(80, 40)) as operator:
        page = await busy_absence(operator)
        assert "m6.example.net" in page and "d6.example.net" in page and "and 63 more" in page


async def test_the_key_that_closes_the_summary_and_the_next_one_at_once_decide_nothing(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        operator.app.post_message(m.TimePassed())
        await operator.until(lambda: operator.app.board.bottles_at)
        at(operator, 11)
        operator.app.post_message(m.TimePassed())  # the jump is seen now, and not while the keys are typed
        await operator.until(lambda: operator.app.board.epoch and not operator.app.board.asleep)
        await operator.press("a")
        assert isinstance(operator.app.screen, Away)
        await operator.type("a", "a", gap=0.2)
        await operator.settle(1.0)
        assert operator.desk.deeds == []
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))


async def test_the_agent_of_a_bottle_that_begins_to_run_is_told_at_once(sit: Sit) -> None:
    desk = Desk(waiting=[card()])
    desk.running, late = desk.running[:2], desk.running[2]
    async with sit(desk) as operator:
        await operator.until(lambda: operator.called("watched"))
        desk.running = [*desk.running, late]
        operator.app.conduct.reader.read("bottles")
        await operator.until(lambda: len(operator.app.board.running) == 3)
        await operator.until(lambda: len(operator.called("watched")) == 2)


async def test_the_agents_are_told_that_somebody_watches_only_while_somebody_does(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        await operator.until(lambda: operator.called("watched"))
        at(operator, 0.9)
        operator.app.post_message(m.TimePassed())
        await operator.pilot.pause()
        assert len(operator.called("watched")) == 1
        at(operator, 2)
        operator.app.post_message(m.TimePassed())
        await operator.until(lambda: len(operator.called("watched")) == 2)
        at(operator, 5)
        operator.app.post_message(m.TimePassed())
        await operator.pilot.pause()
        assert len(operator.called("watched")) == 2
        await operator.press("j")
        operator.app.post_message(m.TimePassed())
        await operator.until(lambda: len(operator.called("watched")) == 3)


async def test_the_agents_are_not_told_of_somebody_who_cannot_decide(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()]), read_only=True) as operator:
        await operator.press("j")
        operator.app.post_message(m.TimePassed())
        await operator.pilot.pause()
        assert not [worker for worker in operator.app.workers if worker.group == "watched"]
        assert operator.called("watched") == []
