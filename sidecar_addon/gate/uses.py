"""Spent uses of grants, on egress's volume. A use is written and synced before anything is dialled; a count that
cannot be read or written leaves none."""

import os
import re
import threading
from pathlib import Path

from sidecar_addon.table import Grant

_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,64}\Z")


class Uses:
    """One file per grant, its name the grant's id, its content the number spent, in decimal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spent: dict[str, int] = {}
        self._lock = threading.Lock()

    def left(self, grant: Grant) -> int:
        """How many requests the grant is still good for; 0 when its count cannot be read.

        Never waits for a use that is being written: every decision asks this, and a disk may be slow.
        """
        spent = self._count(grant.id)
        return 0 if spent is None else max(0, (grant.uses or 0) - spent)

    def spend(self, grant: Grant) -> bool:
        """Take one use and sync it to disk; False when none is left or it cannot be written. Blocks: off the loop."""
        with self._lock:
            spent = self._count(grant.id)
            if spent is None or spent >= (grant.uses or 0):
                return False
            try:
                self._write(grant.id, spent + 1)
            except OSError:
                return False
            self._spent[grant.id] = spent + 1
            return True

    def spent(self, ids: list[str]) -> dict[str, int]:
        """Spent uses by grant id, for those asked that have spent any."""
        counts = {identity: self._count(identity) for identity in ids}
        return {identity: count for identity, count in counts.items() if count}

    def _count(self, identity: str) -> int | None:
        count = self._spent.get(identity)
        return self._read_file(identity) if count is None else count

    def _read_file(self, identity: str) -> int | None:
        if not _NAME.match(identity) or identity.strip(".") == "":
            return None
        try:
            text = (self._folder / identity).read_text("ascii")
        except FileNotFoundError:
            return 0 if self._folder.is_dir() else None
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if re.fullmatch(r"[0-9]{1,12}\n?", text) else None

    def _write(self, identity: str, count: int) -> None:
        temporary = self._folder / f".{identity}.new"
        with temporary.open("w", encoding="ascii") as file:
            file.write(f"{count}\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._folder / identity)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
