"""All marked asks with every line of their changes. A `y` that stands alone decides them, once all was on screen."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from bottle_tui.core.arming import Refusal, Target
from bottle_tui.core.views import Card
from bottle_tui.core.words import counted
from bottle_tui.tui.dialogs.sure import Sure
from bottle_tui.tui.presentation.batch_rows import batch_rows
from bottle_tui.tui.presentation.rows import Row, Span, cut, fit_row, row, rule, spread
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.widgets.rows import Rows

MOVES = frozenset({"j", "down", "k", "up", "pagedown", "space", "G", "end", "pageup", "g", "home"})


class Batch(Sure):
    """Ends in True or False. Until all of it has been scrolled to, there is nothing that a `y` could be about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="batch-leave", tooltip="Decide nothing"),
        Binding("j,down", "scroll(1)", "down", id="batch-down", tooltip="One line down"),
        Binding("k,up", "scroll(-1)", "up", id="batch-up", tooltip="One line up"),
        Binding("pagedown,space,G,end", "page(1)", "further", id="batch-page", tooltip="A page down: none is left out"),
        Binding("pageup,g,home", "page(-1)", "back", id="batch-page-back", tooltip="A page up"),
    ]

    def __init__(self, sentry: Sentry, target: Target, cards: tuple[Card, ...], verb: str = "approve") -> None:
        super().__init__(sentry, target)
        self.cards = cards
        self.verb = verb
        self._top = 0
        self._seen = 0
        self._left = 1
        self._note = ""

    def compose(self) -> ComposeResult:
        yield Rows(id="page")

    @on(Rows.Resized)
    def fill(self) -> None:
        """Draw it; when the last line has been on screen, the `y` is armed as for any card."""
        page = self.query_one("#page", Rows)
        width, height = page.size.width, page.size.height
        if not height:
            return
        rows, room = batch_rows(self.cards, width), max(height - 2, 1)
        self._top = max(0, min(self._top, len(rows) - room))
        shown = rows[self._top : self._top + room]
        if self._top <= self._seen:
            self._seen = max(self._seen, self._top + len(shown))
        left = self._left = len(rows) - self._seen
        blank: list[Row] = [()] * max(room - len(shown), 0)
        head = rule(
            f"{self.verb} these {len(self.cards)}",
            f"{counted(left, 'line')} further down" if left else "",
            width,
            "warn",
        )
        page.rows = (head, *shown, *blank, self._keys(left, width))
        self.call_after_refresh(self.sentry.show, "confirm", None if left else self.target)

    def _keys(self, left: int, width: int) -> Row:
        if self._note:
            return fit_row(row(Span(" " + cut(self._note, width - 2), "warn")), width)
        yes = (
            row(Span(" j ", "key"), Span(f"{counted(left, 'more line')} first"))
            if left
            else row(Span(" y ", "key"), Span("do it" if self.verb == "approve" else "and why"))
        )
        return spread(yes, row(Span("esc ", "key"), Span("leave them ")), width)

    def refused(self, key: str, refusal: Refusal) -> None:
        """Say why the y did nothing."""
        unread = refusal is Refusal.NOTHING and self._left > 0
        self._note = f"{key}: {'scroll to the end first (j)' if unread else refusal.of_drawn}"
        self.fill()

    def on_key(self, event: events.Key) -> None:
        """Any key that does not scroll leaves."""
        if event.key not in {*MOVES, "y", "escape"}:
            event.stop()
            self.dismiss(False)

    def action_page(self, by: int) -> None:
        """By what is on screen at once, so that no line is passed by unseen."""
        self.action_scroll(by * max(self.query_one("#page", Rows).size.height - 2, 1))

    def action_scroll(self, by: int) -> None:
        """By lines."""
        self._top += by
        self._note = ""
        self.fill()
