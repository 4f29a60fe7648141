"""What the deciding keys of a view are about, and what they do in every view."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from bottle_tui.core.arming import Decision, Part, Refusal, Target
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import targets
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.presentation.questions import asked_rows
from bottle_tui.tui.screens.frame import Frame
from bottle_tui.tui.sentry import SLOTS, Sentry
from bottle_tui.tui.workers.deeds import Deeds

DECIDING = frozenset("aruoX")


class View(Frame):
    """A view that decides. Its deciding keys never reach it as actions: the sentry hands over decisions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "u",
            "guarded('u')",
            "undo",
            id="undo",
            tooltip="Take back: the approval in the result line; on 3, 4, 5 the grant under the cursor",
        ),
        Binding("o", "guarded('o')", "reopen", id="reopen", tooltip="Take back the rejection in the result line"),
        Binding(
            "X", "guarded('X')", "quarantine", id="quarantine", tooltip="Cut this bottle off from everything, at once"
        ),
    ]

    def __init__(self, sentry: Sentry, deeds: Deeds) -> None:
        super().__init__(sentry)
        self.deeds = deeds
        self._told: dict[str, tuple[Target | None, frozenset[Part]]] = {}

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[Part]]]:
        """What the deciding keys are about here, and which of its risks are visible."""
        return {"result": (targets(board)["result"], frozenset())}

    @property
    def bottle(self) -> str | None:
        """The bottle that is looked at here: the view that is opened next turns to it."""
        return None

    def turn_to(self, slug: str) -> None:
        """Look at this bottle, where one is looked at and it is there."""

    # The guard

    def drawn(self, board: Board | None) -> None:
        self._tell(self.about(board) if board else {})

    def uncovered(self) -> None:
        self._told.clear()

    def _tell(self, about: Mapping[str, tuple[Target | None, frozenset[Part]]]) -> None:
        told = {slot: about.get(slot, (None, frozenset())) for slot in ("card", "result", "bottle")}
        for slot, (target, _) in told.items():
            self.sentry.clears(slot, target)
        if told != self._told:
            self._told = told
            self.call_after_refresh(self._painted, told)

    def rearm(self, slot: str) -> None:
        """What is there counts as new on screen from the next paint on."""
        self.sentry.clears(slot, None)
        self._told = {}

    def _painted(self, told: dict[str, tuple[Target | None, frozenset[Part]]]) -> None:
        if told is not self._told or self not in self.app.screen_stack:
            return
        for slot, (target, seen) in told.items():
            self.sentry.show(slot, target, seen)
        self.set_timer(0.42, self.draw)

    def deciding_keys(self) -> frozenset[str]:
        """All of them, when there is anything to see."""
        return frozenset() if self.too_small else DECIDING

    def refused(self, key: str, refusal: Refusal) -> None:
        """A deciding key did nothing: the footer says why."""
        self.tell(self.why_not(key, refusal))

    def why_not(self, key: str, refusal: Refusal) -> str:
        """The refusal in this view's words."""
        if refusal is Refusal.NOTHING and self.board and self.board.read_only:
            return f"{key}: read-only"
        if self.board and self.about(self.board).get(SLOTS.get(key, ""), (None,))[0]:
            return f"{key}: {refusal.of_drawn}"
        if refusal is Refusal.NOTHING and key == "X":
            return "X: which bottle? choose it in 2 Bottles"
        return f"{key}: {refusal.value}"

    def decide(self, decision: Decision) -> None:
        """A key stood alone on what was shown."""
        board = self.board
        if board is None or board.read_only:
            return
        last = board.last
        match decision.key:
            case "u" if last and last.undo and last.id == decision.target.id:
                self.begin(last.id, "undo", f"taking back: {last.text}")
                self.deeds.undo(last.id)
            case "o" if last and last.reopen and last.id == decision.target.id:
                self.begin(last.id, "reopen", f"reopening: {last.text}")
                self.deeds.reopen(last.id)
            case "X":
                self.begin(decision.target.id, "quarantine", f"{decision.target.id}: cutting it off")
                self.deeds.quarantine(decision.target.id)
            case "u" | "o":
                self.tell(f"{decision.key}: nothing here to take back")

    def begin(self, id: str, verb: str, line: str) -> None:
        """Say that a worker has begun."""
        self.post_message(m.DecisionBegan(verb, id, line))

    def action_guarded(self, key: str) -> None:
        """What the bindings of deciding keys run: nothing. The sentry hands over decisions, and only of keys."""

    def ask(self, key: str) -> None:
        """A deciding action chosen by name in the palette: shown once more, done by a `y` that stands alone."""
        board = self.board
        if board is None or board.read_only:
            self.tell("read-only")
            return
        target, line = self.offer(key, board)
        if target is None:
            self.tell(line)
            return
        decision = Decision(key, target)
        rows = asked_rows(line, self.size.width)
        self.app.push_screen(Confirm(self.sentry, target, rows), lambda yes: self.decide(decision) if yes else None)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        """What that key would act on, and the sentence for it; None and why not."""
        last = board.last
        if key == "X":
            target = self.about(board).get("bottle", (None,))[0]
            return (target, f"cut {target.id} off from everything") if target else (None, "no bottle here")
        if last and ((key == "u" and last.undo) or (key == "o" and last.reopen)):
            return targets(board)["result"], f"take back: {last.text}"
        return None, "nothing here to take back"

    def action_release(self) -> None:
        """Let the bottle here out of quarantine, after a `y`."""
        board = self.board
        target, _ = self.offer("X", board) if board else (None, "")
        if board is None or target is None:
            self.tell("no bottle here to release")
            return
        slug = target.id

        def answered(yes: bool | None) -> None:
            if yes:
                self.begin(slug, "release", f"{slug}: letting it out")
                self.deeds.release(slug)

        rows = asked_rows(f"let {slug} out of quarantine: all its routes work again", self.size.width)
        self.app.push_screen(Confirm(self.sentry, Target(slug, "release"), rows), answered)
