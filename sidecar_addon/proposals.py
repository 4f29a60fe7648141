"""Proposals and decisions: the two kinds of file in the queue, read strictly and written one way. Pure.

What an ask may hold is in `asks`; where the files lie and how they survive is in `spool`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sidecar_addon import asks, strict_yaml
from sidecar_addon.asks import ProposalError
from sidecar_addon.times import iso, parse_time

__all__ = ["Decision", "Proposal", "ProposalError", "State", "new_id", "parse_decision", "parse_proposal", "render"]

LIMIT_BYTES = 256 * 1024
MAX_AUTHOR = 100
MAX_REASON = 4_000
MAX_DECIDER = 100
STATUSES = ("pending", "approved", "rejected", "superseded", "failed")
"""As a decision, `pending` means: reopened by the operator, so an earlier rejection is no longer remembered."""
DEFAULT_WAIT = 45
MAX_WAIT = 600

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Proposal:
    """One ask of the agent. `args` are in normal form (`asks.normalise`); `author` is the MCP client's own word."""

    id: str
    tool: str
    author: str
    created: datetime
    args: dict[str, Any]
    version: int = 1

    @property
    def key(self) -> str:
        """Equal for the same ask."""
        return asks.ask_key(self.tool, self.args)


@dataclass(frozen=True)
class Decision:
    """What the operator decided, as the agent is told. Replaced whole when a grant is revoked or ends."""

    id: str
    status: str
    by: str
    decided_at: datetime
    reason: str | None = None
    applied: dict[str, Any] | None = None
    """The route as applied."""
    in_force: bool = False
    expires_at: datetime | None = None
    version: int = 1

    def holds(self, now: datetime) -> bool:
        """Whether what it allowed is in force, as far as this file says."""
        return self.in_force and (self.expires_at is None or now < self.expires_at)


WATCHED = timedelta(minutes=2)
"""For how long the word that somebody watches counts: a dashboard that was killed takes nothing back."""


@dataclass(frozen=True)
class State:
    """`decisions/state.json`: what supervise is told besides decisions. The defaults grant nothing."""

    watched_at: datetime | None = None
    """The last word of a dashboard that somebody watches; it counts for `WATCHED`."""
    muted_until: datetime | None = None
    """Until when the operator wants no calls of this bottle; it ends by itself."""
    grantable_tokens: Mapping[str, tuple[str, ...]] | None = None
    """token_ref → the hosts it may be handed to."""
    wait_seconds: int = DEFAULT_WAIT


def new_id(milliseconds: int, randomness: bytes) -> str:
    """A ULID from a time since 1970 and 10 random bytes."""
    number = (milliseconds & ((1 << 48) - 1)) << 80 | int.from_bytes(randomness[:10])
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(text: Any) -> bool:
    """Whether the text is a ULID in upper case, safe as a file name."""
    return isinstance(text, str) and _ULID.fullmatch(text) is not None


def parse_proposal(data: bytes) -> Proposal:
    """Read a proposal's file; its arguments are checked and normalised again. Raises ProposalError only."""
    value = _load(data, ("version", "id", "tool", "author", "created", "args"), "the proposal")
    tool = _text(value, "tool", 64)
    return Proposal(
        id=_id(value),
        tool=tool,
        author=_text(value, "author", MAX_AUTHOR),
        created=_moment(value, "created"),
        args=asks.normalise(tool, value.get("args")),
    )


def parse_decision(data: bytes) -> Decision:
    """Read a decision's file. Raises ProposalError only."""
    known = ("version", "id", "status", "by", "decided_at", "reason", "applied", "in_force", "expires_at")
    value = _load(data, known, "the decision")
    status = _text(value, "status", 32)
    if status not in STATUSES:
        raise ProposalError(f"status: must be one of {', '.join(STATUSES)}")
    in_force = _flag(value, "in_force")
    if in_force and status != "approved":
        raise ProposalError(f"in_force: only what is approved can be in force, not {status}")
    applied = value.get("applied")
    if applied is not None and not isinstance(applied, dict):
        raise ProposalError("applied: must be an object or null")
    return Decision(
        id=_id(value),
        status=status,
        by=_text(value, "by", MAX_DECIDER),
        decided_at=_moment(value, "decided_at"),
        reason=None if value.get("reason") is None else _text(value, "reason", MAX_REASON),
        applied=applied,
        in_force=in_force,
        expires_at=None if value.get("expires_at") is None else _moment(value, "expires_at"),
    )


