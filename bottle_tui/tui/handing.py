"""Handing the terminal to somebody else, an agent or an editor, and having it back whatever becomes of them."""

import contextlib
import sys
import termios
from collections.abc import Callable, Iterator

from textual.app import App

from bottle_tui.errors import BottleError
from bottle_tui.tui.signals import Ended, ended_by_signals


def hand_over[Given](app: App[int], to: Callable[[], Given]) -> Given:
    """What `to` returns, which has the terminal meanwhile; the screen is there again also when it raises.

    Raises SuspendNotSupported; what `to` raises; Ended when the process is to end, as the app already knows.
    """
    raised: BottleError | Ended | None = None
    with app.suspend(), _settings_kept():  # what passes through `suspend` leaves the app suspended
        try:
            with ended_by_signals():
                given = to()
        except (BottleError, Ended) as error:
            raised = error
    if raised is not None:
        raise raised
    return given


@contextlib.contextmanager
def _settings_kept() -> Iterator[None]:
    """Who ends in the middle leaves the terminal in raw mode."""
    try:
        before = termios.tcgetattr(sys.__stdin__)  # type: ignore[arg-type]
    except (termios.error, TypeError, ValueError, OSError):
        before = None
    yield
    if before is not None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(sys.__stdin__, termios.TCSANOW, before)  # type: ignore[arg-type]
