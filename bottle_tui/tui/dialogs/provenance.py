"""Where a grant comes from and what it has let through, whole, to be scrolled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.message import Message

from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Row as Traffic
from bottle_tui.core.text import visible
from bottle_tui.tui.dialogs.lookup import Lookup
from bottle_tui.tui.presentation.provenance import provenance_rows
from bottle_tui.tui.presentation.rows import Row
from bottle_tui.tui.workers.deeds import Deeds


class ProvenancePage(Lookup):
    """Decides nothing; what it shows is taken back in the view below it."""

    @dataclass
    class Found(Message):
        """It is there."""

        provenance: Provenance
        traffic: tuple[Traffic, ...]

    def __init__(
        self,
        deeds: Deeds,
        slug: str,
        ask: Callable[[], Provenance],
        now: datetime,
        below: Callable[[int], list[Row]] | None = None,
    ) -> None:
        super().__init__(f"where it comes from · {visible(slug)}", deeds, self._rows)
        self.slug = slug
        self.ask = ask
        self.now = now
        self.below = below
        """What stands under it, by width: the log line that led here."""
        self.found: ProvenancePage.Found | None = None

    def look(self) -> Message:
        found = self.ask()
        traffic = self.deeds.services.looks.traffic_of(self.slug, found.grant) if found.grant else ()
        return self.Found(found, traffic)

    @on(Found)
    def _found(self, message: Found) -> None:
        self.found = message
        self._fill()

    def _rows(self, width: int) -> list[Row]:
        found = self.found
        rows = (
            self.not_yet(width) if found is None else provenance_rows(found.provenance, found.traffic, self.now, width)
        )
        return [*rows, (), *self.below(width)] if self.below else rows
