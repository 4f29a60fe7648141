"""What every dialog is that takes the keyboard for lines of text."""

from textual.screen import ModalScreen

from bottle_tui.core.arming import ON_SCREEN
from bottle_tui.tui.sentry import Sentry


class TypedLines[Answer](ModalScreen[Answer | None]):
    """Ends in what was typed, or None when the operator left. No key decides while it is open."""

    def __init__(self, sentry: Sentry) -> None:
        super().__init__()
        self.sentry = sentry
        self._since: float | None = None

    def on_mount(self) -> None:
        self.call_after_refresh(self._shown)

    def _shown(self) -> None:
        self._since = self.sentry.now()

    def deciding_keys(self) -> frozenset[str]:
        """None: the keyboard belongs to the lines."""
        return frozenset()

    @property
    def fresh(self) -> bool:
        """Whether it has only just opened: whoever types letters now did not mean these lines."""
        return self._since is None or self.sentry.now() - self._since < ON_SCREEN

    def action_leave(self) -> None:
        """The safe way out."""
        self.dismiss(None)
