"""Our own dark and light palettes: calm, few colours, each with one meaning. The plain ANSI ones are Textual's."""

import os

from textual.app import App
from textual.theme import Theme

DARK = Theme(
    name="bottle-dark",
    primary="#7aa2c8",
    secondary="#8f9bb3",
    accent="#8fc1e3",
    warning="#d9b36a",
    error="#e8736f",
    success="#86c08a",
    foreground="#d5d9e0",
    background="#12151a",
    surface="#171b21",
    panel="#1d222a",
    dark=True,
    variables={"muted": "#828c9b", "faint": "#4a525e", "rule": "#39414c", "cursor": "#1f2a36", "quote": "#a9a3c4"},
)
LIGHT = Theme(
    name="bottle-light",
    primary="#2b5f8f",
    secondary="#5a6577",
    accent="#1f6aa5",
    warning="#8a5a00",
    error="#b3261e",
    success="#22702c",
    foreground="#1d232b",
    background="#fafaf7",
    surface="#f2f2ee",
    panel="#e9e9e4",
    dark=False,
    variables={"muted": "#66707e", "faint": "#a9b0ba", "rule": "#c9cdd2", "cursor": "#e3ecf4", "quote": "#5c5485"},
)
THEMES = (DARK, LIGHT)
VARIABLES = {"muted": "#808a98", "faint": "#6a727d", "rule": "#6a727d", "cursor": "#6a727d 30%", "quote": "#9a8fc0"}
"""For themes that are not ours."""


SHORT = {"dark": "bottle-dark", "light": "bottle-light", "ansi": "ansi-dark"}


def use_themes(app: App[int], wished: str | None) -> None:
    """Register ours; begin with the wished one, else the one that BOTTLE_TUI_THEME names, else the dark one."""
    for theme in THEMES:
        app.register_theme(theme)
    name = wished or os.environ.get("BOTTLE_TUI_THEME", "")
    name = SHORT.get(name, name)
    app.theme = name if name in app.available_themes else DARK.name
