"""Files that survive crashes and hostility."""

import os
import socket
from pathlib import Path

import pytest

from sidecar_addon import spool
from sidecar_addon.spool import SpoolError


def test_a_written_file_is_read_back_whole_with_its_mode_and_no_temp_file_stays(tmp_path: Path) -> None:
    spool.write(tmp_path, "a.json", b"one", 0o444)
    spool.write(tmp_path, "a.json", b"two", 0o444)
    entry = spool.read(tmp_path / "a.json", 10)
    assert (entry.name, entry.data) == ("a.json", b"two")
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o444
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_writing_replaces_a_link_and_leaves_its_target_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").symlink_to(outside)
    spool.write(folder, "a.json", b"new")
    assert outside.read_bytes() == b"precious"
    assert spool.read(folder / "a.json", 10).data == b"new"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        spool.write(tmp_path, "a.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("name", ["../a", "a/b", ".hidden", "", ".."])
def test_a_name_that_leaves_the_folder_is_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="no plain file name"):
        spool.write(tmp_path, name, b"x")


def test_only_regular_files_of_a_sane_size_are_read_and_nothing_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good").write_bytes(b"x" * 10)
    (tmp_path / "huge").write_bytes(b"x" * 11)
    (tmp_path / "link").symlink_to(tmp_path / "good")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / ".a.json.0123.tmp").write_bytes(b"partial")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)
        server.bind("socket")
        entries, refused = spool.scan(tmp_path, 10)
    assert [entry.name for entry in entries] == ["good"]
    problems = {item.name: item.problem for item in refused}
    assert problems.keys() == {"huge", "link", "dangling", "folder", "fifo", "socket"}
    assert "is a link" in problems["link"]
    assert "is a link" in problems["dangling"]
    assert "over the limit" in problems["huge"]
    assert "no regular file" in problems["fifo"]


def test_a_file_without_permission_is_refused_not_fatal(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    assert [item.name for item in spool.scan(tmp_path, 10)[1]] == ["secret"]


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert spool.scan(tmp_path / "no", 10) == ([], [])


def test_of_too_many_files_the_latest_are_read_and_the_rest_is_reported(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).write_bytes(b"")
    entries, refused = spool.scan(tmp_path, 10, most=3)
    assert [entry.name for entry in entries] == ["2", "3", "4"]
    assert "2 were not read" in refused[0].problem


def test_the_same_bytes_written_again_have_another_stamp(tmp_path: Path) -> None:
    spool.write(tmp_path, "a", b"x")
    first = spool.read(tmp_path / "a", 10)
    spool.write(tmp_path, "a", b"x")
    second = spool.read(tmp_path / "a", 10)
    assert first.digest == second.digest
    assert first.stamp != second.stamp


def test_what_is_set_aside_is_moved_unopened(tmp_path: Path) -> None:
    folder, aside = tmp_path / "in", tmp_path / "aside"
    folder.mkdir()
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "fifo")
    assert spool.set_aside(folder, "link", aside)
    assert spool.set_aside(folder, "fifo", aside)
    assert not spool.set_aside(folder, "gone", aside)
    assert list(folder.iterdir()) == []
    assert len(list(aside.iterdir())) == 2


def test_temp_files_of_a_crash_are_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".a.json.00.tmp").write_bytes(b"half")
    (tmp_path / "a.json").write_bytes(b"whole")
    spool.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_refusal_is_an_os_error_so_that_one_except_catches_both(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SpoolError):
        spool.read(tmp_path / "folder", 10)
    with pytest.raises(FileNotFoundError):
        spool.read(tmp_path / "none", 10)
