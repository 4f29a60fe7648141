"""One match at 10 and at 100,000 routes: its cost must not grow with the table."""

import time
from datetime import UTC, datetime

from sidecar_addon.matching import Conditions, Request, decide
from sidecar_addon.table import Grant, Route, Table
from tests.bench.report import Row

ROUNDS = 50_000


def _table(size: int) -> Table:
    routes = [Route(f"h{number}.bulk.test", (Grant("m1", ("/v1/",), ("GET",)),)) for number in range(size - 1)]
    return Table((*routes, Route("*.wild.test", (Grant("m2", ("/v1/",)),))))


def _seconds(table: Table, host: str) -> float:
    request = Request("GET", "https", host, 443, "/v1/items/17")
    conditions = Conditions(datetime.now(UTC))
    assert decide(table, request, conditions).allowed
    start = time.perf_counter()
    for _ in range(ROUNDS):
        decide(table, request, conditions)
    return (time.perf_counter() - start) / ROUNDS


def rows() -> list[Row]:
    """An exact host and a wildcard, small table against large."""
    small, large = _table(10), _table(100_000)
    found = []
    for name, host in (("exact host", "h3.bulk.test"), ("under a wildcard", "a.b.wild.test")):
        before, after = _seconds(small, host), _seconds(large, host)
        found.append(Row(f"one match, {name}, 100,000 routes against 10", after / before, f"{after * 1e6:.1f} µs"))
    return found
