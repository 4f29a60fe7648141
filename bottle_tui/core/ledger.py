"""The audit ledger's records: one JSON line each, chained by hash, so that a changed or missing line shows. Pure."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bottle_tui.errors import LedgerBroken
from sidecar_addon import strict_yaml

FILE = "audit.jsonl"
GENESIS = "sha256:" + "0" * 64
_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Head:
    """Where the chain stands: the number and hash of its last record."""

    number: int = 0
    digest: str = GENESIS


def record(head: Head, fields: dict[str, Any]) -> tuple[bytes, Head]:
    """The next line (without its end) and the head after it."""
    number = head.number + 1
    body = {"n": number, "prev": head.digest, **fields}
    digest = _digest(body)
    line = json.dumps({**body, "hash": digest}, separators=(",", ":"), ensure_ascii=True).encode()
    return line, Head(number, digest)


def read(data: bytes, head: Head = Head(), file: str = FILE) -> Iterator[tuple[dict[str, Any], Head]]:
    """Every record with the head after it, checked as they come. Raises LedgerBroken at the first bad one."""
    for position, line in enumerate(_whole(data).splitlines(), start=1):
        try:
            value = strict_yaml.load_json(line, limit=_LIMIT)
        except strict_yaml.StrictYamlError as error:
            raise _broken(f"is no JSON object ({error.message})", head, file, position) from None
        if not isinstance(value, dict):
            raise _broken("is no JSON object", head, file, position)
        head = _checked(value, head, file, position)
        yield value, head


def last(data: bytes) -> Head:
    """The head as the last line says it, unchecked: an append must not cost a walk. Raises LedgerBroken."""
    whole = _whole(data).rstrip(b"\n")
    line = whole[whole.rfind(b"\n") + 1 :]
    if not line.strip():
        return Head()
    try:
        value = json.loads(line)
        return Head(int(value["n"]), str(value["hash"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LedgerBroken("the last record cannot be read; `bottle-tui audit verify` says more", file=FILE) from None


def _whole(data: bytes) -> bytes:
    """Without a last line that a crash left torn: nobody was told that it is there, the next append cuts it off."""
    return data[: data.rfind(b"\n") + 1]


def parsed(line: bytes) -> dict[str, Any]:
    """One line as a record, unchecked; empty when it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _checked(value: dict[str, Any], head: Head, file: str, position: int) -> Head:
    stated = value.pop("hash", None)
    digest = _digest(value)
    if stated != digest:
        raise _broken("was changed: its hash does not fit its content", head, file, position)
    if value.get("prev") != head.digest or value.get("n") != head.number + 1:
        raise _broken("does not follow the one before: something was removed, added or moved", head, file, position)
    value["hash"] = digest
    return Head(head.number + 1, digest)


def _digest(body: dict[str, Any]) -> str:
    text = json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _broken(what: str, head: Head, file: str, position: int) -> LedgerBroken:
    return LedgerBroken(
        f"record {head.number + 1} {what}; nothing from there on is proof", file=file, place=f"line {position}"
    )