def parse_state(data: bytes) -> State:
    """Read `state.json`. Raises ProposalError only."""
    known = ("version", "watched_at", "muted", "muted_until", "grantable_tokens", "wait_seconds")
    value = _load(data, known, "state.json")
    _flag(value, "muted")  # of hosts that gave no end; it counts for nothing
    wait = value.get("wait_seconds", DEFAULT_WAIT)
    if isinstance(wait, bool) or not isinstance(wait, int) or not 0 <= wait <= MAX_WAIT:
        raise ProposalError(f"wait_seconds: must be a number from 0 to {MAX_WAIT}")
    return State(
        watched_at=None if value.get("watched_at") is None else _moment(value, "watched_at"),
        muted_until=None if value.get("muted_until") is None else _moment(value, "muted_until"),
        grantable_tokens=_grantable(value.get("grantable_tokens") or []),
        wait_seconds=wait,
    )


def render(item: Proposal | Decision | State) -> bytes:
    """The file's bytes; reading them gives the same item."""
    return (json.dumps(as_data(item), separators=(",", ":"), ensure_ascii=True) + "\n").encode()


def as_data(item: Proposal | Decision | State) -> dict[str, Any]:
    """As plain values, in the file's order of keys."""
    if isinstance(item, State):
        tokens = [{"token_ref": ref, "hosts": list(names)} for ref, names in (item.grantable_tokens or {}).items()]
        return {
            "version": 1,
            "watched_at": iso(item.watched_at),
            # Only where there is one: a supervise of an earlier start takes no key that it does not know.
            **({"muted_until": iso(item.muted_until)} if item.muted_until is not None else {}),
            "grantable_tokens": tokens,
            "wait_seconds": item.wait_seconds,
        }
    head = {"version": item.version, "id": item.id}
    if isinstance(item, Proposal):
        return head | {"tool": item.tool, "author": item.author, "created": iso(item.created), "args": item.args}
    return head | {
        "status": item.status,
        "by": item.by,
        "decided_at": iso(item.decided_at),
        "reason": item.reason,
        "applied": item.applied,
        "in_force": item.in_force,
        "expires_at": iso(item.expires_at),
    }


def _load(data: bytes, known: tuple[str, ...], what: str) -> dict[str, Any]:
    try:
        value = strict_yaml.load_json(data, limit=LIMIT_BYTES)
    except ValueError as error:
        raise ProposalError(f"{what}: {error}") from None
    if not isinstance(value, dict):
        raise ProposalError(f"{what}: must be an object")
    for key in value:
        if key not in known:
            raise ProposalError(f"{what}: the key {key[:64]!a} is not known; known: {', '.join(known)}")
    version = value.get("version", 1)
    if isinstance(version, bool) or version != 1:
        raise ProposalError(f"{what}: only version 1 is known")
    return value


def _id(value: dict[str, Any]) -> str:
    identity = value.get("id")
    if not is_id(identity):
        raise ProposalError("id: must be a ULID (26 characters, upper case)")
    return str(identity)


def _text(value: dict[str, Any], key: str, most: int) -> str:
    text = value.get(key)
    if not isinstance(text, str) or len(text) > most or not asks.is_unicode(text):
        raise ProposalError(f"{key}: must be text of at most {most} characters")
    return text


def _flag(value: dict[str, Any], key: str) -> bool:
    flag = value.get(key, False)
    if not isinstance(flag, bool):
        raise ProposalError(f"{key}: must be true or false")
    return flag


def _moment(value: dict[str, Any], key: str) -> datetime:
    try:
        return parse_time(_text(value, key, 64))
    except ProposalError:
        raise
    except (ValueError, OverflowError):
        raise ProposalError(f"{key}: must be an ISO 8601 time in UTC, such as 2026-01-31T12:00:00.000Z") from None


def _grantable(listed: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(listed, list):
        raise ProposalError("grantable_tokens: must be a list of {token_ref, hosts}")
    found: dict[str, tuple[str, ...]] = {}
    for item in listed:
        ref, names = (item.get("token_ref"), item.get("hosts")) if isinstance(item, dict) else (None, None)
        if not isinstance(ref, str) or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise ProposalError("grantable_tokens: each entry must be {token_ref: text, hosts: list of hosts}")
        found[ref] = (*found.get(ref, ()), *names)
    return found
