"""Grants that are over, and what became of each: its time ran out, it was used up, or it was taken back. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bottle_tui.core import denials, touched
from bottle_tui.core.evidence import Denial, Over
from sidecar_addon.table import Grant, Route, Table
from sidecar_addon.table_parser import parse
from sidecar_addon.times import parse_time

type Bygone = tuple[Table, Over]
"""What a grant alone admitted while it was in force, and how it ended."""
TAKES = frozenset({"revoke", "expire", "routes"})
"""What takes grants out of a table; another approval may only put one in another's place."""


def bygone(records: Iterable[Mapping[str, Any]], live: Table, now: datetime) -> list[Bygone]:
    """By ledger records and the table that is in force: the one that ended last comes first."""
    found = [
        (_alone(route, grant), Over("ran out", grant.expires_at))
        for route, grant in live.grants()
        if grant.expires_at is not None and grant.expires_at <= now
    ]
    for record in records:
        found += _of_record(record)
    return sorted(found, key=lambda each: each[1].at, reverse=True)


def over(found: Iterable[Bygone], host: str, listed: Sequence[Denial], now: datetime) -> Over | None:
    """How the last one ended that would have admitted any of these denials of a host; None when there was none."""
    near = (each for each in found if denials.reaches(each[0].routes[0].host, host))
    return next((end for table, end in near if any(denials.admits(table, each, now) for each in listed)), None)


def _of_record(record: Mapping[str, Any]) -> Iterator[Bygone]:
    of = record.get("of")
    if record.get("kind") != "result" or record.get("in_force") is not True or of not in TAKES:
        return
    try:
        at = parse_time(str(record.get("time")))
        gone = _gone(record)
    except (ValueError, KeyError, TypeError):
        return
    for route, grant in gone.grants():
        if grant.expires_at is not None and grant.expires_at <= at:
            yield _alone(route, grant), Over("ran out", grant.expires_at)
        else:
            by = "" if of == "expire" else str(record.get("actor") or "")
            yield _alone(route, grant), Over("used up" if of == "expire" else "revoked", at, by)


def _gone(record: Mapping[str, Any]) -> Table:
    """Only the grants that it took out: a table of thousands of routes is not read for one of them."""
    left = {grant["id"] for route in _routes(record, "after") for grant in route["grants"]}
    routes = []
    for route in _routes(record, "before"):
        taken = [grant for grant in route["grants"] if grant["id"] not in left]
        routes += [{**route, "grants": taken}] if taken else []
    return parse(json.dumps({"routes": routes}).encode())


def _routes(record: Mapping[str, Any], side: str) -> list[dict[str, Any]]:
    """As they were rendered. Raises ValueError, KeyError or TypeError where they were not."""
    found: list[dict[str, Any]] = json.loads(record[side][touched.ROUTES])["routes"]
    return found


def _alone(route: Route, grant: Grant) -> Table:
    """As if it had no end; what else its route asks for is not what is looked for here."""
    admitted = replace(grant, host=None, expires_at=None, uses=None)
    return Table((Route(grant.host or route.host, (admitted,), pipelock="passthrough"),))
