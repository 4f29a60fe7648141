"""A bottle that does not answer: for ten seconds as it was last heard, then not known, as of then. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from bottle_tui.core.views import BottleStatus

SILENCE = timedelta(seconds=10)
"""After which what nobody has confirmed is not known."""


def remembered(found: BottleStatus, before: BottleStatus | None, now: datetime) -> BottleStatus:
    """What is known of it now, by this look and by what was `before`. Only silence is ever covered up, and briefly."""
    if found.state != "unknown" or before is None:
        return found
    if before.state != "unknown" and before.as_of is not None and now - before.as_of <= SILENCE:
        return replace(before, note=found.note)
    return replace(found, as_of=before.as_of)
