"""The state folder: whole files, no links followed, nobody else reads it, a lock that ends with its holder."""

import errno
import fcntl
import multiprocessing
import os
import resource
import stat
import threading
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from bottle_tui.adapters import folder as folder_module
from bottle_tui.adapters.home import DiskBottleHome, DiskHome, default_root
from bottle_tui.errors import BottleError, Conflict, InvalidFile, LedgerBroken, UsageError


@pytest.fixture
def home(tmp_path: Path) -> DiskHome:
    return DiskHome(tmp_path / "home")


@pytest.fixture
def box(home: DiskHome) -> DiskBottleHome:
    return home.bottle("box")


def test_the_root_is_the_variable_or_the_platforms_state_folder(tmp_path: Path) -> None:
    assert default_root({"BOTTLE_TUI_HOME": str(tmp_path)}) == tmp_path
    assert default_root({}).name == "bottle-tui"


def test_reading_makes_nothing(home: DiskHome, box: DiskBottleHome) -> None:
    assert box.read("a") is None
    assert box.names("queue") == []
    assert home.slugs() == []
    assert not box.exists()
    box.delete("a")
    assert not home.root.exists()


def test_what_is_written_is_read_and_listed(home: DiskHome, box: DiskBottleHome) -> None:
    box.write("table.yaml", b"one")
    box.write("queue/b.json", b"two")
    box.write("queue/a.json", b"three")
    assert box.read("table.yaml") == b"one"
    assert box.names("queue") == ["a.json", "b.json"]
    assert box.exists()
    assert home.slugs() == ["box"]


def test_a_bottle_of_which_the_lock_alone_is_left_is_not_listed(home: DiskHome, box: DiskBottleHome) -> None:
    with box.lock():
        box.write("a", b"x")
    assert home.slugs() == ["box"]
    box.delete("a")
    assert home.slugs() == []


def test_everything_is_the_owners_alone(home: DiskHome, box: DiskBottleHome) -> None:
    box.write("queue/a.json", b"x")
    for path in (home.root, box.path, box.path / "queue"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((box.path / "queue/a.json").stat().st_mode) == 0o600


def test_a_root_that_others_could_read_is_closed(home: DiskHome, box: DiskBottleHome) -> None:
    home.root.mkdir(mode=0o755)
    box.write("a", b"x")
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_a_root_of_another_account_is_refused(
    home: DiskHome, box: DiskBottleHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.root.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BottleError, match="BOTTLE_TUI_HOME"):
        box.write("a", b"x")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "", ".", "a/../b", "a\0b"])
def test_a_name_that_leads_out_is_refused(box: DiskBottleHome, name: str) -> None:
    with pytest.raises(InvalidFile):
        box.write(name, b"x")
    with pytest.raises(InvalidFile):
        box.read(name)


@pytest.mark.parametrize("slug", ["", "..", "A", "a/b", "-a", "a" * 41, "a\n"])
def test_a_slug_that_is_none_is_refused(home: DiskHome, slug: str) -> None:
    with pytest.raises(UsageError):
        home.bottle(slug)


