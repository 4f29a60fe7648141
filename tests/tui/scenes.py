"""Screen states, each reached by real keys on the real app with made-up data: for snapshots and screenshots."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from textual.pilot import Pilot
from textual.widgets import Input

from bottle_tui.core.absence import Absence, Happened
from bottle_tui.core.views import LogLine
from bottle_tui.services.logs import parse
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.away import Away
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.dialogs.record import RecordPage
from bottle_tui.tui.screens.history import HistoryView
from bottle_tui.tui.screens.logs import LogsView
from bottle_tui.tui.screens.routes import RoutesView
from tests.tui.denials import endings, groups
from tests.tui.samples import NOON, Desk, bottles, lab_cards

SIZES = ((60, 24), (80, 24), (120, 40), (200, 50))


def gate_lines(count: int = 70) -> list[LogLine]:
    """A quarter of an hour of the gate's output."""
    lines = []
    for number in range(count):
        moment = f"2026-03-04T12:{25 + number // 5:02d}:{number % 5 * 12 + 3:02d}Z"
        said: dict[str, object] = {
            "event": "allowed", "time": moment, "method": "GET",
            "host": "docs.example.com", "path": f"/guide/chapter-{number % 9 + 1}", "grant": "m1",
        }  # fmt: skip
        if number % 5 == 2:
            said |= {"event": "denied", "host": "api.example.com", "path": "/repos/acme/widgets/issues"}
            said |= {"reason": "host_not_allowed", "grant": None}
        elif number % 11 == 7:
            said |= {"event": "finished", "status": 200}
        elif number == 61:
            said = {
                "event": "routes_loaded",
                "time": moment,
                "routes": 12,
                "generation": 8,
                "digest": "sha256:5a1e0c77d0",
            }
        lines.append(parse("docs", "egress", json.dumps(said)))
    return lines


def pipelock_lines() -> list[LogLine]:
    """What pipelock says meanwhile."""
    said = [
        {"event": "startup", "config_hash": "5a1e0c77d0b4" + "0" * 52, "time": "2026-03-04T12:24:58Z"},
        {"event": "config_reload", "status": "success", "config_hash": "77aa" * 16, "time": "2026-03-04T12:37:21Z"},
        {"event": "blocked", "scanner": "body_dlp", "method": "POST", "target": "api.example.com:443",
         "reason": "request body contains secret: GitHub Token", "time": "2026-03-04T12:38:02Z", "level": "warn"},
    ]  # fmt: skip
    return [parse("docs", "pipelock", json.dumps(line)) for line in said]


@dataclass
class Stage:
    """The app and the guard's clock."""

    app: BottleApp
    clock: list[float]

    async def press(self, pilot: Pilot[int], key: str) -> None:
        """One key, standing alone, and everything it sets off."""
        await settle(pilot)
        self.clock[0] += 1.0
        await pilot.press(key)
        self.clock[0] += 0.3
        self.app.sentry.tick()
        self.clock[0] += 0.5
        await settle(pilot)


async def settle(pilot: Pilot[int]) -> None:
    """Until the listings are there and nothing moves any more."""
    app = pilot.app
    assert isinstance(app, BottleApp)
    for _ in range(1000):
        await pilot.pause()
        board = app.board
        if (
            board
            and board.cards_at
            and board.bottles_at
            and board.standing.at
            and not board.applying
            and _is_known(board)
        ):
            break
        await pilot.pause(0.01)
    for _ in range(3):
        await pilot.pause()
    view = app.screen
    if hasattr(view, "draw"):
        view.draw()
    await pilot.pause()


def _is_known(board: Board) -> bool:
    """Whether the open card's edit was computed and its evidence read."""
    card = board.open_card
    if card is None or card.status not in ("pending", "failed"):
        return True
    beside = board.edits.evidence.get(card.id)
    return beside is not None and beside.edit == board.edits.of(card.id) and not board.edits.is_computing(card.id)


async def _until_read(pilot: Pilot[int]) -> None:
    """Until the workers of the screen on top have answered."""
    for _ in range(3_000):
        await pilot.pause()
        screen = pilot.app.screen
        match screen:
            case RoutesView():
                there = screen.grants.listing is not None
            case HistoryView():
                there = screen.ledger.told is not None and screen.traffic.counted is not None
            case LogsView():
                screen.draw()
                there = screen.origin.found is not None
            case ProvenancePage():
                there = screen.found is not None
            case RecordPage():
                there = screen.records is not None
            case _:
                there = True
        if there:
            return
        await pilot.pause(0.01)
    raise AssertionError("it was not read within 30 s")


