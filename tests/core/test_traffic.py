"""Sums by host trust no line's shape."""

from bottle_tui.core.traffic import HostTraffic, summed


def test_lines_of_other_kinds_and_shapes_are_left_out() -> None:
    assert (
        summed([{"event": "routes_loaded", "host": "x"}, {"event": "allowed"}, {"event": "allowed", "host": 3}]) == []
    )


def test_numbers_that_are_none_count_as_nothing() -> None:
    (row,) = summed([{"event": "finished", "host": "x", "bytes_up": "9", "bytes_down": True, "time": 5}])
    assert row == HostTraffic("x")


def test_the_busiest_host_is_first_and_the_latest_moment_is_kept() -> None:
    rows = summed(
        [
            {"event": "allowed", "host": "b", "time": "2026-01-01T00:00:02Z"},
            {"event": "allowed", "host": "b", "time": "2026-01-01T00:00:01Z"},
            {"event": "denied", "host": "a"},
        ]
    )
    assert [row.host for row in rows] == ["b", "a"]
    assert rows[0].last == "2026-01-01T00:00:02Z"
    assert rows[1].reasons == {"unknown": 1}
