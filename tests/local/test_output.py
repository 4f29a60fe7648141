"""A sidecar's log: bounded on disk and in memory, handed to followers without a gap."""

import errno
import os
import time
from pathlib import Path

import pytest

from sidecar_addon.local import output
from sidecar_addon.local.output import Output, lines_on_disk


def test_lines_are_kept_on_disk_and_given_to_followers_once_each(tmp_path: Path) -> None:
    log = Output(tmp_path / "x.log")
    log.line("first")
    seen: list[str] = []
    assert log.follow(seen.append, None, None) == ["first"]
    log.line("second")
    log.leave(seen.append)
    assert seen == ["second"]
    log.close()
    log.close()
    assert list(lines_on_disk(tmp_path / "x.log")) == ["first", "second"]


def test_a_follower_that_left_hears_nothing(tmp_path: Path) -> None:
    log = Output(tmp_path / "x.log")
    seen: list[str] = []
    follower = seen.append
    log.follow(follower, None, 0)
    log.leave(follower)
    log.line("unheard")
    log.close()
    assert seen == []


def test_the_tail_and_the_moment_choose_what_came_before(tmp_path: Path) -> None:
    log = Output(tmp_path / "x.log")
    for word in ("a", "b", "c"):
        log.line(word)
    assert log.follow(lambda text: None, None, 2) == ["b", "c"]
    assert log.follow(lambda text: None, None, 0) == []
    assert log.follow(lambda text: None, time.time() + 60, None) == []
    assert log.follow(lambda text: None, 0.0, None) == ["a", "b", "c"]
    log.close()


def test_what_was_said_before_a_restart_is_there_for_a_tail(tmp_path: Path) -> None:
    before = Output(tmp_path / "x.log")
    before.line("old")
    before.close()
    after = Output(tmp_path / "x.log")
    after.line("new")
    assert after.follow(lambda text: None, None, 5) == ["old", "new"]
    assert after.follow(lambda text: None, 1.0, None) == ["new"], "its moment is not known, so it is not after one"
    after.close()


def test_the_file_is_turned_over_and_never_grows_past_two_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "FILE_BYTES", 1000)
    log = Output(tmp_path / "x.log")
    for number in range(500):
        log.line(f"line {number:04}")
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log", "x.log.1"]
    assert list(lines_on_disk(tmp_path / "x.log"))[-1] == "line 0499"


def test_a_file_that_cannot_be_turned_over_is_left_open_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "FILE_BYTES", 20)
    log = Output(tmp_path / "x.log")
    log.line("first first first")

    def none_left() -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as out_of_files:
        out_of_files.setattr(log, "_open", none_left)
        log.line("second")
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)  # takes the next free number
    log.line("third")
    log.line("fourth")
    os.close(other)
    log.close()
    assert (tmp_path / "other").read_text() == ""
    assert list(lines_on_disk(tmp_path / "x.log"))[-2:] == ["third", "fourth"]


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MEMORY_BYTES", 100)
    log = Output(tmp_path / "x.log")
    for number in range(100):
        log.line(f"{number:09}")
    assert log.follow(lambda text: None, None, None)[0] == "000000089"
    log.close()


def test_one_line_stays_one_line(tmp_path: Path) -> None:
    log = Output(tmp_path / "x.log")
    log.line('{"event":"x"}\n{"event":"forged"}\r\x85\u2028z')
    log.line("y" * (output.LINE_BYTES + 10))
    log.close()
    first, second = lines_on_disk(tmp_path / "x.log")
    assert first.startswith('{"event":"x"} {"event":"forged"}')
    assert len(second) == output.LINE_BYTES


def test_it_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "x.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"symbolic|loop|links"):
        Output(tmp_path / "x.log")