def test_no_link_is_followed_not_to_read_nor_to_write(box: DiskBottleHome, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    box.write("a", b"x")
    (box.path / "link").symlink_to(secret)
    (box.path / "folder").symlink_to(tmp_path)
    with pytest.raises(InvalidFile, match="link"):
        box.read("link")
    with pytest.raises(InvalidFile, match="link"):
        box.read("folder/secret")
    with pytest.raises(InvalidFile, match="link"):
        box.write("folder/new", b"x")
    with pytest.raises(InvalidFile, match="link"):
        box.names("folder")
    box.write("link", b"own")
    assert secret.read_bytes() == b"secret"
    assert box.read("link") == b"own"


def test_a_link_is_deleted_not_what_it_leads_to(box: DiskBottleHome, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"x")
    box.write("a", b"x")
    (box.path / "link").symlink_to(kept)
    box.delete("link")
    assert (kept / "file").exists()
    assert not (box.path / "link").is_symlink()


def test_a_folder_is_deleted_whole(box: DiskBottleHome) -> None:
    box.write("queue/deep/a", b"x")
    box.delete("queue")
    assert not (box.path / "queue").exists()


def test_a_linked_bottle_folder_is_no_bottle(home: DiskHome, tmp_path: Path) -> None:
    (home.root / "bottles").mkdir(parents=True)
    (home.root / "bottles/evil").symlink_to(tmp_path)
    assert home.slugs() == []
    assert not home.bottle("evil").exists()
    with pytest.raises(InvalidFile):
        home.bottle("evil").read("secret")


def test_a_pipe_does_not_block_and_a_huge_file_is_refused(box: DiskBottleHome, monkeypatch: pytest.MonkeyPatch) -> None:
    box.write("a", b"x" * 100)
    os.mkfifo(box.path / "pipe")
    with pytest.raises(InvalidFile, match="regular"):
        box.read("pipe")
    monkeypatch.setattr(folder_module, "LIMIT_BYTES", 99)
    with pytest.raises(InvalidFile, match="larger"):
        box.read("a")


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(
    box: DiskBottleHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.write("a", b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidFile, match="No space"):
        box.write("a", b"new")
    assert box.read("a") == b"old"
    assert [path.name for path in box.path.iterdir()] == ["a"]


def test_appended_lines_are_whole(box: DiskBottleHome) -> None:
    box.append("audit.jsonl", b"one")
    box.append("audit.jsonl", b"two\n")
    assert box.read("audit.jsonl") == b"one\ntwo\n"


@pytest.mark.parametrize("torn", [b"two-torn", b"x" * 70_000])
def test_a_torn_line_is_cut_off_by_the_next(box: DiskBottleHome, torn: bytes) -> None:
    box.write("audit.jsonl", b"one\n" + torn)
    box.append("audit.jsonl", b"three")
    assert box.read("audit.jsonl") == b"one\nthree\n"


def test_an_append_that_cannot_be_synced_leaves_nothing_and_says_so(
    box: DiskBottleHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append("audit.jsonl", b"one")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LedgerBroken, match="No space"):
        box.append("audit.jsonl", b"two")
    assert box.read("audit.jsonl") == b"one\n"


def test_a_half_written_line_is_taken_back(box: DiskBottleHome, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: whole(handle, data[:2], offset))
    with pytest.raises(LedgerBroken, match="whole record"):
        box.append("audit.jsonl", b"two")
    assert box.read("audit.jsonl") == b""


def test_a_ledger_that_is_a_link_is_not_written(box: DiskBottleHome, tmp_path: Path) -> None:
    box.write("a", b"x")
    (box.path / "audit.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerBroken):
        box.append("audit.jsonl", b"one")
    assert not (tmp_path / "elsewhere").exists()


def test_the_lock_keeps_another_thread_out_until_it_is_free(box: DiskBottleHome) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with box.lock():
            order.append("second")

    with box.lock():
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_a_lock_that_is_not_freed_names_its_holder(box: DiskBottleHome) -> None:
    with box.lock(), pytest.raises(Conflict, match=str(os.getpid())), box.lock(timeout=0.05):
        pass


def test_a_lock_that_is_a_link_is_not_taken(box: DiskBottleHome, tmp_path: Path) -> None:
    box.write("a", b"x")
    (box.path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidFile), box.lock():
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_keeps_nobody_from_the_lock(box: DiskBottleHome) -> None:
    box.write("a", b"x")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as if there were room for nothing more
    try:
        with box.lock(), pytest.raises(Conflict), box.lock(timeout=0.05):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_lock_that_the_file_system_does_not_know_is_said(
    box: DiskBottleHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(InvalidFile, match="No locks available"), box.lock():
        pass


def _hold(root: Path, held: Event) -> None:
    with DiskHome(root).bottle("box").lock():
        held.set()
        threading.Event().wait()


def test_the_lock_of_a_killed_process_is_free(home: DiskHome, box: DiskBottleHome) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(home.root, held), daemon=True)
    process.start()
    assert held.wait(30)
    with pytest.raises(Conflict), box.lock(timeout=0.05):
        pass
    process.kill()
    process.join(30)
    with box.lock(timeout=5):
        pass
