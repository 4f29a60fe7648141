"""The event in a line of a sidecar's output, where there is one. Pure; what it holds is foreign."""

import json
from typing import Any

_HEADS = (("warn", ("warning",)), ("error", ("error", "traceback", "panic", "fatal", "exception")))


def level_of_text(line: str) -> str:
    """The level of a line that is no event, by the word that it begins with."""
    head = line.lstrip()[:20].lower()
    return next((level for level, words in _HEADS if head.startswith(words)), "info")


def event_of(line: str) -> dict[str, Any] | None:
    """One JSON object with the name of an event; None for every other line."""
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None
