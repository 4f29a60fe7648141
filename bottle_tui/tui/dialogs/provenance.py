"""Where a grant comes from and what it has let through: read in a worker, whole, to be scrolled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from textual.message import Message

from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Row as Traffic
from bottle_tui.core.text import visible
from bottle_tui.tui.dialogs.reading import Reading
from bottle_tui.tui.presentation.provenance import provenance_rows
from bottle_tui.tui.presentation.rows import Row, Span, row, wrapped
from bottle_tui.tui.work import Deeds, work


@dataclass
class _Found(Message):
    provenance: Provenance
    traffic: tuple[Traffic, ...]


@dataclass
class _Lost(Message):
    line: str


class ProvenancePage(Reading):
    """Decides nothing; what it shows is taken back in the view below it."""

    def __init__(
        self,
        deeds: Deeds,
        slug: str,
        ask: Callable[[], Provenance],
        now: datetime,
        below: Callable[[int], list[Row]] | None = None,
    ) -> None:
        super().__init__(f"where it comes from · {visible(slug)}", self._rows)
        self.deeds = deeds
        self.slug = slug
        self.ask = ask
        self.now = now
        self.below = below
        """What stands under it, by width: the log line that led here."""
        self.found: _Found | None = None
        self.trouble = ""

    def on_mount(self) -> None:
        work(self.deeds.app, self._read, _Lost, group="provenance", to=self)

    def _read(self) -> Message:
        found = self.ask()
        traffic = self.deeds.services.looks.traffic_of(self.slug, found.grant) if found.grant else ()
        return _Found(found, traffic)

    def on__found(self, message: _Found) -> None:
        """It is there."""
        self.found = message
        self._fill()

    def on__lost(self, message: _Lost) -> None:
        """It is not to be had."""
        self.trouble = message.line
        self._fill()

    def _rows(self, width: int) -> list[Row]:
        rows = self._told(width)
        return [*rows, (), *self.below(width)] if self.below else rows

    def _told(self, width: int) -> list[Row]:
        if self.found is not None:
            return provenance_rows(self.found.provenance, self.found.traffic, self.now, width)
        if self.trouble:
            return [row(Span(f" {line}", "warn")) for line in wrapped(visible(self.trouble), width - 2)]
        return [row(Span(" looking it up…", "muted"))]
