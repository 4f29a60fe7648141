"""Traffic per minute: counted once whatever is drained again, and honest about what was not counted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core import counting, rollup, rollup_file
from bottle_tui.core.counting import Cursor
from bottle_tui.core.rollup import Gap, Row

HOST = "api.example.com"


def at(seconds: float, kind: str = "allowed", **fields: Any) -> dict[str, Any]:
    minute, rest = divmod(seconds, 60)
    time = f"2026-01-01T12:{int(minute):02}:{rest:06.3f}Z"
    plain = {"id": f"{kind}{seconds}", "method": "GET", "host": HOST, "path": "/v1/items/7", "grant": "m1"}
    return {"event": kind, "time": time, **plain, **fields}


READY = {"event": "gate_ready", "time": "2026-01-01T12:00:00.000Z"}


def test_requests_are_counted_by_minute_host_method_prefix_and_grant() -> None:
    batch = counting.absorb(
        Cursor(),
        [
            READY,
            at(1),
            at(2),
            at(3, "finished", bytes_up=5, bytes_down=70),
            at(61),
            at(4, "denied", reason="path_not_allowed", grant=None, path="/admin"),
            {"event": "denied_more", "time": "2026-01-01T12:00:05.000Z", "host": HOST, "method": "GET",
             "reason": "path_not_allowed", "count": 9},
        ],
        "one",
    )  # fmt: skip
    assert {
        (row.minute[-2:], row.prefix, row.reason): (row.count, row.bytes_up, row.bytes_down) for row in batch.rows
    } == {
        ("00", "/v1/items/", None): (2, 5, 70),
        ("01", "/v1/items/", None): (1, 0, 0),
        ("00", "/admin", "path_not_allowed"): (1, 0, 0),
        ("00", "", "path_not_allowed"): (9, 0, 0),
    }
    assert batch.gaps == ()


@given(cuts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8))
def test_however_drains_overlap_every_event_is_counted_once(cuts: list[tuple[int, int]]) -> None:
    events = [READY, *(at(n / 7) for n in range(40))]
    cursor, rows = Cursor(), []
    reached = 0
    for start, length in [*cuts, (0, 41)]:
        begin = min(start, max(0, reached - 1))
        batch = counting.absorb(cursor, events[begin : begin + length], "one")
        reached = max(reached, min(begin + length, len(events)))
        cursor, rows = batch.cursor, [*rows, *batch.rows]
        assert all(gap.why == "rotated" for gap in batch.gaps)
    assert sum(row.count for row in rows) == 40


def test_a_line_that_comes_out_of_order_is_counted_still() -> None:
    first = counting.absorb(Cursor(), [READY, at(1), at(3)], "one")
    second = counting.absorb(first.cursor, [at(1), at(3), at(2)], "one")
    assert [row.count for row in second.rows] == [1]
    assert second.gaps == ()


def test_no_event_is_counted_twice_when_more_came_than_keys_are_kept() -> None:
    events = [READY, *(at(n / 100) for n in range(1, 3 * counting.KEPT_KEYS))]
    first = counting.absorb(Cursor(), events, "one")
    assert len(first.cursor.seen) == counting.KEPT_KEYS
    assert counting.absorb(first.cursor, events, "one").rows == ()


def test_a_log_that_no_longer_reaches_back_is_a_gap() -> None:
    first = counting.absorb(Cursor(), [READY, at(1)], "one")
    second = counting.absorb(first.cursor, [at(90), at(91)], "one")
    assert second.gaps == (Gap("2026-01-01T12:00:01.000Z", "2026-01-01T12:01:30.000Z", "rotated"),)
    assert not counting.reaches_back(first.cursor, [at(90)])


def test_a_log_whose_beginning_is_gone_at_the_first_look_is_a_gap() -> None:
    assert counting.absorb(Cursor(), [at(30)], "one").gaps == (Gap(None, "2026-01-01T12:00:30.000Z", "rotated"),)


def test_another_incarnation_is_a_gap_unless_the_last_one_was_closed() -> None:
    first = counting.absorb(Cursor(), [READY, at(1)], "one").cursor
    again = [{**READY, "time": "2026-01-01T12:05:00.000Z"}]
    assert [gap.why for gap in counting.absorb(first, again, "two").gaps] == ["not_drained"]
    closed = Cursor(first.number, "one", first.floor, first.seen, closed=True)
    assert counting.absorb(closed, again, "two").gaps == ()


def test_what_the_gate_dropped_and_its_new_starts_are_gaps() -> None:
    first = counting.absorb(Cursor(), [READY, at(1)], "one")
    dropped = {"event": "dropped", "time": "2026-01-01T12:00:02.000Z", "count": 12}
    ready = {**READY, "time": "2026-01-01T12:00:03.000Z"}
    assert [(gap.why, gap.count) for gap in counting.absorb(first.cursor, [at(1), dropped, ready], "one").gaps] == [
        ("dropped", 12),
        ("restarted", None),
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"event": "allowed", "host": HOST},
        {"event": "allowed", "host": HOST, "time": "yesterday"},
        {"event": "allowed", "host": 3, "time": "2026-01-01T12:00:00.000Z"},
        {"event": "routes_loaded", "host": HOST, "time": "2026-01-01T12:00:00.000Z"},
    ],
)
def test_lines_of_other_kinds_and_shapes_are_left_out(event: dict[str, Any]) -> None:
    assert counting.absorb(Cursor(), [event], "one").rows == ()


def test_numbers_that_are_none_count_as_nothing() -> None:
    (row,) = counting.absorb(Cursor(), [READY, at(1, "finished", bytes_up="9", bytes_down=True)], "one").rows
    assert (row.count, row.bytes_up, row.bytes_down) == (0, 0, 0)


def test_secrets_in_paths_are_not_kept() -> None:
    (row,) = counting.absorb(Cursor(), [READY, at(1, path="/x/ghp_" + "a1" * 18)], "one").rows
    assert "ghp_" not in row.prefix


def test_a_flood_of_kinds_folds_denials_and_keeps_what_was_admitted() -> None:
    rows = [Row("2026-01-01T12:00", f"h{n}.test", "GET", "/", None, "host_not_allowed", 1) for n in range(100)]
    kept = Row("2026-01-01T12:00", HOST, "GET", "/", "m1", None, 1)
    few = rollup.bounded([*rows, kept], 10)
    assert len(few) <= 11
    assert kept in few
    assert sum(row.count for row in few if row.reason) == 100


def test_a_file_reads_back_and_unconfirmed_and_damaged_batches_are_left_out() -> None:
    row, gap = Row("2026-01-01T12:00", HOST, "GET", "/", "m1", None, 3), Gap(None, "2026-01-01T12:00", "rotated")
    data = b"\n".join(
        [rollup_file.line(1, [row], [gap]), b"{torn", b"[]", b"[" * 100_000, rollup_file.line(2, [row], [])]
    )
    assert rollup_file.read(data, 2) == ([row, row], [gap])
    assert rollup_file.read(data, 1) == ([row], [gap])


@pytest.mark.parametrize("place", range(11))
@pytest.mark.parametrize("foreign", [[], {}, 1.5, True, 10**400], ids=repr)
def test_a_batch_in_which_a_field_is_something_else_is_left_out_as_a_whole(place: int, foreign: object) -> None:
    row, gap = Row("2026-01-01T12:00", HOST, "GET", "/", "m1", None, 3), Gap(None, "2026-01-01T12:00", "rotated")
    batch = json.loads(rollup_file.line(1, [row, row], [gap]))
    batch["rows"][1][place] = foreign
    assert rollup_file.read(json.dumps(batch).encode(), 1) == ([], [])


NO_CURSORS = (
    b'{"floor": "2026-13-01"}',
    b'{"seen": [["soon", "key"]]}',
    b'{"number": "1"}',
    b'{"number": true}',
    b'{"incarnation": []}',
    b'{"floor": 5}',
)


def test_a_cursor_reads_back_and_a_damaged_one_is_a_fresh_one() -> None:
    cursor = counting.absorb(Cursor(), [READY, at(1)], "one").cursor
    assert rollup_file.parse_cursor(rollup_file.render_cursor(cursor)) == cursor
    for damaged in (None, b"{", b"[]", b"[" * 100_000, b'{"what": 1}', b'{"seen": 3}', *NO_CURSORS):
        assert rollup_file.parse_cursor(damaged) == Cursor()
