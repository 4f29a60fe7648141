"""What the operator's attention needs from the services: denied-not-asked, timers, mutes; plain callables for tests."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

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
    muted: Callable[[], Mapping[str, datetime]] = dict
    """Slug → until when."""
