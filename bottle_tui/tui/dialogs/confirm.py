"""Shows one thing to be sure of; only a `y` that stands alone says yes, everything else leaves."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from bottle_tui.core.arming import Refusal, Target
from bottle_tui.tui.dialogs.sure import Sure
from bottle_tui.tui.presentation.rows import Row, Span, fit_row, row
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.widgets.rows import Rows


class Confirm(Sure):
    """Ends in True or False. The card it is about stays visible above it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="confirm-leave", tooltip="Do nothing"),
        Binding("y", "guarded('y')", "yes", id="confirm-yes", tooltip="Do exactly what is shown"),
    ]

    def __init__(self, sentry: Sentry, target: Target, rows: tuple[Row, ...]) -> None:
        super().__init__(sentry, target)
        self.said = rows

    def compose(self) -> ComposeResult:
        yield Rows(id="said")

    def on_mount(self) -> None:
        said = self.query_one("#said", Rows)
        said.rows = self.said
        said.styles.height = len(self.said)
        self.call_after_refresh(self.sentry.show, "confirm", self.target)

    def refused(self, key: str, refusal: Refusal) -> None:
        """Say why the y did nothing, in its last line."""
        said = self.query_one("#said", Rows)
        said.rows = (*self.said[:-1], fit_row(row(Span(f" {key}: {refusal.of_drawn}", "warn")), self.size.width))

    def on_key(self, event: events.Key) -> None:
        """Any other key leaves."""
        event.stop()
        if event.key != "y":
            self.dismiss(False)

    def action_guarded(self, key: str) -> None:
        """The sentry hands over a y; nothing else does."""