async def _until_told(pilot: Pilot[int]) -> None:
    """Until the summary has what happened meanwhile."""
    for _ in range(3_000):
        await pilot.pause()
        board = pilot.app.screen.board if isinstance(pilot.app.screen, Away) else None
        if board is not None and board.standing.absence is not None:
            return
        await pilot.pause(0.01)
    raise AssertionError("it was not told within 30 s")


type Act = Callable[[Pilot[int]], Awaitable[None]]


def scene(name: str) -> tuple[BottleApp, Act]:
    """The app for a scene, and what brings it there."""
    desk = Desk(logs={"egress": gate_lines(), "pipelock": pipelock_lines()})
    if name == "nothing-waits":
        desk.waiting = desk.waiting[1:3]
    if name == "local":
        desk.runtime, desk.running = "local: NOT CONTAINED", bottles()[:1]
        desk.waiting = desk.waiting[:1]
    if name == "muted":
        desk.denials.muted = {"research": NOON + timedelta(minutes=14)}
    if name == "away":
        desk.denials.absence = Absence(
            NOON,
            (Happened(NOON + timedelta(minutes=3), "lab", "www.example.org ended by op"),),
            (Happened(NOON + timedelta(minutes=2), "docs", "api.example.net approved by kim"),),
            12_000, 3_400_000, 412,
        )  # fmt: skip
    if name in ("standing", "denied", "folded", "away"):
        desk.denials.groups, desk.denials.endings = groups(), endings()
    if name == "folded":
        desk.waiting += [replace(lab_cards()[0], id=f"01JB2Q9A0GJ4B8PVLABF1LES{n:02d}", host=f"mirror{n}.example.net")
                         for n in range(3)]  # fmt: skip
    clock = [100.0]
    app = BottleApp(desk.services(), now=lambda: clock[0], read_only=name == "read-only")
    app.conduct.reader.pause = 3600.0
    stage = Stage(app, clock)

    async def act(pilot: Pilot[int]) -> None:
        await settle(pilot)
        clock[0] += 1.0
        for key in KEYS.get(name, ("j",)):
            if key == "eleven-minutes":
                desk.clock = lambda: NOON + timedelta(minutes=11)
            elif key == "until-told":
                await _until_told(pilot)
            elif key == "until-lines":
                for _ in range(200):
                    app.screen.drain()  # type: ignore[attr-defined]
                    if len(app.screen.query_one("#log-egress").kept) >= 70:  # type: ignore[attr-defined]
                        break
                    await pilot.pause(0.01)
            elif key == "until-read":
                await _until_read(pilot)
            else:
                await stage.press(pilot, key)
        for line in app.screen.query(Input):
            line.cursor_blink = False
        await settle(pilot)

    return app, act


KEYS: dict[str, tuple[str, ...]] = {
    "inbox": ("j",),
    "danger": (),
    "standing": ("j",),
    "denied": ("p",),
    "folded": ("j", "j"),
    "muted": ("j",),
    "away": ("eleven-minutes", "j", "until-told"),
    "batch": ("j", "space", "j", "space", "a"),
    "confirm": ("a",),
    "reason": ("j", "r"),
    "narrowed": ("j", "=", "t"),
    "edit-form": ("j", "e"),
    "whole-card": ("j", "enter"),
    "whole-diff": ("j", "d"),
    "approved": ("j", "a"),
    "nothing-waits": ("a", "a"),
    "bottles": ("2",),
    "routes": ("3", "until-read", "j"),
    "history": ("5", "until-read", "j", "j"),
    "provenance": ("3", "until-read", "j", "enter", "until-read"),
    "record": ("5", "until-read", "j", "enter", "until-read"),
    "log-line": ("4", "b", "b", "b", "until-lines", "f", "k", "until-read"),
    "logs": ("4", "b", "b", "b", "until-lines"),
    "help": ("j", "question_mark"),
    "local": (),
    "read-only": ("a",),
}
