"""Draining the gate's log: twice counts once, a crash between two writes counts once, thirty days are kept."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bottle_tui.adapters.fakes.clock import START
from bottle_tui.services import lookup, stop, traffic
from tests.services.test_many_bottles import beside


class Together(threading.Event):
    """Lets through whoever calls only when so many call at the same time."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._barrier = threading.Barrier(count)

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._barrier.wait(timeout)
            self.set()
        return True


def say(bottle, count: int = 1, **fields: Any) -> None:
    """So many requests, each a second after the other."""
    for _ in range(count):
        bottle.clock.advance(1)
        now = bottle.clock.now()
        plain = {"method": "GET", "host": "api.example.com", "path": "/v1/items", "grant": "m1"}
        time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        bottle.gate.say({"event": "allowed", "time": time, "id": f"{now}", **plain, **fields})


def counted(bottle) -> int:
    rows, _ = traffic.kept(bottle.world, "box", None)
    return sum(row.count for row in rows)


def gaps(bottle) -> list[str]:
    _, found = traffic.kept(bottle.world, "box", None)
    return [gap.why for gap in found]


@pytest.fixture
def box(bottle):
    bottle.gate.log.clear()
    bottle.gate.say({"event": "gate_ready", "time": "2026-01-01T12:00:00.000Z"})
    return bottle


def test_drained_twice_is_counted_once(box) -> None:
    say(box, 3)
    assert traffic.drain(box.world, "box") is None
    assert traffic.drain(box.world, "box") is None
    say(box, 2)
    assert traffic.drain(box.world, "box") is None
    assert (counted(box), gaps(box)) == (5, [])


@pytest.mark.parametrize("lost", [["cursor.json"], []])
def test_a_crash_between_the_batch_and_its_cursor_counts_once(box, lost: list[str]) -> None:
    say(box, 3)
    traffic.drain(box.world, "box")
    folder = Path(box.home.path) / "traffic"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    say(box, 2)
    traffic.drain(box.world, "box")
    for name in lost or ["cursor.json"]:
        (folder / name).write_bytes(before[name])
    if not lost:  # the file lost its last line too
        name = next(name for name in before if name.endswith(".jsonl"))
        (folder / name).write_bytes(before[name])
    assert counted(box) == 3
    say(box, 1)
    traffic.drain(box.world, "box")
    assert counted(box) == 6


def test_a_rotated_log_is_written_as_a_gap(box) -> None:
    say(box, 3)
    traffic.drain(box.world, "box")
    say(box, 3)
    box.gate.log[:] = box.gate.log[-1:]
    traffic.drain(box.world, "box")
    assert (counted(box), gaps(box)) == (4, ["rotated"])


def test_a_log_whose_lines_have_lost_their_moment_is_read_whole_before_it_is_called_rotated(box) -> None:
    say(box, 3)
    traffic.drain(box.world, "box")
    say(box, 2)
    box.gate.log[:] = [(moment - timedelta(days=1), line) for moment, line in box.gate.log]
    say(box, 1)
    traffic.drain(box.world, "box")
    assert (counted(box), gaps(box)) == (6, [])


def test_down_counts_the_rest_and_keeps_it(box) -> None:
    say(box, 4)
    assert stop.down(box.world, "box") == []
    assert counted(box) == 4
    assert traffic.traffic(box.world, "box").hosts[0].allowed == 4


def test_stop_counts_what_the_end_would_leave_uncounted(box) -> None:
    say(box, 4)
    stop.stop(box.world, "box")
    assert (counted(box), gaps(box)) == (4, [])


def test_a_read_only_look_counts_nothing(box) -> None:
    say(box, 4)
    looking = replace(box.world, read_only=True)
    assert traffic.drain(looking, "box") is not None
    assert traffic.traffic(looking, "box").remark is not None
    assert counted(box) == 0


@pytest.mark.timeout(20)
def test_many_are_counted_at_once_and_one_that_hangs_holds_up_nobody(box) -> None:
    other = beside(box, "other")
    say(box, 3)
    say(other, 2)
    box.gate.stuck = other.gate.stuck = Together(2)
    assert traffic.aside(box.world, ["box", "other"]).settled(5)
    assert sum(row.count for slug in ("box", "other") for row in traffic.kept(box.world, slug, None)[0]) == 5
    box.gate.stuck = threading.Event()
    assert not traffic.aside(box.world, ["box"]).settled(0)
    box.gate.stuck.set()


