"""What every dialog is that only a `y` gets through: one that stands alone, about what has been on screen."""

from textual.screen import ModalScreen

from bottle_tui.core.arming import Decision, Target
from bottle_tui.tui.sentry import Sentry


class Sure(ModalScreen[bool]):
    """Ends in True or False. Whoever draws it tells the sentry once its target is on screen."""

    def __init__(self, sentry: Sentry, target: Target) -> None:
        super().__init__()
        self.sentry = sentry
        self.target = target

    def on_unmount(self) -> None:
        self.sentry.show("confirm", None)

    def deciding_keys(self) -> frozenset[str]:
        """Only the yes."""
        return frozenset("y")

    def decide(self, decision: Decision) -> None:
        """The y stood alone, on what this dialog shows."""
        if decision.key == "y" and decision.target == self.target:
            self.dismiss(True)

    def action_leave(self) -> None:
        """The safe way out."""
        self.dismiss(False)
