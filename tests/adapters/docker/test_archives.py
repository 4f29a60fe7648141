"""Archives from a container are foreign: nothing in them is believed but the bytes of plain files."""

import io
import tarfile
from collections.abc import Iterator

import pytest

from bottle_tui.adapters.docker import archives
from bottle_tui.adapters.docker.archives import Entry, pack


def chunks(data: bytes, size: int = 100) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def tar(*members: tuple[str, bytes, bytes | str]) -> bytes:
    """(name, type, content or link target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if isinstance(content, str):
                info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content) if kind == tarfile.REGTYPE else 0
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


FILE, LINK, HARD, FOLDER, FIFO = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE


def test_what_is_packed_keeps_owner_mode_and_content() -> None:
    data = pack([Entry("ca", None, 10001, 0o755), Entry("ca/key.pem", b"key", 10001, 0o400, gid=7)])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        folder, file = archive.getmembers()
        assert (folder.name, folder.isdir(), folder.uid, folder.gid, folder.mode) == ("ca", True, 10001, 10001, 0o755)
        assert (file.name, file.uid, file.gid, file.mode) == ("ca/key.pem", 10001, 7, 0o400)
        opened = archive.extractfile(file)
        assert opened is not None
        assert opened.read() == b"key"


def test_a_plain_file_is_read_whole() -> None:
    content = bytes(range(256)) * 50
    assert archives.read_file(chunks(tar(("routes.yaml", FILE, content)), 77)) == content


@pytest.mark.parametrize(
    "member",
    [("x", LINK, "/etc/shadow"), ("x", HARD, "/etc/shadow"), ("x", FOLDER, b""), ("x", FIFO, b"")],
    ids=["link", "hard link", "folder", "fifo"],
)
def test_what_is_no_plain_file_reads_as_absent(member: tuple[str, bytes, bytes | str]) -> None:
    assert archives.read_file(chunks(tar(member))) is None


def test_a_file_over_the_limit_reads_as_absent() -> None:
    assert archives.read_file(chunks(tar(("x", FILE, b"12345"))), limit=4) is None
    assert archives.read_file(chunks(tar(("x", FILE, b"1234"))), limit=4) == b"1234"


def test_a_folder_gives_its_direct_plain_files_and_nothing_else() -> None:
    data = tar(
        ("proposals", FOLDER, b""),
        ("proposals/a.json", FILE, b"a"),
        ("proposals/link.json", LINK, "/etc/passwd"),
        ("proposals/deep", FOLDER, b""),
        ("proposals/deep/b.json", FILE, b"b"),
        ("proposals/../../c.json", FILE, b"c"),
        ("proposals/..", FILE, b"d"),
        ("e.json", FILE, b"e"),
        ("proposals/z.json", FILE, b"z"),
    )
    assert archives.read_folder(chunks(data)) == {"a.json": b"a", "z.json": b"z"}


def test_a_huge_file_in_a_folder_is_left_out_and_the_rest_is_read() -> None:
    data = tar(("p", FOLDER, b""), ("p/huge", FILE, b"x" * 5000), ("p/small", FILE, b"y"))
    assert archives.read_folder(chunks(data), limit=100) == {"small": b"y"}


def test_a_folder_that_would_be_too_much_altogether_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FOLDER_LIMIT", 10)
    data = tar(("p", FOLDER, b""), ("p/a", FILE, b"x" * 8), ("p/b", FILE, b"y" * 8))
    assert archives.read_folder(chunks(data)) == {"a": b"x" * 8}


def test_a_folder_with_too_many_files_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FOLDER_FILES", 2)
    data = tar(("p", FOLDER, b""), *((f"p/{number}", FILE, b"x") for number in range(5)))
    assert set(archives.read_folder(chunks(data))) == {"0", "1"}


def test_an_archive_that_ends_in_the_middle_is_an_error_and_no_short_file() -> None:
    data = tar(("x", FILE, b"y" * 5000))
    with pytest.raises(OSError, match="archive"):
        archives.read_file(chunks(data[:2000]))


def test_what_is_no_archive_at_all_is_an_error() -> None:
    with pytest.raises(OSError, match="archive"):
        archives.read_file(chunks(b"certainly no tar " * 100))


def test_an_empty_archive_holds_nothing() -> None:
    assert archives.read_file(chunks(tar())) is None
    assert archives.read_folder(chunks(tar())) == {}


def test_what_is_not_wanted_is_read_too_so_that_the_connection_is_free_again() -> None:
    pieces = chunks(tar(("x", FILE, b"y" * 500), ("z", FILE, b"z" * 5000)))
    assert archives.read_file(pieces) == b"y" * 500
    assert next(pieces, None) is None


def test_a_flood_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FOLDER_LIMIT", 20_000)
    pieces = chunks(tar(("x", FILE, b"y"), ("z", FILE, b"z" * 200_000)), 10_000)
    assert archives.read_file(pieces) == b"y"
    assert next(pieces, None) is not None