def test_a_gate_that_cannot_be_reached_is_a_remark_and_what_was_counted_is_still_told(box) -> None:
    say(box, 2)
    traffic.drain(box.world, "box")
    box.gate.unreachable = True
    found = traffic.traffic(box.world, "box")
    assert found.hosts[0].allowed == 2
    assert found.remark is not None
    assert "does not answer" in found.remark


def test_a_log_that_breaks_off_is_said_beside_the_counts_and_the_rest_is_counted_later(box) -> None:
    say(box, 5)
    box.gate.breaks_after = 4
    found = traffic.traffic(box.world, "box")
    assert (found.hosts[0].allowed, found.remark) == (3, "the output of egress broke off")
    box.gate.breaks_after = None
    found = traffic.traffic(box.world, "box")
    assert (found.hosts[0].allowed, found.remark, found.gaps) == (5, None, ())


def test_a_log_that_breaks_off_before_what_is_new_is_not_called_rotated(box) -> None:
    say(box, 3)
    traffic.drain(box.world, "box")
    say(box, 2)
    box.gate.breaks_after = 0
    assert traffic.drain(box.world, "box") == "the output of egress broke off"
    box.gate.breaks_after = None
    traffic.drain(box.world, "box")
    assert (counted(box), gaps(box)) == (5, [])


@pytest.mark.parametrize(("breaks_after", "told"), [(3, ["not_drained"]), (None, [])], ids=["broken", "whole"])
def test_what_an_incarnation_said_last_is_a_gap_where_it_could_not_be_read(
    box, breaks_after: int | None, told: list[str]
) -> None:
    say(box, 5)
    box.gate.breaks_after = breaks_after
    traffic.close(box.world, "box")
    box.gate.breaks_after = None
    lookup.save(box.world, replace(lookup.recorded(box.world, "box"), incarnation="two"))
    box.gate.log.clear()
    box.gate.say({"event": "gate_ready", "time": "2026-01-01T13:00:00.000Z"})
    traffic.drain(box.world, "box")
    assert gaps(box) == told


def test_thirty_days_are_kept_and_days_that_are_over_become_one_line(box) -> None:
    for _ in range(3):
        say(box)
        traffic.drain(box.world, "box")
    box.clock.advance(86_400)
    say(box)
    traffic.drain(box.world, "box")
    folder = Path(box.home.path) / "traffic"
    first = sorted(folder.glob("*.jsonl"))[0]
    assert first.read_bytes().count(b"\n") == 1
    assert counted(box) == 4
    box.clock.advance(40 * 86_400)
    say(box)
    traffic.drain(box.world, "box")
    assert len(list(folder.glob("*.jsonl"))) == 1
    assert counted(box) == 1


def test_a_days_file_is_added_up_when_it_grows(box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_DAY_BYTES", 500)
    for _ in range(20):
        say(box)
        traffic.drain(box.world, "box")
    (day,) = (Path(box.home.path) / "traffic").glob("*.jsonl")
    assert day.stat().st_size < 2_000
    assert counted(box) == 20


def test_a_day_that_is_over_is_not_read_again_after_each_count(box) -> None:
    for _ in range(5):
        say(box)
        traffic.drain(box.world, "box")
        box.clock.advance(86_400)
    say(box)
    traffic.drain(box.world, "box")
    assert counted(box) == 6
    before = traffic._read.cache_info().misses
    for _ in range(3):
        say(box)
        traffic.drain(box.world, "box")
        counted(box)
    assert traffic._read.cache_info().misses - before == 3, "today's alone, once for each count"
    assert counted(box) == 9


def test_each_grants_use_is_told_and_one_host_can_be_picked(box) -> None:
    say(box, 2)
    say(box, 1, host="files.example.net", grant="m2")
    traffic.drain(box.world, "box")
    used = traffic.uses(box.world, "box")
    assert {grant: use.requests for grant, use in used.items()} == {"m1": 2, "m2": 1}
    assert used["m1"].last == START + timedelta(seconds=2)
    only = traffic.traffic(box.world, "box", host="*.example.net")
    assert [row.host for row in only.rows] == ["files.example.net"]
    (exact,) = traffic.traffic(box.world, "box", host="api.example.com").rows
    assert exact.count == 2
