"""Host names of the policy: one normal form, and a look-up whose cost does not grow with the number of routes."""

import ipaddress
import re
from collections.abc import Iterable, Mapping

import idna

_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")  # a $ would let a line end follow


class HostError(ValueError):
    """The text is not a host name that a policy can hold; the message says why."""


def normalise(text: str) -> str:
    """Lower-case A-labels without a trailing dot. IP literals, ports and anything else raise HostError."""
    host = text.strip().removesuffix(".").lower() if text.isascii() else _to_ascii(text)
    if not host or len(host) > 253:
        raise HostError(f"{text!r} is not a host name")
    if is_ip_literal(host):
        raise HostError(f"{text!r} is an IP address; only host names are allowed")
    for label in host.split("."):
        if not _LABEL.match(label):
            raise HostError(f"{text!r} is not a host name (label {label!r})")
        if label.startswith("xn--"):
            _check_punycode(text, label)
    if host.rsplit(".", 1)[-1].isdigit():
        raise HostError(f"{text!r} ends in a number, so it is no host name")
    return host


def normalise_pattern(text: str) -> str:
    """As `normalise`, and a leading `*.` may stand before the name."""
    if text.startswith("*."):
        return "*." + normalise(text[2:])
    return normalise(text)


def is_wildcard(pattern: str) -> bool:
    """Whether a normalised pattern is `*.suffix`."""
    return pattern.startswith("*.")


def is_ip_literal(host: str) -> bool:
    """IPv4 in any of the spellings that resolvers take (`127.1`, `0x7f.1`, `2130706433`), and IPv6."""
    try:
        ipaddress.ip_address(host.strip("[]"))
        return True
    except ValueError:
        parts = host.split(".")
        return len(parts) <= 4 and all(re.fullmatch(r"0x[0-9a-f]+|[0-9]+", part) for part in parts)


def covers(pattern: str, host: str) -> bool:
    """Whether a normalised pattern names a normalised host (or a narrower pattern).

    `*.example.com` covers `example.com`, `a.example.com` and `*.a.example.com`, not `barexample.com`.
    """
    if not is_wildcard(pattern):
        return pattern == host
    suffix = pattern[2:]
    name = host[2:] if is_wildcard(host) else host
    return name == suffix or name.endswith("." + suffix)


def best_match[T](host: str, exact: Mapping[str, T], wildcard: Mapping[str, T]) -> T | None:
    """The exact entry, else the wildcard with the longest suffix. `wildcard` is keyed by suffix without `*.`."""
    found = exact.get(host)
    if found is not None:
        return found
    name = host
    while name:
        found = wildcard.get(name)
        if found is not None:
            return found
        _, _, name = name.partition(".")
    return None


def mixed_scripts(host: str) -> bool:
    """Whether a label, shown as Unicode, mixes alphabets: the usual shape of a look-alike name."""
    import unicodedata

    for label in to_unicode(host).split("."):
        scripts = {unicodedata.name(char, "?").split(" ")[0] for char in label if char.isalpha()}
        if len(scripts) > 1:
            return True
    return False


def to_unicode(host: str) -> str:
    """The name as people write it; the A-label itself where it does not decode."""
    labels: Iterable[str] = host.split(".")
    shown = []
    for label in labels:
        try:
            shown.append(idna.decode(label) if label.startswith("xn--") else label)
        except idna.IDNAError:
            shown.append(label)
    return ".".join(shown)


def _to_ascii(text: str) -> str:
    try:
        return idna.encode(text.strip(), uts46=True).decode("ascii").removesuffix(".").lower()
    except idna.IDNAError as error:
        raise HostError(f"{text!r} is not a host name ({error})") from None


def _check_punycode(text: str, label: str) -> None:
    try:
        idna.decode(label)
    except idna.IDNAError:
        raise HostError(f"{text!r} is not a host name (label {label!r} is no valid A-label)") from None
