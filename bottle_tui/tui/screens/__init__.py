"""One screen a view."""

from bottle_tui.tui.screens.bottles import BottlesView
from bottle_tui.tui.screens.history import HistoryView
from bottle_tui.tui.screens.inbox import InboxView
from bottle_tui.tui.screens.logs import LogsView
from bottle_tui.tui.screens.routes import RoutesView

VIEWS = (InboxView, BottlesView, RoutesView, LogsView, HistoryView)
