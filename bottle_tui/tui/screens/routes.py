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
from bottle_tui.tui import findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.routes import head_row, header_row, item_note, item_row, patch_rows, paths
from bottle_tui.tui.presentation.rows import Span, row
from bottle_tui.tui.screens.drafting import Drafting
from bottle_tui.tui.screens.looking import LookingView, Question
from bottle_tui.tui.widgets.rows import Rows
from bottle_tui.tui.work import work

NOTE_ROWS = 9
LOOK = (Hint("j/k", "next"), Hint("?", "help"), Hint("q", "quit"), Hint(":", "all actions"), Hint("1–5", "views"))


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
        Binding("e", "edit('routes')", "edit routes", id="edit-routes", tooltip="All routes in $EDITOR; then a card"),
        Binding(
            "E", "edit('pipelock')", "edit pipelock", id="edit-pipelock", tooltip="Its lists in $EDITOR; then a card"
        ),
        Binding(
            "a", "guarded('a')", "apply", id="route-apply", tooltip="Put the edited change in force, as it is shown"
        ),
        Binding("c", "patch", "copy patch", id="route-patch", tooltip="What was approved, as a patch to the manifest"),
        Binding("escape", "back", "back", id="route-back", tooltip="Leave the edited change; nothing is done"),
    ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.listing: Listing | None = None
        self.trouble = ""
        self.open: str | None = None
        self._top = 0
        self.draft = Drafting(self)

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
        return ((lambda: findings.RoutesListed(looks.routes(slug)), lambda line: findings.RoutesLost(slug, line)),)

    def forget(self) -> None:
        self.listing, self.trouble, self.open, self._top = None, "", None, 0
        self.draft.forget()

    @on(findings.RoutesListed)
    def _listed(self, message: findings.RoutesListed) -> None:
        self.has_read()
        if message.listing.slug == self.slug:
            self.listing, self.trouble = message.listing, ""
            self.draw()

    @on(findings.RoutesLost)
    def _lost(self, message: findings.RoutesLost) -> None:
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
        self.set_class(self.draft.card is not None, "-draft")
        if self.draft.card is not None:
            names.rows, rows.rows, rows.cursor = (), (), None
            rows.styles.height = 0
            note.rows = self.draft.rows(width, height - 1)
            return
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
        return {
            "card": (self.draft.target(board), self.draft.seen),
            "result": (self.target(board), frozenset()),
            "bottle": (bottle, frozenset()),
        }

    def target(self, board: Board) -> Target | None:
        """What `u` would take back: the open grant of the table as it is drawn."""
        item, listing = self.item, self.listing
        if self.draft.card is not None:
            return None
        if item is None or listing is None or item.grant is None or board.read_only or item.id in board.applying:
            return None
        return Target(item.id, f"{listing.slug} {listing.digest}")

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        if self.draft.card is not None:
            ready = self.draft.target(board) is not None and self.sentry.guard.refusal("a", self.sentry.now()) is None
            return [Hint("a", "apply", ready), Hint("esc", "leave it"), Hint("j/k", "scroll")], LOOK
        some = self.item is not None
        first = [
            Hint("enter", "where from", some and self.item is not None and self.item.grant is not None),
            Hint("u", "revoke", self.target(board) is not None),
            Hint("b", "next bottle", len(self.slugs(board)) > 1),
            Hint("e", "edit", self.slug is not None and not board.read_only),
            Hint("c", "copy patch", self.slug is not None),
            Hint("X", "quarantine", self.slug is not None and not board.read_only),
        ]
        return first, LOOK

    # Keys

    def action_move(self, by: int) -> None:
        """Up or down."""
        if self.draft.card is not None:
            self.draft.scroll(by)
            self.draw()
        elif self.listing and self.listing.items:
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
        if self.draft.card is not None:
            return
        if item is not None and item.grant is not None and slug is not None and board is not None:
            looks, grant = self.deeds.services.looks, item.grant.id
            page = ProvenancePage(self.deeds, slug, lambda: looks.of_grant(slug, grant), board.now)
            self.app.push_screen(page)

    # Editing

    def action_edit(self, kind: str) -> None:
        """In $EDITOR; what comes back is a card."""
        board = self.board
        if board is None or self.slug is None:
            self.tell("no bottle is there to edit")
        elif board.read_only:
            self.tell("read-only")
        else:
            self.draft.start(self.slug, kind)

    @on(findings.TextRead)
    def _text_read(self, message: findings.TextRead) -> None:
        if message.slug == self.slug and self.is_current:
            self.draft.edit(message)
            self.draw()

    @on(findings.DraftRead)
    def _draft_read(self, message: findings.DraftRead) -> None:
        if message.slug == self.slug:
            self.draft.show(message)
            self.draw()

    @on(findings.DraftLost)
    def _draft_lost(self, message: findings.DraftLost) -> None:
        self.draft.refused(message)

    def action_back(self) -> None:
        """Leave the edited change."""
        if self.draft.card is not None:
            self.draft.forget()
            self.tell("left: nothing is done")
            self.draw()

    def action_patch(self) -> None:
        """What was approved, as a patch to the manifest: shown, and on the clipboard."""
        slug, looks = self.slug, self.deeds.services.looks
        if slug is not None:
            work(
                self.deeds.app,
                lambda: findings.PatchRead(slug, looks.patch(slug)),
                findings.PatchLost,
                group="patch",
                to=self,
            )

    @on(findings.PatchRead)
    def _patch_read(self, message: findings.PatchRead) -> None:
        if not message.text:
            self.tell("the manifest says all of it already: there is no patch")
            return
        self.app.copy_to_clipboard(message.text)
        self.tell("copied: what was approved, as a patch to the manifest")
        self.app.push_screen(Reading("a patch to the manifest, copied", lambda width: patch_rows(message.text, width)))

    @on(findings.PatchLost)
    def _patch_lost(self, message: findings.PatchLost) -> None:
        self.tell(message.line)

    # Deciding

    def decide(self, decision: Decision) -> None:
        board, item = self.board, self.item
        if decision.key == "a" and board is not None and self.draft.card is not None:
            if self.draft.target(board) == decision.target:
                self.draft.apply(decision.target)
            else:
                self.tell("a: the change is not the one that was shown")
        elif decision.key != "u" or board is None:
            super().decide(decision)
        elif item is None or item.grant is None or self.slug is None or self.target(board) != decision.target:
            self.tell("u: the table has changed: look again, nothing was done")
        else:
            self.begin(item.id, "revoking", f"{visible(item.host)} for {self.slug}: taking it back")
            self.deeds.revoke(self.slug, item.grant.id, item.grant)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        item, card = self.item, self.draft.card
        if key == "a":
            return (
                (self.draft.target(board), f"apply {card.tool} for {card.slug}")
                if card
                else (None, "nothing is edited")
            )
        if key != "u" or item is None:
            return super().offer(key, board)
        target = self.target(board)
        line = f"revoke {item.host} {paths(item)} for {self.slug}: what flows under it is cut"
        return (target, line) if target else (None, "nothing here to take back")
