"""Which hosts the list names, exactly as pipelock matches them, and which addresses a name may resolve to. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRANSLATED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "2002::/16", "2001::/32"))
"""IPv6 ranges that carry an IPv4 address inside: a private one could hide there."""


class Allowlist:
    """`example.com` is that name only; `*.example.com` is any depth below and the apex. Ports play no part."""

    def __init__(self, entries: Iterable[str]) -> None:
        names = [entry.strip().rstrip(".").lower() for entry in entries]
        self.exact = frozenset(name for name in names if "*" not in name)
        self.suffixes = frozenset(
            name[2:] for name in names if name.startswith("*.") and len(name) > 2 and "*" not in name[2:]
        )

    def names(self, host: str) -> bool:
        """Whether an entry covers the host. IP addresses are matched whole, never by a wildcard."""
        name = host.strip("[]").rstrip(".").lower()
        if not name:
            return False
        if name in self.exact:
            return True
        if _is_address(name):
            return False
        labels = name.split(".")
        return any(".".join(labels[start:]) in self.suffixes for start in range(len(labels)))


def is_outside(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether the hop may dial this address: a public one, or one that `ssrf.ip_allowlist` names."""
    mapped = getattr(address, "ipv4_mapped", None)
    plain: Address = mapped or address
    if any(plain.version == network.version and plain in network for network in allowed):
        return True
    if any(plain.version == 6 and plain in network for network in _TRANSLATED):
        return False
    return plain.is_global and not plain.is_multicast


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
