"""Request paths: which spellings are canonical, and when a prefix admits one.

What was decided must be byte for byte what is sent, so anything an upstream might read differently is refused.
"""

import re

_VISIBLE = re.compile(r"^[\x21-\x7e]+\Z")  # a $ would let a line end follow
_ESCAPE = re.compile(r"%(..)?", re.DOTALL)
_HEX = re.compile(r"^[0-9A-Fa-f]{2}$")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DELIMITERS = frozenset(":/?#[]@!$&'()*+,;=")


def problem(raw: str) -> str | None:
    """Why a raw path (without its query) is not canonical, or None when it is."""
    if not raw.startswith("/"):
        return "does not start with /"
    if not _VISIBLE.match(raw):
        return "holds something other than visible ASCII"
    for text, why in (("//", "an empty segment"), (";", "a ;"), ("#", "a #"), ("\\", "a backslash")):
        if text in raw:
            return f"holds {why}"
    if any(segment in (".", "..") for segment in raw.split("/")):
        return "holds a dot segment"
    return _escape_problem(raw) if "%" in raw else None


def _escape_problem(raw: str) -> str | None:
    decoded = bytearray()
    position = 0
    for match in _ESCAPE.finditer(raw):
        decoded += raw[position : match.start()].encode("ascii")
        digits = match.group(1) or ""
        if not _HEX.match(digits):
            return "holds a broken escape"
        value = int(digits, 16)
        if (
            chr(value) in _UNRESERVED
            or chr(value) in _DELIMITERS
            or chr(value) in "%\\"
            or value < 0x20
            or value == 0x7F
        ):
            return f"encodes %{digits}, which must stand as itself or not at all"
        decoded.append(value)
        position = match.end()
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError:
        return "holds an escape that is no UTF-8"
    return None


def admits(prefix: str, path: str) -> bool:
    """Segment-boundary prefix: `/a` covers `/a` and `/a/x`; `/a/` only what is below; `/` everything."""
    if prefix.endswith("/"):
        return path.startswith(prefix)
    return path == prefix or path.startswith(prefix + "/")


def covers(wide: str, narrow: str) -> bool:
    """Whether every path that `narrow` admits is admitted by `wide`."""
    if wide.endswith("/"):
        return narrow.startswith(wide)
    return narrow == wide or narrow.startswith(wide + "/")
