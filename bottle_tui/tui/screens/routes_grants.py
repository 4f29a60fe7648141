"""The grants of the running table: the list, the open one and its note, and how `u` takes it back."""

from typing import TYPE_CHECKING

from bottle_tui.core.arming import Target
from bottle_tui.core.listing import Item, Listing
from bottle_tui.core.text import visible
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.route_note import item_note
from bottle_tui.tui.presentation.routes import header_row, item_row, paths
from bottle_tui.tui.presentation.rows import Row, Span, row
from bottle_tui.tui.screens.place import Place
from bottle_tui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from bottle_tui.tui.screens.view import View

NOTE_ROWS = 9


class GrantsPane:
    """Owns the table as last listed, and which grant is open, by id."""

    def __init__(self, view: "View") -> None:
        self._view = view
        self._at = Place()
        self.forget()

    def forget(self) -> None:
        """Another bottle."""
        self.listing: Listing | None = None
        self.trouble = ""
        self._open: str | None = None
        self._at.top = 0

    def learned(self, listing: Listing) -> None:
        """It was listed."""
        self.listing, self.trouble = listing, ""

    @property
    def item(self) -> Item | None:
        """The grant under the cursor."""
        items = self.listing.items if self.listing else ()
        found = self.listing.item(self._open) if self.listing else None
        return found or (items[min(self._at.index, len(items) - 1)] if items else None)

    def hide(self) -> None:
        """Something else is drawn in its place."""
        self._names.rows, self._rows.rows, self._rows.cursor = (), (), None
        self._rows.styles.height = 0

    @property
    def _names(self) -> Rows:
        return self._view.query_one("#routes-names", Rows)

    @property
    def _rows(self) -> Rows:
        return self._view.query_one("#routes", Rows)

    def fill(self, board: Board, note: Rows, width: int, height: int) -> None:
        """Draw the list, and below or beside it the note."""
        wide = width >= 140
        left = width - 66 if wide else width
        names, rows, listing, item = self._names, self._rows, self.listing, self.item
        if listing is None or item is None:
            names.rows, note.rows, rows.cursor = (), (), None
            rows.rows = self._nothing(left)
            return
        self._open = item.id
        names.rows = (header_row(left),)
        drawn = item_note(item, listing, board.now, 65 if wide else width)
        note.rows = tuple(drawn)
        room = height - 2 - min(len(drawn), max(NOTE_ROWS, height // 2))
        count, at = len(listing.items), self._at
        at.index = [each.id for each in listing.items].index(item.id)
        shown = max(1, height - 2 if wide else min(count, room))
        rows.styles.height = shown
        rows.rows = tuple(
            item_row(each, listing, board.now, left, selected=each.id == item.id, doing=board.applying.get(each.id, ""))
            for each in listing.items[at.window(shown, count)]
        )
        rows.cursor = at.index - at.top

    def _nothing(self, width: int) -> tuple[Row, ...]:
        if self.trouble:
            return (row(Span(f" {visible(self.trouble)}"[:width], "warn")),)
        if self.listing is not None:
            return (row(Span(" No route: everything is denied.", "muted")),)
        return ()

    def move(self, by: int) -> None:
        """Up or down."""
        if self.listing and self.listing.items:
            self._at.moved(by, len(self.listing.items))
            self._open = self.listing.items[self._at.index].id

    def pick(self, row: int) -> None:
        """The one on that row."""
        if self.listing and 0 <= self._at.top + row < len(self.listing.items):
            self._open = self.listing.items[self._at.top + row].id

    def target(self, board: Board) -> Target | None:
        """What `u` would take back: the open grant of the table as it is drawn."""
        item, listing = self.item, self.listing
        if item is None or listing is None or item.grant is None or board.read_only or item.id in board.applying:
            return None
        return Target(item.id, f"{listing.slug} {listing.digest}")

    def revoke(self) -> None:
        """`u` stood alone on it."""
        item, listing = self.item, self.listing
        if item is not None and item.grant is not None and listing is not None:
            self._view.begin(item.id, "revoking", f"{visible(item.host)} for {listing.slug}: taking it back")
            self._view.deeds.revoke(listing.slug, item.grant.id, item.grant)

    def offer(self, item: Item, board: Board, slug: str | None) -> tuple[Target | None, str]:
        """What `u` would take back, and the sentence for it; None and why not."""
        target = self.target(board)
        line = f"revoke {item.host} {paths(item)} for {slug}: what flows under it is cut"
        return (target, line) if target else (None, "nothing here to take back")
