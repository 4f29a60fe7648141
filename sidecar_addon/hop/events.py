"""The hop's lines on standard output, in the shape and with the words of pipelock's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

type Emit = Callable[[str], None]
"""Takes one line without its end."""

VERSION = "hop"
HINTS = {
    "allowlist": "Domain not on the allowlist. In strict mode, only allowlisted domains are reachable.",
    "ssrf": "SSRF protection blocked this URL. It may resolve to a private IP or DNS resolution failed.",
}
_TECHNIQUES = {"allowlist": "T1071.001", "ssrf": "T1046"}


class Events:
    """Writes events; `out` takes JSON lines, `complain` plain text (both end up in one log, as in a container)."""

    def __init__(self, out: Emit, complain: Emit) -> None:
        self._out = out
        self.complain = complain

    def startup(self, listen: str, mode: str, digest: str) -> None:
        """The proxy listens, and this is the configuration it enforces."""
        fields = {"listen": listen, "mode": mode, "version": VERSION, "config_hash": digest}
        self._line("info", "startup", fields, "pipelock started")

    def shutdown(self) -> None:
        """The proxy ends by a signal."""
        self._line("info", "shutdown", {"reason": "signal received"}, "pipelock stopping")

    def reloaded(self, mode: str, digest: str) -> None:
        """A configuration is in force; the acknowledgement that a writer waits for."""
        fields = {"status": "success", "detail": f"mode={mode}", "config_hash": digest}
        self._line("info", "config_reload", fields, "configuration reloaded")

    def downgrade(self, resource: str) -> None:
        """A configuration was refused because it would weaken a running proxy; the old one is kept."""
        fields = {
            "method": "CONFIG_RELOAD",
            "resource": resource,
            "error": "rejected: security downgrade from strict mode",
        }
        self._line("error", "error", fields, "request error")

    def blocked(self, request: dict[str, Any], scanner: str, reason: str) -> None:
        """A request was refused. `request` is what `request_fields` gave."""
        fields = request | {"scanner": scanner, "reason": reason, "agent": "anonymous"}
        if scanner in _TECHNIQUES:
            fields["mitre_technique"] = _TECHNIQUES[scanner]
        self._line("warn", "blocked", fields, "request blocked")

    def tunnel_open(self, request: dict[str, Any]) -> None:
        """Bytes flow both ways from here on."""
        self._line("info", "tunnel_open", _without_method(request), "tunnel opened")

    def tunnel_close(self, request: dict[str, Any], total_bytes: int, milliseconds: float) -> None:
        """The tunnel ended."""
        fields = _without_method(request) | {"total_bytes": total_bytes, "duration_ms": round(milliseconds, 2)}
        self._line("info", "tunnel_close", fields, "tunnel closed")

    def forwarded(self, request: dict[str, Any], status: int, size: int, milliseconds: float) -> None:
        """A plain HTTP request was answered by its upstream."""
        fields = request | {"agent": "anonymous", "status_code": status, "size_bytes": size}
        self._line("info", "forward_http", fields | {"duration_ms": round(milliseconds, 2)}, "forward proxy request")

    def _line(self, level: str, event: str, fields: dict[str, Any], message: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        head = {"level": level, "component": "pipelock", "event": event}
        self._out(json.dumps(head | fields | {"time": now, "message": message}, separators=(",", ":")))


def _without_method(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "method"} | {"agent": "anonymous"}
