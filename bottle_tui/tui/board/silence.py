"""An engine that does not answer: since when, and whether what was last heard still stands. Part of the board; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bottle_tui.core.views import BottleStatus


@dataclass(frozen=True)
class Silence:
    """`since` is when something was last heard; when it was first asked, if nothing ever was."""

    since: datetime
    line: str
    """The engine's own, with the remedy where there is one."""


def begun(before: Silence | None, heard_at: datetime | None, now: datetime, line: str) -> Silence:
    """It does not answer; if it has not for a while, this goes on."""
    return Silence(before.since if before else heard_at or now, line)


def unheard(bottles: Iterable[BottleStatus]) -> str | None:
    """What the bottles of a runtime say of which not one was heard; None when of each runtime some was.

    One whose record is damaged cannot be asked, and tells nothing of its engine.
    """
    recorded = [bottle for bottle in bottles if bottle.created is not None and bottle.state != "foreign"]
    answers = {bottle.runtime for bottle in recorded if bottle.state != "unknown"}
    return next((bottle.note for bottle in recorded if bottle.runtime not in answers), None)
