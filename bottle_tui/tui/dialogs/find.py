"""The line that takes the keyboard for a filter."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from bottle_tui.tui.presentation.rows import rule
from bottle_tui.tui.widgets.rows import Rows


class Find(ModalScreen[str | None]):
    """Ends in the words to look for, "" for none, or None when the operator left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="find-leave", tooltip="Keep the filter as it was"),
    ]

    def __init__(self, now: str, title: str = "show lines with", hint: str = "a host, a method, a reason") -> None:
        super().__init__()
        self.words = now
        self.asked = title
        self.hint = hint

    def compose(self) -> ComposeResult:
        yield Rows(id="asked")
        yield Input(self.words, id="find", placeholder=self.hint, max_length=200, compact=True)

    def on_mount(self) -> None:
        self.query_one("#asked", Rows).rows = (rule(self.asked, "enter: go, esc: leave", self.app.size.width),)
        self.query_one("#find").focus()

    def deciding_keys(self) -> frozenset[str]:
        """None."""
        return frozenset()

    @on(Input.Submitted)
    def _found(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """As it was."""
        self.dismiss(None)
