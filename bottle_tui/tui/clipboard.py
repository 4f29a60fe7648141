"""Copying. The terminal is asked, and does not answer: only that it was asked is known, and said.

By default tmux drops what a program asks of the terminal's clipboard, wrapped for it or not: it is asked by its own
command too, which fills its buffer and hands the text on.
"""

import os
import subprocess

from textual.app import App

from bottle_tui.core.text import visible
from bottle_tui.tui import messages as m
from bottle_tui.tui.workers.work import work

PATIENCE = 5.0


def said(what: str) -> str:
    """What is known as soon as it was asked for."""
    return f"{what}: sent to the clipboard of {'tmux and ' if os.environ.get('TMUX') else ''}the terminal"


def through_tmux(app: App[int], text: str) -> None:
    """Off the loop; ends in `Copied`."""
    if os.environ.get("TMUX") and not app.is_headless:
        work(app, lambda: m.Copied(into_tmux(text)), m.Copied, group="copy")


def into_tmux(text: str) -> str:
    """What went wrong, in one line; nothing when all is well."""
    try:
        ran = subprocess.run(
            ["tmux", "load-buffer", "-w", "-"], input=text.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"not copied, tmux does not answer: {visible(str(error))}"
    why = visible(ran.stderr.decode("utf-8", "replace").strip())
    return f"not copied, tmux says: {why or ran.returncode}" if ran.returncode else ""
