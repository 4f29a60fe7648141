"""What an operator changes on a card before deciding: narrower, wider, for how long. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bottle_tui.errors import UsageError

ONCE = "once"
BOTTLE = "bottle"
ALWAYS = "always"
LASTS = (ONCE, "15m", "1h", "8h", BOTTLE, ALWAYS)
"""The steps of the `t` key; any other duration such as `90m` may be written by hand."""
_DURATION = re.compile(r"^([1-9][0-9]{0,5})(s|m|h|d)$")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=365)


@dataclass(frozen=True)
class Edit:
    """None leaves a thing as the agent asked. An empty tuple of paths or methods means "every"."""

    host: str | None = None
    path_allowlist: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    ports: tuple[int, ...] | None = None
    scan: str | None = None
    """scanned | passthrough."""
    lasts: str = BOTTLE
    """once | a duration (`15m`, `1h`) | bottle (until it stops) | always (`grants.yaml` too)."""

    def apply_to(self, args: dict[str, Any]) -> dict[str, Any]:
        """The proposal's arguments with this edit in them."""
        edited = dict(args)
        if self.host is not None:
            edited["host"] = self.host
        for key in ("path_allowlist", "methods", "ports"):
            value = getattr(self, key)
            if value:
                edited[key] = list(value)
            elif value is not None:
                edited.pop(key, None)
        return edited


AS_ASKED = Edit()
"""No edit."""


def duration(lasts: str) -> timedelta | None:
    """How long a grant lasts, None where it has no expiry of its own. Raises UsageError."""
    if lasts in (ONCE, BOTTLE, ALWAYS):
        return None
    match = _DURATION.match(lasts)
    if match is None:
        raise UsageError(f"{lasts!r} is no time; write {', '.join(LASTS)}, or a number with s, m, h or d")
    length = timedelta(**{_UNIT[match.group(2)]: int(match.group(1))})
    if length > _LONGEST:
        raise UsageError(f"{lasts!r} is more than a year; write `always` for a grant without an end")
    return length


def parse(pairs: Iterable[str], lasts: str | None = None) -> Edit:
    """`--edit key=value …` and `--for TIME` of the command line. Raises UsageError."""
    edit = Edit() if lasts is None else _with(Edit(), "for", lasts)
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--edit {pair!r}: write key=value, with one of {', '.join(_KEYS)}")
        edit = _with(edit, key.strip(), value.strip())
    return edit


def _with(edit: Edit, key: str, value: str) -> Edit:
    if key == "host":
        return replace(edit, host=value)
    if key in ("path", "path_allowlist"):
        return replace(edit, path_allowlist=_items(value))
    if key in ("method", "methods"):
        return replace(edit, methods=tuple(item.upper() for item in _items(value)))
    if key in ("port", "ports"):
        return replace(edit, ports=_numbers(value))
    if key in ("scan", "pipelock"):
        if value not in ("scanned", "passthrough"):
            raise UsageError(f"--edit {key}={value}: write scanned or passthrough")
        return replace(edit, scan=value)
    if key == "for":
        duration(value)
        return replace(edit, lasts=value)
    raise UsageError(f"--edit {key}: unknown; known are {', '.join(_KEYS)}")


_KEYS = ("host", "path", "methods", "ports", "scan", "for")


def _items(value: str) -> tuple[str, ...]:
    return () if value in ("", "*") else tuple(item.strip() for item in value.split(",") if item.strip())


def _numbers(value: str) -> tuple[int, ...]:
    if not all(item.isascii() and item.isdigit() and len(item) < 6 for item in _items(value)):
        raise UsageError(f"--edit ports={value}: write numbers with commas between them")
    return tuple(int(item) for item in _items(value))
