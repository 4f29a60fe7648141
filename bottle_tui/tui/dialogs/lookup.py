"""A page whose text is looked up in a worker while it is open already."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.message import Message

from bottle_tui.core.text import visible
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.presentation.rows import Row, Span, row, wrapped
from bottle_tui.tui.workers.deeds import Deeds
from bottle_tui.tui.workers.work import work


class Lookup(Reading):
    """Decides nothing. `look` runs in a worker and ends in the message that `rows` is made of."""

    WAITING: ClassVar[str] = "looking it up…"

    @dataclass
    class Lost(Message):
        """It is not to be had."""

        line: str

    def __init__(self, title: str, deeds: Deeds, rows_for: Callable[[int], list[Row]]) -> None:
        super().__init__(title, rows_for)
        self.deeds = deeds
        self.trouble = ""

    def look(self) -> Message:
        """Read it."""
        raise NotImplementedError

    def on_mount(self) -> None:
        work(self.deeds.app, self.look, self.Lost, group=type(self).__name__, to=self)

    @on(Lost)
    def _lost(self, message: Lost) -> None:
        self.trouble = message.line
        self._fill()

    def not_yet(self, width: int) -> list[Row]:
        """What stands there while there is nothing else."""
        if self.trouble:
            return [row(Span(f" {line}", "warn")) for line in wrapped(visible(self.trouble), width - 2)]
        return [row(Span(f" {self.WAITING}", "muted"))]
