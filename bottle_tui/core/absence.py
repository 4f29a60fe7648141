"""What happened while nobody was here: values for the summary that greets who comes back. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Happened:
    """One line: when, in which bottle, what. Hosts in it are foreign text."""

    at: datetime
    slug: str
    what: str


@dataclass(frozen=True)
class Absence:
    """`since`: when there was last a sign of somebody. Bytes are of finished requests, as far as they were counted."""

    since: datetime
    ran_out: tuple[Happened, ...] = ()
    decided: tuple[Happened, ...] = ()
    bytes_up: int = 0
    bytes_down: int = 0
    requests: int = 0
    remark: str = ""
    """Why the bytes may be too few."""
    more_ran_out: int = 0
    more_decided: int = 0
    """How many there were beside those that are listed."""
