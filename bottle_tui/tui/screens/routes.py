"""The routes: every grant of a bottle's running table, until when, whose, and what of it was used."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Decision, Target
from bottle_tui.core.listing import Item, Listing
from bottle_tui.core.selection import viewport
from bottle_tui.core.text import visible
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.routes import head_row, header_row, item_note, item_row, paths
from bottle_tui.tui.presentation.rows import Span, row
from bottle_tui.tui.screens.looking import LookingView, Question
from bottle_tui.tui.widgets.rows import Rows

NOTE_ROWS = 9


class RoutesView(LookingView):
    """Owns which grant is open, by id. `u` takes back the open one, bound to its id and the table's digest."""

    NAME: ClassVar[str] = "routes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", id="route-next", tooltip="The next grant"),
        Binding("k,up", "move(-1)", "previous", id="route-previous", tooltip="The grant before"),
        Binding("g,home", "move(-100000)", "first", id="route-first", tooltip="The first grant"),
        Binding("G,end", "move(100000)", "last", id="route-last", tooltip="The last grant"),
        Binding("enter", "origin", "where from", id="route-origin", tooltip="Who asked, who approved, and its traffic"),
        Binding("b", "bottle", "next bottle", id="route-bottle", tooltip="The next bottle's routes"),
    ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.listing: Listing | None = None
        self.trouble = ""
        self.open: str | None = None
        self._top = 0

    def body(self) -> ComposeResult:
        with Container(id="body"):
            with Container(id="routes-left"):
                yield Rows(id="routes-head")
                yield Rows(id="routes-names")
                yield Rows(id="routes")
            yield Rows(id="route")

    # Reading

    def questions(self, slug: str) -> tuple[Question, ...]:
        looks = self.deeds.services.looks
        return ((lambda: m.RoutesListed(looks.routes(slug)), lambda line: m.RoutesLost(slug, line)),)

    def forget(self) -> None:
        self.listing, self.trouble, self.open, self._top = None, "", None, 0

    @on(m.RoutesListed)
    def _listed(self, message: m.RoutesListed) -> None:
        self.has_read()
        if message.listing.slug == self.slug:
            self.listing, self.trouble = message.listing, ""
            self.draw()

    @on(m.RoutesLost)
    def _lost(self, message: m.RoutesLost) -> None:
        self.has_read()
        if message.slug == self.slug:
            self.trouble = message.line
            self.draw()

    # Drawing

    @property
    def item(self) -> Item | None:
        """The grant under the cursor."""
        items = self.listing.items if self.listing else ()
        found = self.listing.item(self.open) if self.listing else None
        return found or (items[min(self._index, len(items) - 1)] if items else None)

    _index = 0

    def fill(self, board: Board, width: int, height: int) -> None:
        self.choose(board)
        head = self.query_one("#routes-head", Rows)
        names, rows, note = (self.query_one(f"#{id}", Rows) for id in ("routes-names", "routes", "route"))
        wide = width >= 140
        left = width - 66 if wide else width
        head.rows = (head_row(self.slugs(board), self.slug, self.listing, self.trouble, board.now, left),)
        listing, item = self.listing, self.item
        if listing is None or item is None:
            names.rows, note.rows, rows.cursor = (), (), None
            rows.rows = self._nothing(left)
            return
        self.open = item.id
        names.rows = (header_row(left),)
        ids = [each.id for each in listing.items]
        self._index = ids.index(item.id)
        drawn = item_note(item, listing, board.now, 65 if wide else width)
        room = height - 2 - min(len(drawn), max(NOTE_ROWS, height // 2))
        shown = max(1, height - 2 if wide else min(len(ids), room))
        self._top = viewport(self._top, self._index, self._index, shown, len(ids))
        rows.styles.height = shown
        rows.rows = tuple(
            item_row(each, listing, board.now, left, selected=each.id == item.id, doing=board.applying.get(each.id, ""))
            for each in listing.items[self._top : self._top + shown]
        )
        rows.cursor = self._index - self._top
        note.rows = tuple(drawn)

    def _nothing(self, width: int) -> tuple[tuple[Span, ...], ...]:
        if self.trouble:
            return (row(Span(f" {visible(self.trouble)}"[:width], "warn")),)
        if self.listing is not None:
            return (row(Span(" No route: everything is denied.", "muted")),)
        return ()

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[int]]]:
        live = self.slug is not None and not board.read_only
        bottle = Target(self.slug or "", "quarantine") if live else None
        return {"result": (self.target(board), frozenset()), "bottle": (bottle, frozenset())}

    def target(self, board: Board) -> Target | None:
        """What `u` would take back: the open grant of the table as it is drawn."""
        item, listing = self.item, self.listing
        if item is None or listing is None or item.grant is None or board.read_only or item.id in board.applying:
            return None
        return Target(item.id, f"{listing.slug} {listing.digest}")

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        some = self.item is not None
        first = [
            Hint("enter", "where from", some and self.item is not None and self.item.grant is not None),
            Hint("u", "revoke", self.target(board) is not None),
            Hint("b", "next bottle", len(self.slugs(board)) > 1),
            Hint("X", "quarantine", self.slug is not None and not board.read_only),
        ]
        second = [Hint("j/k", "next"), Hint("?", "help"), Hint("q", "quit"), Hint(":", "all actions"),
                  Hint("1–5", "views")]  # fmt: skip
        return first, second

    # Keys

    def action_move(self, by: int) -> None:
        """Up or down."""
        if self.listing and self.listing.items:
            at = min(max(self._index + by, 0), len(self.listing.items) - 1)
            self.open = self.listing.items[at].id
            self.draw()

    @on(Rows.Picked, "#routes")
    def _picked(self, event: Rows.Picked) -> None:
        if self.listing and 0 <= self._top + event.index < len(self.listing.items):
            self.open = self.listing.items[self._top + event.index].id
            self.draw()

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls; it never decides."""
        self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls; it never decides."""
        self.action_move(-1)

    def action_origin(self) -> None:
        """Who asked, who approved, when, why, and its traffic."""
        item, slug, board = self.item, self.slug, self.board
        if item is not None and item.grant is not None and slug is not None and board is not None:
            looks, grant = self.deeds.services.looks, item.grant.id
            page = ProvenancePage(self.deeds, slug, lambda: looks.of_grant(slug, grant), board.now)
            self.app.push_screen(page)

    # Deciding

    def decide(self, decision: Decision) -> None:
        board, item = self.board, self.item
        if decision.key != "u" or board is None:
            super().decide(decision)
        elif item is None or item.grant is None or self.slug is None or self.target(board) != decision.target:
            self.tell("u: the table has changed: look again, nothing was done")
        else:
            self.begin(item.id, "revoking", f"{visible(item.host)} for {self.slug}: taking it back")
            self.deeds.revoke(self.slug, item.grant.id, item.grant)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        item = self.item
        if key != "u" or item is None:
            return super().offer(key, board)
        target = self.target(board)
        line = f"revoke {item.host} {paths(item)} for {self.slug}: what flows under it is cut"
        return (target, line) if target else (None, "nothing here to take back")
