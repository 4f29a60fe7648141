"""Which grant decided the log line under the cursor: looked up in a worker, again while the cursor rests there."""

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from bottle_tui.core import log_subject
from bottle_tui.core.arming import Target
from bottle_tui.core.provenance import Provenance
from bottle_tui.core.text import visible
from bottle_tui.core.views import LogLine
from bottle_tui.tui import findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.wiring.looks import Looks
from bottle_tui.tui.workers.work import work

if TYPE_CHECKING:
    from bottle_tui.tui.screens.view import View

AGAIN = 2.0
"""Seconds after which what was found is looked up anew."""


def origin_of(looks: Looks, slug: str, line: LogLine) -> Provenance:
    """Of a line, or why there is none. May block."""
    about = log_subject.subject(line)
    if about is None:
        return Provenance(slug, "", "none", log_subject.why_none(line))
    return looks.of_event(slug, about)


class Origin:
    """Owns the answer for one line; an answer that comes for another line is dropped."""

    def __init__(self, view: "View") -> None:
        self._view = view
        self.forget()

    def forget(self) -> None:
        """Nothing is known any more."""
        self._line: LogLine | None = None
        self._number = getattr(self, "_number", 0) + 1
        self._asking = False
        self._at = 0.0
        self.asked = False
        """Whether the line is about something that a grant may stand behind."""
        self.found: Provenance | None = None
        self.trouble = ""

    def looks_at(self, line: LogLine | None) -> None:
        """The cursor rests on this line."""
        if line is not self._line:
            self.forget()
            self._line = line
        about = log_subject.subject(line) if line is not None else None
        if line is None or about is None:
            return
        self.asked = True
        if not self._asking and (not self._at or monotonic() - self._at >= AGAIN):
            self._ask(line.slug, about)

    def _ask(self, slug: str, event: Mapping[str, Any]) -> None:
        self._asking = True
        number, looks, view = self._number, self._view.deeds.services.looks, self._view
        work(
            view.deeds.app,
            lambda: findings.OriginFound(number, looks.of_event(slug, event)),
            lambda line: findings.OriginLost(number, line),
            group="origin",
            to=view,
        )

    def learned(self, message: findings.OriginFound) -> None:
        """It is known."""
        if message.number == self._number:
            self._asking, self._at = False, monotonic()
            self.found, self.trouble = message.provenance, ""

    def lost(self, message: findings.OriginLost) -> None:
        """It is not to be had; what was known is not known any more."""
        if message.number == self._number:
            self._asking, self._at = False, monotonic()
            self.found, self.trouble = None, message.line

    def target(self, board: Board) -> Target | None:
        """What `u` would take back: the grant that was found, as it stands in the table."""
        found = self.found
        if found is None or found.standing is None or board.read_only or found.grant in board.applying:
            return None
        return Target(found.grant, f"{found.slug} {found.digest}")

    def revoke(self) -> None:
        """`u` stood alone on it."""
        if (found := self.found) is not None and found.standing is not None:
            self._view.begin(found.grant, "revoking", f"{visible(found.host)} for {found.slug}: taking it back")
            self._view.deeds.revoke(found.slug, found.grant, found.standing)
            self.forget()
