"""Tar archives to and from a container: written with owner and mode, read without trusting names, links or sizes."""

import io
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

FILE_LIMIT = 32 * 1024 * 1024
FOLDER_LIMIT = 64 * 1024 * 1024
FOLDER_FILES = 10_000


@dataclass(frozen=True)
class Entry:
    """A file to put, or a folder when `data` is None; `path` is relative to where the archive is unpacked."""

    path: str
    data: bytes | None
    uid: int
    mode: int
    gid: int | None = None
    """The same as the uid when it is not said."""


def pack(entries: Iterable[Entry], moment: int | None = None) -> bytes:
    """The archive the engine unpacks; it keeps owner and mode. `moment` is the files' time, now when it is not said."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.uid = entry.uid
            info.gid = entry.uid if entry.gid is None else entry.gid
            info.mode = entry.mode
            info.mtime = int(time.time()) if moment is None else moment
            if entry.data is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(entry.data)
                archive.addfile(info, io.BytesIO(entry.data))
    return buffer.getvalue()


def read_file(chunks: Iterable[bytes], limit: int = FILE_LIMIT) -> bytes | None:
    """The one regular file in an archive; None for a link, a folder, a device or more than `limit` bytes."""
    for member, archive in _members(chunks):
        if not member.isreg() or member.size > limit:
            return None
        return _content(archive, member)
    return None


def read_folder(chunks: Iterable[bytes], limit: int = FILE_LIMIT) -> dict[str, bytes]:
    """Regular files directly in the folder that was archived, by name; links, devices and deeper ones are left out.

    What would be too much altogether is left out too: a hostile sidecar must not fill the host's memory.
    """
    found: dict[str, bytes] = {}
    total = 0
    for member, archive in _members(chunks):
        name = _direct_child(member.name)
        if name is None or not member.isreg() or member.size > limit:
            continue
        if total + member.size > FOLDER_LIMIT or len(found) >= FOLDER_FILES:
            break
        content = _content(archive, member)
        if content is not None:
            found[name] = content
            total += len(content)
    return found


def _direct_child(name: str) -> str | None:
    parts = PurePosixPath(name).parts
    return parts[1] if len(parts) == 2 and parts[1] not in ("..", ".") else None


def _members(chunks: Iterable[bytes]) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    stream = _Stream(iter(chunks))
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            while member := archive.next():
                yield member, archive
    except tarfile.TarError as error:
        raise OSError(f"the archive from the container is broken ({error})") from error
    finally:
        stream.drain()


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    file = archive.extractfile(member)
    if file is None:
        return None
    try:
        return file.read(member.size)
    except tarfile.TarError as error:
        raise OSError("the archive from the container ends in the middle of a file") from error


class _Stream(io.RawIOBase):
    """Chunks as a readable file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def drain(self) -> None:
        """Read what is left, so that the connection it comes on can be used again; a flood is left where it is."""
        left = FOLDER_LIMIT
        while left > 0 and (chunk := next(self._chunks, None)) is not None:
            left -= len(chunk)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken
