"""Files in an open folder: no link is followed, writes are whole or not at all, nothing is readable by others.

Raises OSError; whoever knows the file's name says what to do.
"""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from bottle_tui.errors import BottleError, InvalidFile

LIMIT_BYTES = 32 * 1024 * 1024


def open_root(root: Path, *, make: bool) -> int:
    """The home itself, this account's alone."""
    if make:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    status = os.fstat(handle)
    if status.st_uid != os.geteuid():
        os.close(handle)
        raise BottleError(f"{root} belongs to another account; set BOTTLE_TUI_HOME to a folder of your own")
    if stat.S_IMODE(status.st_mode) & 0o077:
        os.fchmod(handle, 0o700)
    return handle


def open_folder(parent: int, name: str, *, make: bool) -> int:
    """A real folder in an open one, never a link to one."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=parent)
    except FileNotFoundError:
        if not make:
            raise
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        pass
    else:
        os.fsync(parent)
    return os.open(name, flags, dir_fd=parent)


def read_file(folder: int, name: str, shown: Path) -> bytes:
    """A regular file, whole, within the limit."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidFile("is not a regular file; remove it", file=str(shown))
        data = file.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise InvalidFile(f"is larger than {LIMIT_BYTES} bytes; move it away", file=str(shown))
    return data


def replace_file(folder: int, name: str, data: bytes, mode: int) -> None:
    """Temp file, fsync, rename, fsync of the folder."""
    temporary = f".{name[:200]}.{secrets.token_hex(6)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(temporary, flags, mode, dir_fd=folder)
    with contextlib.ExitStack() as undo:
        undo.callback(_unlink_quietly, folder, temporary)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        undo.pop_all()
    os.fsync(folder)


def _unlink_quietly(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def append_line(folder: int, name: str, line: bytes) -> None:
    """One line after the last whole one, or nothing of it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        end = _end_of_whole_lines(handle)
        os.ftruncate(handle, end)
        try:
            written = os.pwrite(handle, line, end)
            if written != len(line):
                raise OSError(errno.ENOSPC, "no room for a whole record")
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
        os.fsync(folder)
    finally:
        os.close(handle)


def _end_of_whole_lines(handle: int) -> int:
    """Where the last complete line ends."""
    end = os.fstat(handle).st_size
    while end:
        start = max(0, end - 65536)
        block = os.pread(handle, end - start, start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
