"""A sidecar's files on the local runtime: its absolute paths below a folder of its own, links never followed."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from bottle_tui.errors import SidecarUnreachable

LIMIT_BYTES = 32 * 1024 * 1024


def put(root: Path, path: str, data: bytes, mode: int) -> None:
    """Write the file whole (temp file, fsync, rename), its folders made on the way."""
    *folders, name = _parts(path)
    with _folder(root, folders, make=True) as folder:
        fresh = f".{name}.new"
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(fresh, flags, 0o600, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


def read(root: Path, path: str) -> bytes | None:
    """The file's bytes; None when it is not there or is no regular file. Raises SidecarUnreachable when too large."""
    *folders, name = _parts(path)
    try:
        with _folder(root, folders, make=False) as folder:
            return _read(folder, name, path)
    except FileNotFoundError:
        return None


def read_folder(root: Path, path: str) -> dict[str, bytes]:
    """Regular files directly in a folder, by name; links and others are left out."""
    found: dict[str, bytes] = {}
    try:
        with _folder(root, _parts(path), make=False) as folder:
            for name in sorted(entry.name for entry in os.scandir(folder)):
                data = _read(folder, name, f"{path}/{name}")
                if data is not None:
                    found[name] = data
    except FileNotFoundError:
        return {}
    return found


def _read(folder: int, name: str, path: str) -> bytes | None:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK):
            return None
        raise SidecarUnreachable(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        data = file.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise SidecarUnreachable(f"{path} is larger than {LIMIT_BYTES} bytes")
    return data


def _parts(path: str) -> list[str]:
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts:
        raise SidecarUnreachable(f"{path} is no absolute path in a sidecar")
    return list(pure.parts[1:])


@contextmanager
def _folder(root: Path, parts: list[str], *, make: bool) -> Iterator[int]:
    """A handle of the folder, opened component by component without following links."""
    if make:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(root, flags)
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=handle)
            try:
                inner = os.open(part, flags, dir_fd=handle)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise SidecarUnreachable(f"{root}/{'/'.join(parts)} is no plain folder: {error.strerror}") from error
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)
