"""The operator's state folder on disk: whole-file writes, an append-only ledger, a lock the kernel frees.

No path component is ever followed through a link, and nothing here is readable by another account.
"""

import errno
import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from bottle_tui.adapters.folder import append_line, open_folder, open_root, read_file, replace_file
from bottle_tui.errors import Conflict, InvalidFile, LedgerBroken, UsageError

_SLUG = re.compile(r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\Z")
_RETRY_SECONDS = 0.02
_LOCK = "lock"


def default_root(environ: Mapping[str, str]) -> Path:
    """`$BOTTLE_TUI_HOME`, else the platform's state folder."""
    chosen = environ.get("BOTTLE_TUI_HOME")
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_state_path("bottle-tui")


class DiskHome:
    """`ports.Home` on a folder, made 0700 on first write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def slugs(self) -> list[str]:
        """Every slug of which something is kept, sorted. After a purge the lock alone stays: others may wait for it."""
        try:
            entries = list(os.scandir(self.root / "bottles"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(self.root / "bottles", error) from error
        folders = [e for e in entries if _SLUG.match(e.name) and e.is_dir(follow_symlinks=False)]
        return sorted(folder.name for folder in folders if _holds_something(folder.path))

    def bottle(self, slug: str) -> "DiskBottleHome":
        """That bottle's folder, made on first write."""
        if not _SLUG.match(slug):
            raise UsageError(f"{slug!r} is no slug: lower-case letters, digits and inner hyphens, at most 40")
        return DiskBottleHome(self.root, slug)


def _holds_something(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name != _LOCK for entry in entries)
    except OSError:
        return True  # whoever reads it says what is wrong


class DiskBottleHome:
    """`ports.BottleHome` on `<home>/bottles/<slug>`."""

    def __init__(self, root: Path, slug: str) -> None:
        self.slug = slug
        self.path = root / "bottles" / slug
        self._root = root

    def exists(self) -> bool:
        """Whether anything of this slug was ever kept."""
        try:
            return stat.S_ISDIR(self.path.lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise _unusable(self.path, error) from error

    def read(self, name: str) -> bytes | None:
        """A file by relative name, None when absent."""
        *folders, file = _parts(name)
        try:
            with self._folder(folders, make=False) as folder:
                return read_file(folder, file, self.path / name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path / name, error) from error

    def write(self, name: str, data: bytes, mode: int = 0o600) -> None:
        """Temp file, fsync, rename, fsync of the folder."""
        *folders, file = _parts(name)
        try:
            with self._folder(folders, make=True) as folder:
                replace_file(folder, file, data, mode)
        except OSError as error:
            raise _unusable(self.path / name, error) from error

    def append(self, name: str, line: bytes) -> None:
        """Append one line, fsynced. A line that a crash left torn, and so never confirmed, is cut off first."""
        *folders, file = _parts(name)
        try:
            with self._folder(folders, make=True) as folder:
                append_line(folder, file, line.rstrip(b"\n") + b"\n")
        except OSError as error:
            raise LedgerBroken(
                f"cannot be written ({error.strerror}); nothing is applied until it can", file=str(self.path / name)
            ) from error

    def delete(self, name: str) -> None:
        """Remove a file or a folder; absent is fine. A link is removed, not what it leads to."""
        *folders, last = _parts(name)
        try:
            with self._folder(folders, make=False) as folder:
                if stat.S_ISDIR(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode):
                    shutil.rmtree(last, dir_fd=folder)
                else:
                    os.unlink(last, dir_fd=folder)
                os.fsync(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unusable(self.path / name, error) from error

    def names(self, folder: str) -> list[str]:
        """Names of regular files directly in a folder, sorted; temporary ones left out."""
        try:
            with self._folder(_parts(folder), make=False) as handle, os.scandir(handle) as entries:
                return sorted(
                    e.name for e in entries if e.is_file(follow_symlinks=False) and not e.name.startswith(".")
                )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(self.path / folder, error) from error

    @contextmanager
    def lock(self, timeout: float = 30.0) -> Iterator[None]:
        """The bottle's lock, between processes and threads; freed by the kernel when its holder dies."""
        handle = self._open_lock()
        try:
            self._take(handle, timeout)
            yield
        finally:
            os.close(handle)

    def _open_lock(self) -> int:
        try:
            with self._folder([], make=True) as folder:
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                return os.open(_LOCK, flags, 0o600, dir_fd=folder)
        except OSError as error:
            raise _unusable(self.path / _LOCK, error) from error

    def _take(self, handle: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
                    raise Conflict(
                        f"another change of {self.slug} is being applied (process {holder}); try again when it is done"
                    ) from None
                time.sleep(_RETRY_SECONDS)
            except OSError as error:
                raise _unusable(self.path / _LOCK, error) from error
        with suppress(OSError):  # who holds it is said to others, where the disk has room for that
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)

    @contextmanager
    def _folder(self, folders: list[str], *, make: bool) -> Iterator[int]:
        """The open folder below the bottle's, every component checked to be a real folder."""
        handle = open_root(self._root, make=make)
        try:
            for name in ["bottles", self.slug, *folders]:
                inner = open_folder(handle, name, make=make)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if not all(part and part not in (".", "..") and "\0" not in part for part in parts):
        raise InvalidFile(f"{name!r} is no name inside a bottle's folder")
    return parts


def _unusable(path: Path, error: OSError) -> InvalidFile:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return InvalidFile("is a link or not a folder; bottle-tui follows no links here, remove it", file=str(path))
    return InvalidFile(f"cannot be used ({error.strerror})", file=str(path))
