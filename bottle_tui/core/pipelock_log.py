"""One raw line of pipelock's (or the hop's) output, told apart: policy, noise or plain text, and redacted. Pure.

Several of pipelock's own lines carry whole URLs, secrets included; nothing leaves this module that was not redacted.
"""

import json
from typing import Any

from bottle_tui.core.event_lines import event_of, level_of_text
from bottle_tui.core.log_filter import level_of
from bottle_tui.core.redaction import redacted, redacted_value
from bottle_tui.core.views import LogLine

MAX_LINE = 16 * 1024
"""Longer lines are cut: pipelock logs the URL of a request as long as it was sent."""

_BLOCK_KINDS = {
    "allowlist": "host_block",
    "blocklist": "host_block",
    "ssrf": "address_block",
    "core_ssrf": "address_block",
    "dlp": "secret_block",
    "core_dlp": "secret_block",
    "body_dlp": "secret_block",
    "header_dlp": "secret_block",
    "entropy": "secret_block",
    "subdomain_entropy": "secret_block",
    "tls_handshake_error": "ca_not_trusted",
    "tls_authority_mismatch": "authority_mismatch",
    "tls_response_blocked": "response_block",
    "response_scan": "response_block",
    "core_response": "response_block",
    "ratelimit": "rate_block",
    "length": "size_block",
}
_REFUSALS = frozenset({"blocked", "ws_blocked", "kill_switch_deny"})
"""Events that are refusals whatever else they say; others are one when their action is."""
_REASON_KINDS = (
    ("too large", "size_block"),
    ("exceeds max", "size_block"),
    ("exceeds maximum", "size_block"),
    ("compressed", "compressed_block"),
    ("cannot be scanned", "compressed_block"),
    ("invalid", "malformed_block"),
)
_PATTERN_HEADS = (
    "request body contains secret: ",
    "request header contains secret: ",
    "core DLP match: ",
    "DLP match: ",
)
_WORDS = {
    "host_block": "not on pipelock's allowlist",
    "address_block": "refused: its name leads to a private address, or to none",
    "secret_block": "refused: looks like a secret",
    "size_block": "refused: too large to be scanned",
    "compressed_block": "refused: compressed, cannot be scanned",
    "malformed_block": "refused: the body is not what it claims to be",
    "ca_not_trusted": "the gate does not trust pipelock's CA (or broke off the handshake)",
    "authority_mismatch": "refused: the request names another host than its tunnel",
    "response_block": "answer refused",
    "rate_block": "refused: too many requests",
    "block": "refused",
}


def read(slug: str, raw: str) -> LogLine:
    """The line as it may be shown. `facts`: `kind`, `summary`, and where known `host`, `patterns`, `scanner`, `reason`.

    `kind` is one of: ack, startup, shutdown, rejected, text, tunnel, passed, error, other, and the `…_block` kinds,
    `ca_not_trusted`, `authority_mismatch`, `sni_mismatch`.
    """
    line = raw.rstrip("\r\n")
    event = event_of(line)
    if event is None:
        return _plain(slug, redacted(line[:MAX_LINE]))
    safe: dict[str, Any] = redacted_value(event)
    kind, noise = _kind(safe)
    facts: dict[str, Any] = {"kind": kind}
    for name, value in (("host", _host(safe)), ("scanner", safe.get("scanner")), ("reason", _reason(safe))):
        if isinstance(value, str) and value:
            facts[name] = value
    if kind == "secret_block":
        facts["patterns"] = _patterns(safe)
    facts["summary"] = _summary(safe, facts)
    level = level_of(str(safe.get("level"))) or "info"
    text = json.dumps(safe, separators=(",", ":"), ensure_ascii=False)[:MAX_LINE]
    return LogLine(slug, "pipelock", text, safe, noise, "info" if noise else level, facts)


def config_hash(line: LogLine) -> str | None:
    """The hash that a `config_reload` or `startup` line acknowledges, without `sha256:`; None for other lines."""
    if line.event is None or line.facts.get("kind") not in ("ack", "startup"):
        return None
    value = line.event.get("config_hash")
    return value if isinstance(value, str) else None


