"""Token slots: real credentials, in memory, and in the container also on a tmpfs. Values never leave this module's
callers in the gate: no event, no control answer and no error holds one."""

import json
import os
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sidecar_addon.table import SLOT, Route

_LIMIT = 16 * 1024


class TokenError(ValueError):
    """What was offered is no token for a slot; the message never holds the value."""


@dataclass(frozen=True)
class Token:
    """What a slot holds: the value and the fingerprint of the `token_ref` it came from."""

    fingerprint: str
    value: str = field(repr=False)


class TokenStore(Protocol):
    """Where slots live."""

    def put(self, slot: str, token: Token) -> None:
        """Fill a slot. Raises OSError when it cannot be kept."""

    def get(self, slot: str) -> Token | None:
        """What a slot holds."""

    def all(self) -> dict[str, Token]:
        """Every filled slot."""


def checked(slot: object, fingerprint: object, value: object) -> tuple[str, Token]:
    """A slot and its token from foreign values. Raises TokenError."""
    if not isinstance(slot, str) or not SLOT.match(slot):
        raise TokenError("the slot must be named like EGRESS_TOKEN_0")
    if not isinstance(fingerprint, str) or not 1 <= len(fingerprint) <= 64 or not fingerprint.isalnum():
        raise TokenError(f"{slot}: the fingerprint must be 1 to 64 letters and digits")
    if not isinstance(value, str) or not value:
        raise TokenError(f"{slot}: the value is empty")
    if len(value) > _LIMIT or not all(" " <= char <= "~" for char in value) or value != value.strip():
        raise TokenError(f"{slot}: the value must be one line of at most {_LIMIT} visible ASCII characters")
    return slot, Token(fingerprint, value)


def matching(store: TokenStore, route: Route) -> Token | None:
    """The token that a route may use: its slot is filled, from the `token_ref` that the route names."""
    token = store.get(route.token_env) if route.token_env else None
    if token is None or (route.token_fingerprint is not None and token.fingerprint != route.token_fingerprint):
        return None
    return token


class MemoryTokens:
    """Slots in memory only: the local runtime."""

    def __init__(self) -> None:
        self._slots: dict[str, Token] = {}
        self._lock = threading.Lock()

    def put(self, slot: str, token: Token) -> None:
        """Fill a slot."""
        with self._lock:
            self._slots[slot] = token

    def get(self, slot: str) -> Token | None:
        """What a slot holds."""
        return self._slots.get(slot)

    def all(self) -> dict[str, Token]:
        """Every filled slot."""
        with self._lock:
            return dict(self._slots)


class FolderTokens(MemoryTokens):
    """Slots in memory and as files 0600 in a folder on a tmpfs, so that a restarted process finds them again."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        if folder.is_dir():
            folder.chmod(0o700)  # an engine may forget a tmpfs's mode when the container starts again
        for path in sorted(folder.glob("EGRESS_TOKEN_*.json")):
            slot, token = _read(path)
            if token is not None:
                super().put(slot, token)

    def put(self, slot: str, token: Token) -> None:
        """Write the slot's file, then fill the slot."""
        data = json.dumps({"fingerprint": token.fingerprint, "value": token.value}).encode()
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".slot-")  # 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(self._folder / f"{slot}.json")
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        super().put(slot, token)


def _read(path: Path) -> tuple[str, Token | None]:
    try:
        value = json.loads(path.read_bytes())
        return checked(path.stem, value["fingerprint"], value["value"])
    except (OSError, ValueError, KeyError, TypeError):
        return path.stem, None
