"""The bottles: one row each, live, and what the open one needs to be reached."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Part, Target
from bottle_tui.core.selection import viewport
from bottle_tui.core.views import BottleStatus
from bottle_tui.errors import BottleError
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import of_bottle
from bottle_tui.tui.handing import hand_over
from bottle_tui.tui.presentation.bottle_rows import bottle_header, bottle_note, bottle_row
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.empty_inbox import no_bottle_rows
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.signals import Ended
from bottle_tui.tui.widgets.rows import Rows

NOTE_ROWS = 6
"""Kept below the list in any case, so that it does not move with the cursor for every bottle."""


class BottlesView(View):
    """Owns which bottle is open, by slug."""

    NAME: ClassVar[str] = "bottles"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", id="bottle-next", tooltip="The next bottle"),
        Binding("k,up", "move(-1)", "previous", id="bottle-previous", tooltip="The bottle before"),
        Binding("g,home", "move(-100000)", "first", id="bottle-first", tooltip="The first bottle"),
        Binding("G,end", "move(100000)", "last", id="bottle-last", tooltip="The last bottle"),
        Binding("enter", "attach", "attach", id="attach", tooltip="Join the agent's terminal"),
        Binding("S", "shell", "shell", id="shell", tooltip="A shell in the agent's container"),
        Binding("b", "only", "its inbox", id="bottle-only", tooltip="The inbox of this bottle alone, or of all"),
    ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.slug: str | None = None
        self._top = 0

    def body(self) -> ComposeResult:
        with Container(id="body"):
            yield Rows(id="bottles-head")
            yield Rows(id="bottles")
            yield Rows(id="bottle")

    @property
    def bottle(self) -> str | None:
        return self.slug

    def turn_to(self, slug: str) -> None:
        if self.board is not None and slug in [bottle.slug for bottle in self.board.bottles]:
            self.slug = slug

    def _index(self, board: Board) -> int:
        slugs = [bottle.slug for bottle in board.bottles]
        return slugs.index(self.slug) if self.slug in slugs else 0

    @property
    def open_bottle(self) -> BottleStatus | None:
        """The one under the cursor."""
        bottles = self.board.bottles if self.board else ()
        return bottles[self._index(self.board)] if self.board and bottles else None

    def fill(self, board: Board, width: int, height: int) -> None:
        open_bottle = self.open_bottle
        rows = self.query_one("#bottles", Rows)
        head = self.query_one("#bottles-head", Rows)
        if open_bottle is None:
            head.rows = ()
            rows.styles.height = 8
            rows.rows = tuple(no_bottle_rows(board, width))
            rows.cursor = None
            self.query_one("#bottle", Rows).rows = ()
            return
        self.slug = open_bottle.slug
        head.rows = (bottle_header(width),)
        index, count = self._index(board), len(board.bottles)
        note = bottle_note(open_bottle, board, width)
        shown = max(1, min(count, height - 2 - max(len(note), NOTE_ROWS)))
        self._top = viewport(self._top, index, index, shown, count)
        rows.styles.height = shown
        drawn = [bottle_row(bottle, board, width, selected=bottle.slug == self.slug) for bottle in board.bottles]
        rows.rows = tuple(drawn[self._top : self._top + shown])
        rows.cursor = index - self._top
        self.query_one("#bottle", Rows).rows = ((), *note)

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[Part]]]:
        ours = self.open_bottle if self.open_bottle and self.open_bottle.state != "foreign" else None
        return {**super().about(board), "bottle": (of_bottle(board, ours.slug if ours else None), frozenset())}

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        some = self.open_bottle is not None
        last = board.last
        first = [
            Hint("enter", "attach", some),
            Hint("S", "shell", some),
            Hint("b", "its inbox", some),
            Hint("X", "quarantine", some and not board.read_only),
            Hint("u", "undo", bool(last and last.undo)),
        ]
        second = [
            Hint("j/k", "next"),
            Hint("?", "help"),
            Hint("q", "quit"),
            Hint(":", "all actions"),
            Hint("1–5", "views"),
        ]
        return first, second

    def action_move(self, by: int) -> None:
        """Up or down."""
        if self.board and self.board.bottles:
            at = min(max(self._index(self.board) + by, 0), len(self.board.bottles) - 1)
            self.slug = self.board.bottles[at].slug
            self.draw()

    @on(Rows.Picked, "#bottles")
    def _picked(self, event: Rows.Picked) -> None:
        if self.board and 0 <= self._top + event.index < len(self.board.bottles):
            self.slug = self.board.bottles[self._top + event.index].slug
            self.draw()

    def action_only(self) -> None:
        """Its inbox."""
        if self.board and self.slug:
            self.post_message(m.Filtered(None if self.board.only == self.slug else self.slug))

    def action_attach(self) -> None:
        """Join the agent."""
        self._leave_for(None)

    def action_shell(self) -> None:
        """A shell beside the agent."""
        self._leave_for(["/bin/sh"])

    def _leave_for(self, argv: list[str] | None) -> None:
        """Give the terminal to the agent until it gives it back."""
        if self.slug is None or (self.open_bottle and self.open_bottle.state == "foreign"):
            return
        if self.board and self.board.read_only:
            self.tell(f"read-only: bottle-tui attach {self.slug} joins it")
            return
        try:
            code = hand_over(self.deeds.app, partial(self.deeds.services.attach, self.slug, argv))
        except Ended:
            return
        except SuspendNotSupported:
            self.tell("this terminal cannot be handed over: bottle-tui attach does it elsewhere")
        except BottleError as error:
            self.tell(str(error))
        else:
            self.tell(f"back from {self.slug}" + (f": it ended with {code}" if code else ""))
        self.sentry.resized()
