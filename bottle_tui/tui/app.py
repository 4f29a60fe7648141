"""The dashboard's app: it only wires. Messages become the next board, the board goes to the views."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen

from bottle_tui.ports import World
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.palette import commands
from bottle_tui.tui.reducing import reduced
from bottle_tui.tui.screens.bottles import BottlesView
from bottle_tui.tui.screens.inbox import InboxView
from bottle_tui.tui.screens.logs import LogsView
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.services import Services
from bottle_tui.tui.themes import THEMES, VARIABLES
from bottle_tui.tui.work import Deeds, Reader


class BottleApp(App[int]):
    """One board, three views."""

    TITLE = "bottle-tui"
    CSS_PATH = "bottle.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "view('inbox')", "Inbox", id="view-inbox", tooltip="What waits for you"),
        Binding("2", "view('bottles')", "Bottles", id="view-bottles", tooltip="What runs"),
        Binding("4", "view('logs')", "Logs", id="view-logs", tooltip="What the sidecars say, live"),
        Binding("question_mark", "help", "help", id="help", key_display="?", tooltip="All keys of this view"),
        Binding("colon", "command_palette", "palette", id="palette", key_display=":", tooltip="Every action by name"),
        Binding("q,ctrl+q", "quit", "quit", id="quit", tooltip="Leave; bottles go on"),
    ]
    board: reactive[Board | None] = reactive(None, init=False)

    def __init__(self, services: Services, *, read_only: bool = False, slug: str | None = None,
                 now: Callable[[], float] | None = None) -> None:  # fmt: skip
        super().__init__()
        self.services = services
        self.reader = Reader(self, services)
        self.sentry = Sentry(lambda decision: self.post_message(m.DecisionMade(decision)), self.set_timer, now)
        self.deeds = Deeds(self, services)
        self.views: dict[str, View] = {
            view.NAME: view(self.sentry, self.deeds) for view in (InboxView, BottlesView, LogsView)
        }
        self.set_reactive(BottleApp.board, Board(services.now(), only=slug, read_only=read_only))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    async def on_event(self, event: events.Event) -> None:
        """The sentry sees every event first; a deciding key goes no further."""
        if not self.sentry.saw(event, self.screen if self.screen_stack else None):
            await super().on_event(event)

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(name, self.exit, 0)
        for view in self.views.values():
            view.set_reactive(View.board, self.board)
            self.install_screen(view, view.NAME)
        self.push_screen("inbox")
        self.reader.read("bottles")
        self.reader.read("cards")
        self.set_interval(1.0, self.tick)

    def tick(self) -> None:
        """Ages go on."""
        if self.board is not None:
            self.board = reduced(self.board, m.Heard(), self.services.now())

    def watch_board(self, board: Board) -> None:
        for view in self.views.values():
            view.board = board

    @on(m.Heard)
    def _heard(self, heard: m.Heard) -> None:
        before = self.board
        if before is None:
            return
        self.board = after = reduced(before, heard, self.services.now())
        gone = after.selection.leaving
        if gone and gone != before.selection.leaving and gone not in after.applying:
            self.deeds.learn(gone)
        match heard:
            case m.CardsLoaded() | m.CardsFailed():
                self.reader.ended("cards")
            case m.BottlesLoaded() | m.BottlesFailed():
                self.reader.ended("bottles")
            case m.DecisionEnded() | m.DecisionFailed() | m.BottleChanged() | m.Filtered():
                self.reader.read("cards")
                self.reader.read("bottles")

    @on(m.DecisionMade)
    def _decided(self, made: m.DecisionMade) -> None:
        if hasattr(self.screen, "decide"):
            self.screen.decide(made.decision)

    def action_view(self, name: str) -> None:
        """Another view: what was on screen can no longer be decided on."""
        if name in self.views and isinstance(self.screen, View):
            self.switch_screen(name)

    def action_help(self) -> None:
        """Textual's own help panel, in and out."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        if isinstance(screen, View):
            yield from commands(screen)


def run(world: World, *, read_only: bool = False, slug: str | None = None) -> int:
    """Show the dashboard until the operator leaves; returns the exit code."""
    from bottle_tui.tui.wiring import wired

    return BottleApp(wired(world), read_only=read_only, slug=slug).run() or 0
