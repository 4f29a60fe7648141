"""SIGTERM, SIGHUP and a closed terminal: leave the screen as it was found."""

import asyncio
import signal

from textual.app import App


def leave_cleanly(app: App[int]) -> None:
    """End the app on these signals; Textual then restores the terminal."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, app.exit, 0)
