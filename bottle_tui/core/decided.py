"""One decision of the ledger as the screen lists it: who, what, and how much of it was used since. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Decided:
    """`verb` as it reads: "approved", or "approve" where it did not come to that. `what` is foreign text."""

    slug: str
    at: datetime
    actor: str
    verb: str
    what: str
    ok: bool
    brings: bool = False
    """Whether it brought a grant that can be used."""
    used: int | None = None
    """Requests that it has admitted since; None where nobody has counted."""


def latest(found: Iterable[Decided], most: int) -> list[Decided]:
    """The newest first."""
    return sorted(found, key=lambda each: each.at, reverse=True)[:most]
