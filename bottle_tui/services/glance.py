"""What this machine's files alone say of the bottles, for a status bar: no engine is asked, no lock is taken.

Light on purpose, since it is run every few seconds: nothing here loads YAML, the parser or a runtime.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bottle_tui.core import unanswered
from bottle_tui.errors import BottleError

if TYPE_CHECKING:
    from bottle_tui.ports import BottleHome, Clock, Home

type GlanceState = Literal["running", "stopped", "quarantined", "starting", "recorded"]

KNOWN_FOR = timedelta(minutes=2)
"""How long a count stands after the bottle's queue was last read by somebody."""
BUDGET_SECONDS = 0.5
_UNDECIDED = ("pending", "failed")
_NAME = re.compile(r"^([0-7][0-9A-HJKMNP-TV-Z]{25})(\.note)?\.json$")
_SUPERVISE = "local/supervise/var/lib/supervise/proposals"


@dataclass(frozen=True)
class BottleGlance:
    """One bottle. `recorded`: it is in a container, and only its engine knows whether it runs."""

    slug: str
    runtime: str
    state: GlanceState
    waiting: int
    known: bool
    """Whether `waiting` is how it is, and not how it was when somebody last looked."""
    seen_at: datetime | None
    unconfirmed: bool = False
    """Whether a quarantine was asked for that nobody is known to have confirmed."""


@dataclass(frozen=True)
class Glance:
    """All bottles that are not down. `partial`: there was more than could be read in the time."""

    bottles: tuple[BottleGlance, ...]
    partial: bool = False

    @property
    def waiting(self) -> int:
        """Proposals without a decision, as far as they have been seen."""
        return sum(each.waiting for each in self.bottles)

    @property
    def known(self) -> bool:
        """Whether `waiting` is all there is."""
        return not self.partial and all(each.known for each in self.bottles)

    @property
    def up(self) -> int:
        """Bottles that are not known to be stopped."""
        return sum(each.state != "stopped" for each in self.bottles)

    @property
    def quarantined(self) -> int:
        """Bottles that were last seen cut off, the gate having confirmed it."""
        return sum(each.state == "quarantined" for each in self.bottles)


def glance(home: "Home", clock: "Clock", alive: Callable[["BottleHome"], bool]) -> Glance:
    """Read what is there, for half a second at most. `alive` says whether a local bottle's process runs."""
    deadline = clock.monotonic() + BUDGET_SECONDS
    found: list[BottleGlance] = []
    partial = False
    for slug in home.slugs():
        if clock.monotonic() > deadline:
            return Glance(tuple(found), partial=True)
        try:
            one, whole = _bottle(home.bottle(slug), clock, deadline, alive)
        except (BottleError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            partial = True  # a damaged file: `ps` and `doctor` say which
            continue
        found += [one] if one else []
        partial |= not whole
    return Glance(tuple(found), partial)


def line(found: Glance, *, plain: bool) -> str:
    """One line for a status bar, e.g. "3⏳ 2● 1✕", in plain ASCII "3w 2b 1q". `?`: the number may be old."""
    if not found.bottles:
        return "?" if found.partial else "no bottles"
    wait, bottle, cut = ("w", "b", "q") if plain else ("⏳", "●", "✕")
    count = str(found.waiting) if found.known or found.waiting else ""
    parts = [f"{count}{'' if found.known else '?'}{wait}", f"{found.up}{bottle}"]
    return " ".join([*parts, f"{found.quarantined}{cut}"] if found.quarantined else parts)


def _bottle(
    home: "BottleHome", clock: "Clock", deadline: float, alive: Callable[["BottleHome"], bool]
) -> tuple[BottleGlance | None, bool]:
    data = home.read("bottle.json")
    if data is None:
        return None, True
    record: dict[str, Any] = json.loads(data)
    local = record["runtime"] == "local"
    running = local and alive(home)
    state = _state(home, record, local=local, running=running)
    now = clock.now()
    waiting, whole = _waiting(home, str(record["incarnation"]), running, now, lambda: clock.monotonic() <= deadline)
    seen = _seen(home)
    # Proposals of a local bottle lie on this disk; nobody has to have fetched them.
    known = whole and (local or (seen is not None and -KNOWN_FOR <= now - seen <= KNOWN_FOR))
    wished, confirmed = _quarantine(home)
    unconfirmed = wished and not confirmed and state != "stopped"
    return BottleGlance(home.slug, str(record["runtime"]), state, waiting, known, seen, unconfirmed), whole


def _state(home: "BottleHome", record: dict[str, Any], *, local: bool, running: bool) -> GlanceState:
    if record["details"].get("starting"):
        return "starting"
    if local and not running:
        return "stopped"
    if _quarantine(home)[1]:
        return "quarantined"
    return "running" if running else "recorded"


def _quarantine(home: "BottleHome") -> tuple[bool, bool]:
    """Whether it was asked for, and whether whoever looked last found it confirmed. The file alone proves nothing."""
    data = home.read("quarantined")
    if data is None:
        return False, False
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return True, False
    return True, isinstance(value, dict) and value.get("confirmed") is True


def _waiting(
    home: "BottleHome", incarnation: str, running: bool, now: datetime, in_time: Callable[[], bool]
) -> tuple[int, bool]:
    """How many proposals wait, and whether all were looked at."""
    names = home.names("queue")
    noted = _ids(name for name in names if name.endswith(".note.json"))
    fresh = _ids(home.names(_SUPERVISE)) - noted if running else set()
    count = len(fresh)
    for identity in noted:
        if not in_time():
            return count, False
        count += _waits(home, identity, incarnation, now)
    return count, True


def _ids(names: Any) -> set[str]:
    return {match.group(1) for name in names if (match := _NAME.match(name))}


def _waits(home: "BottleHome", identity: str, incarnation: str, now: datetime) -> bool:
    data = home.read(f"queue/{identity}.decision.json")
    decision = None if data is None else json.loads(data)
    if decision is not None and decision["status"] not in _UNDECIDED:
        return False
    data = home.read(f"queue/{identity}.note.json")
    note = None if data is None else json.loads(data)
    if note is None or note["incarnation"] != incarnation or note.get("by_operator") is True:
        return False
    tried = datetime.fromisoformat(decision["decided_at"]) if decision is not None else None
    return not unanswered.is_over(unanswered.since(datetime.fromisoformat(note["seen_at"]), tried), now)


def _seen(home: "BottleHome") -> datetime | None:
    data = home.read("queue/seen")
    return None if data is None else datetime.fromisoformat(data.decode("ascii"))
