"""The line that takes the keyboard for a rejection's reason."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from bottle_tui.tui.dialogs.typed_lines import TypedLines
from bottle_tui.tui.presentation.rows import Row, Span, cut, row, rule
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.widgets.rows import Rows

READY = (
    "not needed for this task",
    "too wide: ask for the exact path and method",
    "use what is already allowed, see list-egress-routes",
    "not now: go on without it",
)
MAX_REASON = 500


class ReasonInput(Input):
    """An input whose digits fill in a ready reason while it is empty."""

    def on_key(self, event: events.Key) -> None:
        if not self.value and event.character in ("1", "2", "3", "4"):
            event.stop()
            event.prevent_default()
            self.value = READY[int(event.character) - 1]
            self.cursor_position = len(self.value)


class Reason(TypedLines[str]):
    """Ends in the reason, or None when the operator left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="reason-leave", tooltip="Reject nothing"),
    ]

    def __init__(self, sentry: Sentry, asked: Row) -> None:
        super().__init__(sentry)
        self.asked = asked

    def compose(self) -> ComposeResult:
        yield Rows(id="asked")
        yield ReasonInput(id="reason", placeholder="why not? the agent reads it", max_length=MAX_REASON, compact=True)
        yield Rows(id="ready")

    def on_mount(self) -> None:
        width = self.app.size.width
        title = "".join(span.text for span in self.asked).strip()
        self.query_one("#asked", Rows).rows = (rule(title, "enter sends, esc leaves", width),)
        self.query_one("#ready", Rows).rows = tuple(
            row(Span(f" {number} ", "key"), Span(cut(reason, width - 4), "muted"))
            for number, reason in enumerate(READY, start=1)
        )
        self.query_one("#reason").focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.value and self.fresh and event.value not in READY:
            self.dismiss(None)

    @on(Input.Submitted)
    def _sent(self, event: Input.Submitted) -> None:
        reason = event.value.strip()
        if reason and not self.fresh:
            self.dismiss(reason)
