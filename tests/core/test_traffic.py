"""Sums by host."""

from bottle_tui.core.rollup import Row
from bottle_tui.core.traffic import HostTraffic, by_host


def test_the_busiest_host_is_first_and_the_latest_moment_is_kept() -> None:
    minute = "2026-01-01T00:00"
    rows = by_host(
        [
            Row(minute, "a", "GET", "/", None, "expired", 1, first="…01Z", last="…01Z"),
            Row(minute, "b", "GET", "/", "m1", None, 2, 10, 20, "…02Z", "…09Z"),
            Row(minute, "b", "PUT", "/", "m1", None, 1, 1, 2, "…01Z", "…03Z"),
        ]
    )
    assert rows == [HostTraffic("b", 3, 0, {}, 11, 22, "…09Z"), HostTraffic("a", 0, 1, {"expired": 1}, 0, 0, "…01Z")]
