"""Normal forms of what stands in `bottle.yaml`: each returns the form or raises ValueError with what would be right."""

import ipaddress
import posixpath
import re

from sidecar_addon import hosts, paths
from sidecar_addon.table import METHODS

OWN_NAMES = ("egress", "pipelock", "supervise", "localhost")
"""Names that mean something inside a bottle: no route can be called so."""

_SIZE = re.compile(r"^([0-9]+)([bkmg]?)$", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def host_pattern(text: str) -> str:
    """The normal form of a route's host. Raises ValueError with what would be right."""
    if "://" in text or "/" in text or ":" in text:
        raise ValueError(f"{text!r} is not a bare host name; leave out scheme, port and path")
    host = hosts.normalise_pattern(text)
    if host in OWN_NAMES:
        raise ValueError(f"{text!r} is a name of the bottle's own; it cannot be a route")
    return host


def path_prefix(text: str) -> str:
    """The prefix itself. Raises ValueError when it is relative or not canonical."""
    why = paths.problem(text)
    if why is None:
        return text
    if not text.startswith("/"):
        raise ValueError(f"the path prefix {text!r} is relative; write {'/' + text!r}")
    raise ValueError(f"the path prefix {text!r} {why}; write it as it is sent, e.g. /v1/")


def method(text: str) -> str:
    """The method itself. Raises ValueError when it is none that the gate knows."""
    if text in METHODS:
        return text
    known = ", ".join(METHODS)
    raise ValueError(
        f"write {text.upper()}" if text.upper() in METHODS else f"{text!r} is not a method; known are {known}"
    )


def cidr(text: str) -> str:
    """The network in its normal form. Raises ValueError."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"{text!r} is not a network in CIDR form, e.g. 10.20.0.0/16") from None


def regex(text: str) -> str:
    """The pattern itself. It must mean the same to Python and to RE2, which has no look-around or back-references."""
    if re.search(r"\(\?(?:[=!>]|<[=!]|P=|\()|\\[1-9]", text):
        raise ValueError("look-around, atomic groups and back-references are not to be had in RE2; write it without")
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression ({error})") from None
    if compiled.search(""):
        raise ValueError(f"{text!r} matches the empty text, so it would refuse every request")
    return text


def absolute(text: str) -> str:
    """An absolute container path in its normal form. Raises ValueError."""
    if not text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f"{text!r} must be an absolute path in the container, without ..")
    return posixpath.normpath("/" + text.lstrip("/"))


def memory(text: str) -> str:
    """Bytes, in digits. Raises ValueError."""
    match = _SIZE.match(text)
    size = int(match[1]) * _UNITS[match[2].lower()] if match else 0
    if not 16 * 1024**2 <= size <= 16 * 1024**4:
        raise ValueError(f"{text!r} is not a memory size from 16m to 16384g; write e.g. 8g or 512m")
    return str(size)


def user(text: str) -> str:
    """`uid`, `uid:gid` or a name of the image's. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?", text):
        raise ValueError(f"{text!r} is not a user; write a uid, uid:gid or a name that the image knows")
    return text
