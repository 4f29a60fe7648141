"""A view of one bottle whose data it reads by itself, in workers, while it is the one on screen."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import ClassVar

from textual.message import Message

from bottle_tui.tui.board import Board
from bottle_tui.tui.board.results import told
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.screens.place import one_after
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.workers.work import work

BEAT = 0.25

type Question = tuple[Callable[[], Message], Callable[[str], Message]]


class LookingView(View):
    """Owns which bottle is looked at; reads again `EVERY` seconds after the last reading has ended."""

    EVERY: ClassVar[float] = 2.0

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.slug: str | None = None
        self._reading = 0
        self._ended = 0.0
        self._again = False
        self._seen_result: object = None

    def on_mount(self) -> None:
        self.set_interval(BEAT, self.beat)

    def slugs(self, board: Board) -> list[str]:
        """The bottles that can be looked at."""
        return board.running

    def questions(self, slug: str) -> tuple[Question, ...]:
        """What workers ask, each by itself, and what becomes of an error."""
        raise NotImplementedError

    def forget(self) -> None:
        """Another bottle: what was read is of no use any more."""

    def choose(self, board: Board) -> None:
        """Keep the bottle, or take the one of the inbox, or the first."""
        slugs = self.slugs(board)
        if self.slug in slugs or (self.slug is not None and not slugs and board.bottles_at is None):
            return
        card = board.open_card
        wanted = board.only or (card.slug if card else None)
        self.look_at(wanted if wanted in slugs else slugs[0] if slugs else None)

    @property
    def bottle(self) -> str | None:
        return self.slug

    def turn_to(self, slug: str) -> None:
        if self.board is not None and slug in self.slugs(self.board):
            self.look_at(slug)

    def look_at(self, slug: str | None) -> None:
        """Look at this bottle from now on."""
        if slug != self.slug:
            self.slug = slug
            self.forget()
            self.read()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.read()

    def result_rows(self, board: Board, width: int) -> tuple[Row, ...]:
        """Without the key that would take it back: here that key is about what is open."""
        return super().result_rows(replace(board, results=told(board.results)), width)

    def beat(self) -> None:
        """Time to read again, or something was decided."""
        board = self.board
        if not self.is_current or board is None:
            return
        if board.last is not self._seen_result:
            self._seen_result = board.last
            self.read()
        elif monotonic() - self._ended >= self.EVERY and not self._reading:
            self.read()

    def read(self) -> None:
        """Begin a reading, or another one as soon as this one has ended."""
        if self.slug is None or not self.is_attached:
            return
        if self._reading:
            self._again = True
            return
        asked = self.questions(self.slug)
        self._reading = len(asked)
        for ask, failed in asked:
            work(self.deeds.app, ask, failed, group=f"look {self.NAME}", to=self)

    def has_read(self) -> None:
        """One of a reading's questions was answered, either way."""
        self._reading, self._ended = max(self._reading - 1, 0), monotonic()
        if self._again and not self._reading:
            self._again = False
            self.read()

    def action_bottle(self) -> None:
        """The next bottle."""
        slug = one_after(self.slugs(self.board) if self.board else (), self.slug)
        if slug is not None:
            self.look_at(slug)
            self.draw()
