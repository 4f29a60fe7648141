"""What a card would grant as lines to fill in. It decides nothing: the card shows what comes of it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from bottle_tui.core.edit_form import FIELDS, fields_of, filled, prefilled
from bottle_tui.core.edits import Edit
from bottle_tui.core.narrowing import Ask
from bottle_tui.core.text import visible
from bottle_tui.tui.dialogs.typed_lines import TypedLines
from bottle_tui.tui.presentation.rows import Row, Span, cut, fit, row, rule
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.widgets.rows import Rows

LONGEST = 4_000
LABEL = 9


class Form(TypedLines[Edit]):
    """Ends in an edit, or None when the operator left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="form-leave", tooltip="Change nothing"),
        Binding("down", "app.focus_next", "next field", id="form-next", tooltip="The next field; tab too"),
        Binding("up", "app.focus_previous", "previous field", id="form-previous", tooltip="The one before"),
    ]

    def __init__(self, sentry: Sentry, ask: Ask) -> None:
        super().__init__(sentry)
        self.ask = ask

    def compose(self) -> ComposeResult:
        yield Rows(id="asked")
        texts = prefilled(self.ask)
        for name in fields_of(self.ask):
            with Horizontal(classes="field"):
                label = Rows(classes="label")
                label.rows = (row(Span(f" {fit(name, LABEL - 2)} ", "muted")),)
                yield label
                yield Input(visible(texts[name]), id=f"form-{name}", max_length=LONGEST, compact=True)
        yield Rows(id="said")

    def on_mount(self) -> None:
        title = rule(visible(f"edit {self.ask.host}"), "tab next, enter applies, esc leaves", self.app.size.width)
        self.query_one("#asked", Rows).rows = (title,)
        self.query(Input).first().focus()
        self._hint(fields_of(self.ask)[0])

    def on_descendant_focus(self) -> None:
        """Say what the field takes."""
        if isinstance(self.focused, Input):
            self._hint((self.focused.id or "").removeprefix("form-"))

    def _hint(self, name: str) -> None:
        self._say(row(Span(f" {fit(name, LABEL - 2)} ", "key"), Span(FIELDS.get(name, ""), "muted")))

    def _say(self, line: Row) -> None:
        self.query_one("#said", Rows).rows = (line,)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if self.fresh and event.value != visible(prefilled(self.ask)[(event.input.id or "").removeprefix("form-")]):
            self.dismiss(None)

    @on(Input.Submitted)
    def _sent(self) -> None:
        if self.fresh:
            return
        lines = {name: self.query_one(f"#form-{name}", Input).value for name in fields_of(self.ask)}
        found = filled(self.ask, lines)
        if found.edit is not None:
            self.dismiss(found.edit)
            return
        self.query_one(f"#form-{found.field}", Input).focus()
        why = cut(visible(f"{found.field}: {found.why}"), self.app.size.width - 2)
        self.call_after_refresh(self._say, row(Span(f" {why}", "danger")))
