"""The keys that change what the open card would grant. None of them decides; each re-arms what `a` is about."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from bottle_tui.core import edit_form, narrowing
from bottle_tui.core.edits import Edit
from bottle_tui.tui import messages as m
from bottle_tui.tui.board.deciding import problem
from bottle_tui.tui.dialogs.form import Form
from bottle_tui.tui.screens.view import View


class NarrowingView(View):
    """A view with an open card that can be changed before it is decided."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "step('=')", "fit to what was denied", id="fit", key_display="=",
                tooltip="The narrowest paths, methods and ports that admit what was denied"),
        Binding("minus", "step('-')", "narrower path", id="narrower", key_display="-",
                tooltip="One step down, towards the paths that were seen"),
        Binding("plus", "step('+')", "wider path", id="wider", key_display="+",
                tooltip="One step up: what was asked, its folders, every path"),
        Binding("m", "step('m')", "methods", id="methods",
                tooltip="Those seen, GET and HEAD, every method, as asked"),
        Binding("w", "step('w')", "exact host or wildcard", id="wildcard",
                tooltip="The exact host, or the names beside and below it; never a public suffix"),
        Binding("s", "step('s')", "scanned or passthrough", id="scan",
                tooltip="Whether pipelock reads what goes there; the price is on the card"),
        Binding("t", "step('t')", "until when", id="until",
                tooltip="Bottle stops, 1 request, 15 min, 1 h, 8 h, always"),
        Binding("0,backspace", "step('0')", "as asked", id="as-asked", key_display="0",
                tooltip="Take back every change of the open card"),
        Binding("e", "edit_ask", "edit", id="edit-ask",
                tooltip="Host, paths, methods, ports, scan and time as lines to fill in"),
    ]  # fmt: skip

    def action_step(self, key: str) -> None:
        """One step of one key."""
        ask = self.board.ask if self.board else None
        if ask is None:
            self.tell(f"{key}: {self._why_nothing()}")
            return
        step = narrowing.STEPS[key](ask)
        if step.edit is None:
            self.tell(f"{key}: {step.why}")
        else:
            self._wish(step.edit)

    def action_edit_ask(self) -> None:
        """The form."""
        ask = self.board.ask if self.board else None
        card = self.board.open_card if self.board else None
        if ask is None or card is None or not edit_form.fields_of(ask):
            self.tell(f"e: {self._why_nothing() if ask is None else 'nothing of a rebuild can be edited'}")
            return

        def answered(edit: Edit | None) -> None:
            if edit is not None:
                self.post_message(m.Edited(card.id, edit))

        self.app.push_screen(Form(self.sentry, ask), answered)

    def _wish(self, edit: Edit) -> None:
        self.hush()  # what was said of another key is over
        if self.board and (card := self.board.open_card):
            self.post_message(m.Edited(card.id, edit))

    def _why_nothing(self) -> str:
        return (problem(self.board) if self.board else None) or "nothing here to change"
