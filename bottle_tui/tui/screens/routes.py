"""The routes: every grant of a bottle's running table, until when, whose, and what of it was used."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Decision, Part, Target
from bottle_tui.tui import clipboard, findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import of_bottle
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.diff_rows import patch_rows
from bottle_tui.tui.presentation.routes import head_row
from bottle_tui.tui.screens.drafting import Drafting
from bottle_tui.tui.screens.looking import LookingView, Question
from bottle_tui.tui.screens.routes_grants import GrantsPane
from bottle_tui.tui.widgets.rows import Rows
from bottle_tui.tui.workers.work import work

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
        self.grants = GrantsPane(self)
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
        self.grants.forget()
        self.draft.forget()

    @on(findings.RoutesListed)
    def _listed(self, message: findings.RoutesListed) -> None:
        self.has_read()
        if message.listing.slug == self.slug:
            self.grants.learned(message.listing)
            self.draw()

    @on(findings.RoutesLost)
    def _lost(self, message: findings.RoutesLost) -> None:
        self.has_read()
        if message.slug == self.slug:
            self.grants.trouble = message.line
            self.draw()

    # Drawing

    def fill(self, board: Board, width: int, height: int) -> None:
        self.choose(board)
        note, grants = self.query_one("#route", Rows), self.grants
        left = width - 66 if width >= 140 else width
        head = head_row(self.slugs(board), self.slug, grants.listing, grants.trouble, board.now, left)
        self.query_one("#routes-head", Rows).rows = (head,)
        self.set_class(self.draft.card is not None, "-draft")
        if self.draft.card is not None:
            grants.hide()
            note.rows = self.draft.rows(width, height - 1)
        else:
            grants.fill(board, note, width, height)

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[Part]]]:
        return {
            "card": (self.draft.target(board), self.draft.seen),
            "result": (self.target(board), frozenset()),
            "bottle": (of_bottle(board, self.slug), frozenset()),
        }

    def target(self, board: Board) -> Target | None:
        """What `u` would take back: the open grant of the table as it is drawn."""
        return None if self.draft.card is not None else self.grants.target(board)

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        if self.draft.card is not None:
            ready = self.draft.target(board) is not None and self.sentry.guard.refusal("a", self.sentry.now()) is None
            return [Hint("a", "apply", ready), Hint("esc", "leave it"), Hint("j/k", "scroll")], LOOK
        item = self.grants.item
        first = [
            Hint("enter", "where from", item is not None and item.grant is not None),
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
        else:
            self.grants.move(by)
        self.draw()

    @on(Rows.Picked, "#routes")
    def _picked(self, event: Rows.Picked) -> None:
        self.grants.pick(event.index)
        self.draw()

    def wheel(self, by: int) -> None:
        self.action_move(by)

    def action_origin(self) -> None:
        """Who asked, who approved, when, why, and its traffic."""
        item, slug, board = self.grants.item, self.slug, self.board
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
        self.tell(clipboard.said("a patch to the manifest"))
        self.app.push_screen(
            Reading(clipboard.said("a patch to the manifest"), lambda width: patch_rows(message.text, width))
        )

    @on(findings.PatchLost)
    def _patch_lost(self, message: findings.PatchLost) -> None:
        self.tell(message.line)

    # Deciding

    def decide(self, decision: Decision) -> None:
        board = self.board
        if decision.key == "a" and board is not None and self.draft.card is not None:
            if self.draft.target(board) == decision.target:
                self.draft.apply(decision.target)
            else:
                self.tell("a: the change is not the one that was shown")
        elif decision.key != "u" or board is None:
            super().decide(decision)
        elif self.target(board) != decision.target:
            self.tell("u: the table has changed: look again, nothing was done")
        else:
            self.grants.revoke()

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        item, card = self.grants.item, self.draft.card
        if key == "a":
            return (
                (self.draft.target(board), f"apply {card.tool} for {card.slug}")
                if card
                else (None, "nothing is edited")
            )
        if key != "u" or item is None:
            return super().offer(key, board)
        return self.grants.offer(item, board, self.slug)
