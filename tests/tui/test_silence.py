"""An engine that does not answer is on screen, and what was heard before is not told as a fact for ever."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bottle_tui.adapters.home import DiskHome
from bottle_tui.core.views import BottleStatus
from bottle_tui.errors import EngineUnavailable
from bottle_tui.tui import messages as m
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.reducing import reduced
from bottle_tui.tui.presentation import chrome
from bottle_tui.tui.presentation.empty_inbox import empty_rows
from bottle_tui.tui.wiring.wired import wired
from tests.services.conftest import Bottle, bottle, make
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import NOON, Desk, card

__all__ = ["bottle", "make"]

LINE = "no engine answers at unix:///run/docker.sock; start Docker"


def after(seconds: float, board: Board, *heard: m.Heard) -> Board:
    at = NOON + timedelta(seconds=seconds)
    for each in heard or (m.TimePassed(),):
        board = reduced(board, each, at)
    return board


def listing(*bottles: BottleStatus, seconds: float = 0) -> m.BottlesLoaded:
    return m.BottlesLoaded(bottles, "docker here", NOON + timedelta(seconds=seconds))


def silent(bottle: BottleStatus, seconds: float = 0) -> BottleStatus:
    asked = NOON + timedelta(seconds=seconds)
    return replace(bottle, state="unknown", sidecars={}, note=LINE, as_of=asked)


def cards(seconds: float = 0, *waiting: object) -> m.CardsLoaded:
    return m.CardsLoaded(waiting, NOON + timedelta(seconds=seconds))  # type: ignore[arg-type]


def title(board: Board, width: int = 80) -> str:
    return "".join(span.text for span in chrome.title_row(board, "inbox", width))


def inbox(board: Board) -> str:
    return "\n".join("".join(span.text for span in row) for row in empty_rows(board, 80, 24))


def test_a_dead_engine_and_no_bottle_are_told_from_no_bottle_at_once() -> None:
    dead = after(3, after(0, Board(NOON), cards(), m.BottlesFailed(LINE, silent=True)))
    assert "? waiting" in title(dead) and "? bottles" in title(dead)
    assert "? engine silent, not known for 3 s" in title(dead)
    assert "The engine has not answered since 12:41, 3 s ago: what waits is not known." in inbox(dead)
    assert LINE in inbox(dead) and "Nothing waits" not in inbox(dead) and "No bottle yet" not in inbox(dead)


def test_an_engine_that_never_listed_what_waits_is_told_at_once_too() -> None:
    docs, _, _ = Desk().bottles()
    dead = after(3, after(0, Board(NOON), m.CardsFailed(LINE), listing(silent(docs))))
    assert "? engine silent, not known for 3 s" in title(dead) and "Asking" not in inbox(dead)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_title_says_it_in_every_width(width: int) -> None:
    dead = replace(after(32, Board(NOON), m.BottlesFailed(LINE, silent=True)), runtime="docker here", read_only=True)
    assert "engine silent" in title(dead, width)


def test_bottles_of_which_none_answers_leave_nothing_a_fact_after_the_usual_silence() -> None:
    docs, lab, _ = Desk().bottles()
    board = after(0, Board(NOON), cards(), listing(docs, lab))
    assert "0 waiting" in title(board) and "Nothing waits for you." in inbox(board)
    board = after(5, board, cards(5), listing(silent(docs, 5), silent(lab, 5), seconds=5))
    board = after(7, board, cards(7), listing(silent(docs, 7), silent(lab, 7), seconds=7))
    assert "0 waiting" in title(board) and "Nothing waits for you." in inbox(board)
    board = after(32, board, cards(32), listing(silent(docs, 32), silent(lab, 32), seconds=32))
    assert "? waiting · ? bottles · ? engine silent, not known for 34 s" in title(board)
    assert "The engine has not answered since 12:41, 34 s ago" in inbox(board) and "Nothing waits" not in inbox(board)
    board = after(34, board, cards(34), listing(replace(docs, as_of=NOON + timedelta(seconds=34)), seconds=34))
    assert "0 waiting · 1 bottle · in force ✓" in title(board) and "Nothing waits for you." in inbox(board)


def test_one_bottle_that_does_not_answer_beside_others_that_do_is_no_engine_that_is_silent() -> None:
    docs, lab, _ = Desk().bottles()
    lately = replace(docs, as_of=NOON + timedelta(seconds=32))
    board = after(0, Board(NOON), cards(), listing(docs, lab))
    board = after(32, board, cards(32), listing(lately, silent(lab, 32), seconds=32))
    assert "engine" not in title(board) and "lab: not known" in title(board)


def test_a_record_that_cannot_be_read_says_nothing_of_the_engine() -> None:
    docs, _, _ = Desk().bottles()
    damaged = replace(silent(docs), created=None)
    board = after(32, after(0, Board(NOON), cards(), listing(damaged)), cards(32), listing(damaged, seconds=32))
    assert board.silence is None


def test_listings_that_do_not_come_any_more_are_no_fact_either() -> None:
    docs, _, _ = Desk().bottles()
    board = after(15, after(0, Board(NOON), cards(), listing(docs)))
    assert "? waiting" in title(board)
    assert "What waits is not known: nothing was heard since 12:41, 15 s ago." in inbox(board)
    empty = after(15, after(0, Board(NOON), cards(), listing()))
    assert "? not known for 15 s" in title(empty) and "no bottle runs" not in title(empty)


def test_what_waited_when_it_fell_silent_is_still_counted_and_grey() -> None:
    docs, _, _ = Desk().bottles()
    board = after(15, after(0, Board(NOON), cards(0, card()), listing(docs)))
    waiting = chrome.title_row(board, "inbox", 80)[0]
    assert waiting.text == " 1 waiting 15 s ago" and waiting.style == "muted"


async def test_an_engine_that_is_dead_from_the_beginning_is_on_screen_and_goes_when_it_answers(
    bottle: Bottle, tmp_path: Path
) -> None:
    bottle.runtime.down = True
    world = replace(bottle.world, home=DiskHome(tmp_path / "empty"))
    app = BottleApp(wired(world))
    app.conduct.reader.pause = 0.1
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(app, pilot, Desk(), [0.0])
        await operator.until(lambda: "engine silent" in operator.text("#title"))
        assert "The engine has not answered since" in operator.screen_text()
        await pilot.press("2")
        await operator.until(lambda: "the fake engine is down" in operator.text("#bottles"))
        bottle.runtime.down = False
        app.conduct.reader.read("bottles")
        await operator.until(lambda: "no bottle runs" in operator.text("#title"))


async def test_an_engine_that_dies_is_on_screen(sit: Sit) -> None:
    desk = Desk(waiting=[])
    async with sit(desk) as operator:
        desk.failing = EngineUnavailable(LINE)
        desk.clock = lambda: NOON + timedelta(seconds=30)
        await operator.until(lambda: "? engine silent, not known for 32 s" in operator.text("#title"))
        assert "The engine has not answered since 12:41, 32 s ago" in operator.screen_text()
