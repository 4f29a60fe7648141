"""A worker: what may block runs in a thread, and ends in exactly one of two messages."""

from collections.abc import Callable

from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from bottle_tui.errors import BottleError


def work(
    app: App[int],
    ask: Callable[[], Message],
    failed: Callable[[str], Message],
    *,
    group: str,
    to: MessagePump | None = None,
) -> None:
    """Run `ask` in a thread; post what it returns, or what `failed` makes of the error, to the app or a screen."""

    def run() -> None:
        try:
            message = ask()
        except BottleError as error:
            message = failed(str(error))
        except Exception as error:  # noqa: BLE001 - a worker's boundary: whatever it is, the screen says so
            message = failed(f"{type(error).__name__}: {error}")
        (to or app).post_message(message)

    app.run_worker(run, thread=True, group=group, exit_on_error=False)
