"""The decisions in the history: the list of deeds, the open one, and how `u` and `o` take it back."""

from textual.screen import Screen

from bottle_tui.core.arming import Decision, Target
from bottle_tui.core.deeds import Deed
from bottle_tui.core.text import visible
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.history import deed_row, ledger_head
from bottle_tui.tui.screens.place import Place
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.widgets.rows import Rows


class LedgerPane:
    """Owns the deeds of one bottle as last told, and which of them is open."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.find = ""
        self.forget()

    def forget(self) -> None:
        """Another bottle."""
        self.told: tuple[Deed, ...] | None = None
        self.trouble = ""
        self._open: int | None = None
        """The open deed, by the number of its record."""
        self._at = Place()

    def learned(self, deeds: tuple[Deed, ...]) -> None:
        """They were listed."""
        self.told, self.trouble = deeds, ""

    @property
    def _shown(self) -> tuple[Deed, ...]:
        """Those that the filter lets through."""
        words = self.find.casefold()
        told = self.told or ()
        return tuple(each for each in told if words in f"{each.what} {each.verb} {each.actor}".casefold())

    @property
    def deed(self) -> Deed | None:
        """The open one: by its number, else where the cursor stands."""
        shown = self._shown
        found = next((each for each in shown if each.n == self._open), None)
        return found or (shown[min(self._at.index, len(shown) - 1)] if shown else None)

    def fill(self, board: Board, width: int, height: int, *, active: bool) -> None:
        """Draw it; `active`: the keys are about it."""
        shown, deed = self._shown, self.deed
        head, rows = self._screen.query_one("#ledger-head", Rows), self._screen.query_one("#ledger", Rows)
        head.rows = (ledger_head(len(shown), self.find, active, self.trouble, width),)
        rows.styles.height = height
        if deed is None:
            rows.rows, rows.cursor = (), None
            return
        at = self._at
        self._open, at.index = deed.n, shown.index(deed)
        rows.rows = tuple(
            deed_row(each, board.now, width, selected=each is deed and active, doing=self._doing(each, board))
            for each in shown[at.window(height, len(shown))]
        )
        rows.cursor = at.index - at.top if active else None

    def _doing(self, deed: Deed, board: Board) -> str:
        """What a worker does about the open one right now."""
        if deed is not self.deed:
            return ""
        return next((board.applying[id] for id in (deed.proposal, *deed.grants) if id and id in board.applying), "")

    def move(self, by: int) -> None:
        """Up or down."""
        if shown := self._shown:
            self._at.moved(by, len(shown))
            self._open = shown[self._at.index].n

    def pick(self, row: int) -> None:
        """The one on that row."""
        at, shown = self._at.top + row, self._shown
        if 0 <= at < len(shown):
            self._open = shown[at].n

    def target(self, slug: str | None, board: Board) -> Target | None:
        """What `u` and `o` are about: the open deed, while it can be taken back."""
        deed = self.deed
        if deed is None or board.read_only or not (deed.undo or deed.reopen) or self._doing(deed, board):
            return None
        return Target(deed.proposal or deed.grants[0], f"{slug} record {deed.n}")


def take_back(view: View, slug: str, deed: Deed, decision: Decision) -> None:
    """`u` or `o` stood alone on that deed."""
    if decision.key == "u" and deed.undo:
        view.begin(decision.target.id, "revoking", f"{visible(deed.what)} for {slug}: taking it back")
        if deed.proposal:
            view.deeds.undo(deed.proposal)
        else:
            view.deeds.revoke(slug, deed.grants[0])
    elif decision.key == "o" and deed.reopen and deed.proposal:
        view.begin(deed.proposal, "reopening", f"{visible(deed.what)} for {slug}: reopening")
        view.deeds.reopen(deed.proposal)
    else:
        view.tell(f"{decision.key}: nothing here to take back")
