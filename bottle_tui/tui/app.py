"""The dashboard's app: it only wires. Messages become the next board, the board goes to the views."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.reactive import reactive
from textual.screen import Screen

from bottle_tui.core.settings import DEFAULTS as NO_LIKES
from bottle_tui.core.settings import Settings as Likes
from bottle_tui.ports import World
from bottle_tui.tui import clipboard, helping
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.reducing import reduced
from bottle_tui.tui.board.results import Result
from bottle_tui.tui.conduct import Conduct
from bottle_tui.tui.dialogs.away import Away
from bottle_tui.tui.palette import commands
from bottle_tui.tui.screens import VIEWS
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.signals import leave_cleanly
from bottle_tui.tui.terminal import Terminal
from bottle_tui.tui.themes import VARIABLES, use_themes
from bottle_tui.tui.wiring.services import Services


class BottleApp(App[int]):
    """One board, and the views that draw it."""

    TITLE = "bottle-tui"
    CSS_PATH = "bottle.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "view('inbox')", "Inbox", id="view-inbox", tooltip="What waits for you"),
        Binding("2", "view('bottles')", "Bottles", id="view-bottles", tooltip="What runs"),
        Binding("3", "view('routes')", "Routes", id="view-routes", tooltip="What is granted, until when, and used how"),
        Binding("4", "view('logs')", "Logs", id="view-logs", tooltip="What the sidecars say, live"),
        Binding("5", "view('history')", "History", id="view-history", tooltip="What was decided, and what has passed"),
        Binding(
            "question_mark",
            "help",
            "help",
            id="help",
            key_display="?",
            tooltip="All keys of this view; page down for more",
        ),
        Binding("colon", "command_palette", "palette", id="palette", key_display=":", tooltip="Every action by name"),
        Binding("q,ctrl+q", "quit", "quit", id="quit", tooltip="Leave; bottles go on"),
    ]
    board: reactive[Board | None] = reactive(None, init=False, repaint=False)

    def __init__(self, services: Services, *, read_only: bool = False, slug: str | None = None,
                 likes: Likes = NO_LIKES, trouble: str | None = None,
                 now: Callable[[], float] | None = None) -> None:  # fmt: skip
        super().__init__()
        self.likes = likes
        self.sentry = Sentry(lambda decision: self.post_message(m.DecisionMade(decision)), self.set_timer, now)
        self.conduct = Conduct(self, services, self.sentry, likes.notify)
        self.views: dict[str, View] = {view.NAME: view(self.sentry, self.conduct.deeds) for view in VIEWS}
        at = services.now()
        said = (Result(at, trouble, "bad"),) if trouble else ()
        self.set_reactive(BottleApp.board, Board(at, only=slug, read_only=read_only, results=said))

    def get_driver_class(self) -> type[Driver]:
        found = super().get_driver_class()
        return Terminal if found is LinuxDriver else found

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    async def on_event(self, event: events.Event) -> None:
        """The sentry sees every event first; a deciding key goes no further."""
        if self.conduct.noticed(event):
            return
        if self.screen_stack and helping.takes(self.screen, event):
            self.sentry.saw(event, None)
            return
        if not self.sentry.saw(event, self.screen if self.screen_stack else None):
            await super().on_event(event)

    def on_mount(self) -> None:
        use_themes(self, self.likes.theme)
        self.set_keymap(self.likes.keys)
        self.sentry.rebind(self.likes.keys)
        leave_cleanly(self)
        for view in self.views.values():
            view.set_reactive(View.board, self.board)
            self.install_screen(view, view.NAME)
        self.push_screen("inbox")
        self.conduct.begin()

    def on_unmount(self) -> None:
        self.conduct.end()

    def watch_board(self, board: Board) -> None:
        for view in (*self.views.values(), *self.screen_stack[-1:]):
            if isinstance(view, View | Away):
                view.board = board

    @on(m.Heard)
    def _heard(self, heard: m.Heard) -> None:
        if (before := self.board) is not None:
            self.board = reduced(before, heard, self.conduct.services.now())
            self.conduct.follow_up(heard, before, self.board)

    @on(m.NudgeArrived)
    def _nudged(self) -> None:
        self.conduct.reader.read("cards")

    @on(m.SidecarSilent)
    def _fell_silent(self) -> None:
        self.conduct.reader.read("bottles")

    @on(m.NothingNew)
    def _nothing_new(self, looked: m.NothingNew) -> None:
        self.conduct.reader.ended(looked.what)

    @on(m.DecisionMade)
    def _decided(self, made: m.DecisionMade) -> None:
        if hasattr(self.screen, "decide"):
            self.screen.decide(made.decision)

    def copy_to_clipboard(self, text: str) -> None:
        super().copy_to_clipboard(text)
        clipboard.through_tmux(self, text)

    @on(m.Copied)
    def _copied(self, copied: m.Copied) -> None:
        view = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, View)), None)
        if copied.problem and view is not None:
            view.tell(copied.problem)

    def action_view(self, name: str) -> None:
        """Another view: what was on screen can no longer be decided on."""
        if name in self.views and isinstance(self.screen, View):
            if slug := self.screen.bottle:
                self.views[name].turn_to(slug)
            self.switch_screen(name)

    def action_help(self) -> None:
        """Textual's own help panel, in and out."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Theme", "Other colours, until you leave", self.action_change_theme)
        if isinstance(screen, View):
            yield from commands(screen, self.BINDINGS, self.likes.keys)


def run(world: World, *, read_only: bool = False, slug: str | None = None, likes: Likes = NO_LIKES,
        trouble: str | None = None,
        notify: Callable[[Sequence[str], Mapping[str, Any]], object] | None = None) -> int:  # fmt: skip
    """Show the dashboard until the operator leaves; returns the exit code. `trouble` is said first on its screen."""
    from bottle_tui.tui.wiring.wired import wired

    services = wired(world, notify=notify)
    return BottleApp(services, read_only=read_only, slug=slug, likes=likes, trouble=trouble).run() or 0
