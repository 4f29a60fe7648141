"""One deed of the ledger, whole: its records, and where what it brought comes from."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.message import Message

from bottle_tui.core.deeds import Deed
from bottle_tui.core.text import visible
from bottle_tui.services.history import Record
from bottle_tui.tui.dialogs.lookup import Lookup
from bottle_tui.tui.presentation.record_rows import record_rows
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.workers.deeds import Deeds


class RecordPage(Lookup):
    """Decides nothing."""

    WAITING: ClassVar[str] = "reading…"

    @dataclass
    class Read(Message):
        """It is there."""

        records: tuple[Record, ...]

    def __init__(self, deeds: Deeds, slug: str, deed: Deed) -> None:
        super().__init__(f"{visible(deed.said)} {visible(deed.what)} · {visible(slug)}", deeds, self._rows)
        self.slug = slug
        self.numbers = [number for number in (deed.began, deed.n) if number is not None]
        self.records: tuple[Record, ...] | None = None

    def look(self) -> Message:
        return self.Read(tuple(self.deeds.services.looks.record(self.slug, number) for number in self.numbers))

    @on(Read)
    def _read(self, message: Read) -> None:
        self.records = message.records
        self._fill()

    def _rows(self, width: int) -> list[Row]:
        if self.records is None:
            return self.not_yet(width)
        return record_rows([(each.fields, each.changes) for each in self.records], width)