def _plain(slug: str, text: str) -> LogLine:
    """Standard error: the banner, warnings, and the reasons of refused configurations."""
    if "config reload failed" in text:
        return LogLine(slug, "pipelock", text, level="error", facts={"kind": "rejected", "summary": text})
    level = level_of_text(text)
    noise = "is not loopback" in text or "binds to all interfaces" in text
    return LogLine(slug, "pipelock", text, None, noise, level, {"kind": "text", "summary": text})


def _kind(event: dict[str, Any]) -> tuple[str, bool]:
    """What a line means, and whether it is noise: said by pipelock, but no decision of the policy."""
    name = event["event"]
    simple = {"config_reload": "ack", "startup": "startup", "shutdown": "shutdown", "forward_http": "passed"}
    if name in simple:
        if name == "config_reload" and event.get("status") != "success":
            return "rejected", False
        return simple[name], False
    if name in ("tunnel_open", "tunnel_close", "allowed"):
        return "tunnel" if name != "allowed" else "passed", False
    if name in _REFUSALS or (name != "anomaly" and event.get("action") == "block"):
        return _block_kind(event), False
    if name == "error":
        return _error_kind(event)
    if name == "sni_mismatch":
        return "sni_mismatch", event.get("category") == "timeout"
    if name == "anomaly":
        return ("tunnel", True) if event.get("scanner") == "tls_intercept" else ("other", _is_startup_anomaly(event))
    return "other", False


def _is_startup_anomaly(event: dict[str, Any]) -> bool:
    """The remark that it listens on every address, as it must in a container."""
    return event.get("method") == "STARTUP" and "loopback" in str(event.get("reason", ""))


def _error_kind(event: dict[str, Any]) -> tuple[str, bool]:
    error = str(event.get("error", ""))
    if event.get("method") == "CONFIG_RELOAD":
        return "rejected", False
    # Every closed tunnel says the first; a failed handshake was already told as `blocked`.
    return "error", "use of closed network connection" in error or error.startswith("client TLS handshake:")


def _block_kind(event: dict[str, Any]) -> str:
    scanner = event.get("scanner") or event["event"]
    reason = str(event.get("reason", ""))
    if scanner in ("body_dlp", "tls_response_blocked"):
        for words, kind in _REASON_KINDS:
            if words in reason:
                return kind
    return _BLOCK_KINDS.get(str(scanner), "block")


def _patterns(event: dict[str, Any]) -> list[str]:
    """Names of the patterns that hit, never what they hit."""
    listed = event.get("patterns")
    if isinstance(listed, list):
        return [str(name) for name in listed]
    reason = str(event.get("reason", ""))
    for head in _PATTERN_HEADS:
        if reason.startswith(head):
            return [name.split(" (")[0].strip() for name in reason[len(head) :].split(", ")]
    return []


def _host(event: dict[str, Any]) -> str:
    """The host a line is about, without its port."""
    target = event.get("target") or event.get("connect_host") or event.get("endpoint") or ""
    if not target and isinstance(event.get("url"), str):
        target = event["url"].partition("://")[2].partition("/")[0]
    host, colon, port = str(target).rpartition(":")
    return (host if colon and port.isdigit() else str(target)).strip("[]").rstrip(".").lower()


def _reason(event: dict[str, Any]) -> str:
    return str(event.get("reason") or event.get("error") or "")


def _summary(event: dict[str, Any], facts: dict[str, Any]) -> str:
    """One short line for people."""
    kind, host = facts["kind"], facts.get("host", "")
    if kind in ("ack", "startup"):
        verb = "loaded" if kind == "ack" else "started with"
        return f"{verb} config {str(event.get('config_hash', ''))[:12]}"
    if kind == "rejected":
        return f"config refused, the old one is kept: {facts.get('reason', '')}"
    if kind in _WORDS:
        names = ", ".join(facts.get("patterns", []))
        return f"{event.get('method', '')} {host}: {_WORDS[kind]}{f' ({names})' if names else ''}".strip()
    if kind == "passed":
        return f"{event.get('method', '')} {host} → {event.get('status_code', '')}".strip()
    if kind == "tunnel" and event["event"] == "anomaly":
        return f"{host}: scanned tunnel opened"
    words = str(facts.get("reason", "") if kind in ("error", "other") else "") or str(
        event.get("message") or event["event"]
    )
    return f"{host}: {words}" if host else words
