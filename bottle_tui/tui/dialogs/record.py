"""One deed of the ledger, whole: its records, and where what it brought comes from. Read in a worker."""

from dataclasses import dataclass

from textual.message import Message

from bottle_tui.core.deeds import Deed
from bottle_tui.core.text import visible
from bottle_tui.services.history import Record
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.presentation.history import record_rows
from bottle_tui.tui.presentation.rows import Row, Span, row, wrapped
from bottle_tui.tui.work import Deeds, work


@dataclass
class _Read(Message):
    records: tuple[Record, ...]


@dataclass
class _Lost(Message):
    line: str


class RecordPage(Reading):
    """Decides nothing."""

    def __init__(self, deeds: Deeds, slug: str, deed: Deed) -> None:
        super().__init__(f"{visible(deed.verb)} {visible(deed.what)} · {visible(slug)}", self._rows)
        self.deeds = deeds
        self.slug = slug
        self.numbers = [number for number in (deed.began, deed.n) if number is not None]
        self.records: tuple[Record, ...] | None = None
        self.trouble = ""

    def on_mount(self) -> None:
        work(self.deeds.app, self._read, _Lost, group="record", to=self)

    def _read(self) -> Message:
        return _Read(tuple(self.deeds.services.looks.record(self.slug, number) for number in self.numbers))

    def on__read(self, message: _Read) -> None:
        """It is there."""
        self.records = message.records
        self._fill()

    def on__lost(self, message: _Lost) -> None:
        """It is not to be had."""
        self.trouble = message.line
        self._fill()

    def _rows(self, width: int) -> list[Row]:
        if self.records is not None:
            return record_rows([(each.fields, each.changes) for each in self.records], width)
        if self.trouble:
            return [row(Span(f" {line}", "warn")) for line in wrapped(visible(self.trouble), width - 2)]
        return [row(Span(" reading…", "muted"))]
