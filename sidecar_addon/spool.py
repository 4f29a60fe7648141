"""Files that survive crashes and hostility: whole or not there, and never followed out of their folder."""

import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_FILES = 10_000
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SpoolError(OSError):
    """A file is there but is not to be read: no regular file, too large, or unreadable."""


@dataclass(frozen=True)
class Entry:
    """A file that was read. `stamp` changes when it is written again, even with the same bytes."""

    name: str
    data: bytes
    stamp: tuple[int, ...]

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the bytes."""
        return digest_of(self.data)


@dataclass(frozen=True)
class Refused:
    """A file that was left alone, and why."""

    name: str
    problem: str
    stamp: tuple[int, ...] = ()


def digest_of(data: bytes) -> str:
    """`sha256:<hex>` of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write(folder: Path, name: str, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole: temp file, fsync, rename, fsync of the folder. Raises OSError; nothing is left behind."""
    if not name or name != Path(name).name or name.startswith("."):
        raise SpoolError(f"{name!r} is no plain file name")
    temporary = folder / f".{name}.{secrets.token_hex(6)}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with contextlib.ExitStack() as undo:
        undo.callback(temporary.unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(folder / name)
        undo.pop_all()
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make renames in it last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, limit: int) -> Entry:
    """Read a regular file of at most `limit` bytes without following a link. Raises SpoolError, FileNotFoundError."""
    try:
        handle = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = "is a link" if path.is_symlink() else (error.strerror or "cannot be opened")
        raise SpoolError(f"{reason}; only regular files are read") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise SpoolError("is no regular file")
        if status.st_size > limit:
            raise SpoolError(f"{status.st_size} bytes, over the limit of {limit}")
        data = _read_up_to(handle, limit + 1)
        if len(data) > limit:
            raise SpoolError(f"grew over the limit of {limit} bytes")
        return Entry(path.name, data, _stamp(status))
    finally:
        os.close(handle)


def scan(folder: Path, limit: int, most: int = MAX_FILES) -> tuple[list[Entry], list[Refused]]:
    """Every file of a folder by name, and what was refused. Names that start with a dot are not looked at."""
    entries: list[Entry] = []
    refused: list[Refused] = []
    names, left_out = _names(folder, most)
    for name in names:
        try:
            entries.append(read(folder / name, limit))
        except FileNotFoundError:
            continue
        except OSError as error:
            refused.append(Refused(name, str(error), _stamp_of(folder / name)))
    if left_out:
        refused.append(Refused("…", f"more than {most} files; {left_out} were not read", (left_out,)))
    return entries, refused


def set_aside(folder: Path, name: str, aside: Path) -> bool:
    """Move something out of the way without opening it; False when it had to stay."""
    with contextlib.suppress(OSError):
        aside.mkdir(mode=0o700, exist_ok=True)
        (folder / name).rename(aside / f"{secrets.token_hex(4)}-{name}"[:200])
        return True
    return False


def sweep(folder: Path) -> None:
    """Remove temp files that a crash left."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()


def _names(folder: Path, most: int) -> tuple[list[str], int]:
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if not entry.name.startswith(".")]
    except FileNotFoundError:
        return [], 0
    names.sort()
    return names[-most:], max(0, len(names) - most)


def _read_up_to(handle: int, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < most:
        part = os.read(handle, min(most - size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _stamp_of(path: Path) -> tuple[int, ...]:
    try:
        return _stamp(path.lstat())
    except OSError:
        return ()
