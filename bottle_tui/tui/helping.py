"""Textual's own help panel on this dashboard: over everything where both do not fit, and read with the keys."""

from typing import Any

from textual import events
from textual.screen import Screen
from textual.widgets import HelpPanel, KeyPanel

BESIDE = 106
"""Columns from which the panel stands beside a view that is still whole: 46 of its own, and 60."""
PAGES = {"pagedown": "page_down", "pageup": "page_up"}
LINES = {
    "space": "page_down", "j": "down", "down": "down", "k": "up", "up": "up",
    "g": "home", "home": "home", "G": "end", "end": "end",
}  # fmt: skip


def covers(screen: Screen[Any]) -> bool:
    """Whether the panel is open and hides what is below it."""
    return screen.size.width < BESIDE and bool(screen.query(HelpPanel))


def takes(screen: Screen[Any], event: events.Event) -> bool:
    """Whether a key is the panel's: it scrolls it, or takes it away; and nobody else may act on it."""
    if not isinstance(event, events.Key) or event.is_forwarded or not screen.query(HelpPanel):
        return False
    pressed = event.character if event.is_printable and event.character and event.key != "space" else event.key
    over = covers(screen)
    way = PAGES.get(pressed) or (LINES.get(pressed) if over else None)
    if way is not None:
        getattr(screen.query_one(KeyPanel), f"scroll_{way}")(animate=False)
        return True
    if event.key == "escape" or (over and not event.key.startswith("ctrl+")):
        screen.query(HelpPanel).remove()
        return True
    return False
