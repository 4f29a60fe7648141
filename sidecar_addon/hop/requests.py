"""What a request asks of the hop: CONNECT's authority, or the absolute form of plain HTTP. Pure."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import h11


class TargetError(ValueError):
    """The request names no target that a proxy can serve; the message is the answer's text."""


@dataclass(frozen=True)
class Target:
    """Where a request goes. `origin` is the path and query in origin form, empty for a tunnel."""

    host: str
    port: int
    origin: str
    fields: dict[str, Any]
    """What its log lines say of it; never a query."""

    @property
    def is_tunnel(self) -> bool:
        """Whether it was a CONNECT."""
        return not self.origin

    @property
    def refusal(self) -> str:
        """How the text of a refusal begins."""
        return "CONNECT blocked" if self.is_tunnel else "blocked"

    def seen_from(self, address: str) -> "Target":
        """The same, with the client's address in its log fields."""
        identity = self.fields["request_id"]
        rest = {key: value for key, value in self.fields.items() if key != "request_id"}
        return replace(self, fields=rest | {"client_ip": address, "request_id": identity})


def connect_target(request: h11.Request, identity: str) -> Target:
    """The authority of a CONNECT. Raises TargetError."""
    text = request.target.decode("ascii", "replace")
    host, port = _authority(text, None)
    return Target(host, port, "", {"method": "CONNECT", "target": text, "request_id": identity})


def plain_target(request: h11.Request, identity: str) -> Target:
    """The absolute form of a plain HTTP request. Raises TargetError."""
    text = request.target.decode("ascii", "replace")
    try:
        parts = urlsplit(text)
    except ValueError:  # a bracket without its other half
        raise TargetError("no target host") from None
    if parts.scheme.lower() != "http" or "@" in parts.netloc:
        raise TargetError("this is a proxy: CONNECT, or http:// in absolute form")
    host, port = _authority(parts.netloc, 80)
    path = parts.path or "/"
    origin = f"{path}?{parts.query}" if parts.query else path
    method = request.method.decode("ascii", "replace")
    url = f"http://{parts.netloc}{path}"
    return Target(host, port, origin, {"method": method, "url": url, "request_id": identity})


def _authority(text: str, default_port: int | None) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, str(default_port or "")
    if not host.strip("[]") or not port.isdigit() or len(port) > 5 or not 1 <= int(port) <= 65535:
        raise TargetError("no target host")
    return host, int(port)
