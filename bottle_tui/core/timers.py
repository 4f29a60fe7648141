"""What ends by itself: grants with a time or a number of uses, hosts that are not scanned for a while. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sidecar_addon.table import Route


@dataclass(frozen=True)
class Ending:
    """One of them. `what`: the rule in one word or two; the host is foreign text."""

    slug: str
    host: str
    what: str
    at: datetime | None = None
    uses: int | None = None
    """How many requests it was made for, where it ends by them."""


def endings(slug: str, routes: Iterable[Route], now: datetime) -> list[Ending]:
    """Those of one bottle that have not ended yet; what ends first comes first, what only counts comes last."""
    found: list[Ending] = []
    for route in routes:
        if route.passthrough_until is not None and route.passthrough_until > now:
            found.append(Ending(slug, route.host, "not scanned", route.passthrough_until))
        for grant in route.grants:
            if grant.expires_at is not None and grant.expires_at <= now:
                continue
            if grant.expires_at is not None or grant.uses is not None:
                found.append(Ending(slug, grant.host or route.host, _rule(grant.methods), grant.expires_at, grant.uses))
    return in_order(found)


def in_order(found: Iterable[Ending]) -> list[Ending]:
    """As the screen lists them."""
    return sorted(found, key=lambda each: (each.at is None, each.at.timestamp() if each.at else 0.0, each.host))


def _rule(methods: tuple[str, ...] | None) -> str:
    return " ".join(methods) if methods else "any method"
