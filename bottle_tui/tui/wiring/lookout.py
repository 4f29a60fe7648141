"""What the operator's attention needs from the services: denied-not-asked, timers, mutes; plain callables for tests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottle_tui.core.absence import Absence
from bottle_tui.core.decided import Decided
from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.timers import Ending


def _nothing(*_: object) -> None:
    """Where no service stands behind it."""


@dataclass(frozen=True)
class Lookout:
    """Everything here may block; it is called in workers only."""

    denied: Callable[[Iterable[str] | None], list[DeniedGroup]] = lambda slugs: []
    """Groups of all bottles; only those slugs are read anew, None: all."""
    endings: Callable[[], list[Ending]] = list
    propose: Callable[[str, str, str], str] = lambda slug, host, method: ""
    """Slug, host, method → the id of the operator's own proposal."""
    withdraw: Callable[[str], object] = _nothing
    mute: Callable[[str, datetime | None], str] = lambda slug, until: ""
    """Slug and until when, None: no longer. Returns the line to show."""
    absence: Callable[[datetime], Absence] = Absence
    """What happened since then."""
    settle: Callable[[], list[str]] = list
    """Mutes that are over, asks that nobody answered for a day. Not for a read-only dashboard."""
    notify: Callable[[Sequence[str], Mapping[str, Any]], object] = _nothing
    """Run `notify.command`."""
    stamp: Callable[[], object] = object
    """Cheap; equal to the last one when nothing on the host has changed. The default is never equal."""
    muted: Callable[[], Mapping[str, datetime]] = dict
    """Slug → until when."""
    decisions: Callable[[], list[Decided]] = list
    """The last ones, the newest first, with the use of what they brought."""
