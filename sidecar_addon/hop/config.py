"""The part of pipelock's configuration that the hop enforces, and which changes only a restart may bring in. Pure."""

import hashlib
import ipaddress
from dataclasses import dataclass
from typing import Any

from sidecar_addon import strict_yaml
from sidecar_addon.hop.allowlist import Allowlist

LIMIT_BYTES = 16 * 1024 * 1024
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SECTIONS = frozenset(
    """
    version mode enforce explain_blocks api_allowlist fetch_proxy forward_proxy websocket_proxy tls_interception
    request_body_scanning dlp response_scanning media_policy taint sentry ssrf logging internal trusted_domains
    suppress kill_switch metrics_listen emit flight_recorder mediation_envelope session_profiling
    adaptive_enforcement cross_request_detection address_protection airlock
    """.split()  # noqa: SIM905
)
_KEYS = {
    "fetch_proxy": ["listen", "timeout_seconds", "max_response_mb", "user_agent", "monitoring"],
    "forward_proxy": [
        "enabled",
        "max_tunnel_seconds",
        "idle_timeout_seconds",
        "sni_verification",
        "redirect_websocket_hosts",
    ],
    "tls_interception": [
        "enabled",
        "ca_cert",
        "ca_key",
        "passthrough_domains",
        "cert_ttl",
        "cert_cache_size",
        "max_response_bytes",
    ],
    "ssrf": ["ip_allowlist"],
}


class ConfigError(ValueError):
    """The file is not a configuration; worded as pipelock words it."""


@dataclass(frozen=True)
class HopConfig:
    """What the hop reads. `digest` is the sha256 of the file's bytes in hex, as `config_hash` names it."""

    allowlist: Allowlist
    listen: tuple[str, int]
    passthrough: frozenset[str]
    ip_allowlist: tuple[Network, ...]
    mode: str
    enforce: bool
    explain_blocks: bool
    tunnel_seconds: int
    idle_seconds: int
    digest: str
    raw: dict[str, Any]


def parse(data: bytes, name: str) -> HopConfig:
    """Read a configuration file's bytes; `name` stands in the message. Raises ConfigError."""
    try:
        value = strict_yaml.load_yaml(data, limit=LIMIT_BYTES).value
    except strict_yaml.StrictYamlError as error:
        raise ConfigError(f"parsing config {name}: yaml: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"parsing config {name}: yaml: a mapping is expected")
    _refuse_unknown(value, name)
    mode = _of(value, "mode", str, "balanced")
    if mode not in ("strict", "balanced", "audit"):
        raise ConfigError(f"invalid config: mode {mode!r} must be strict, balanced or audit")
    names = _names(value, "api_allowlist")
    if not names:
        raise ConfigError("invalid config: strict mode requires at least one domain in api_allowlist")
    forward, tls = _section(value, "forward_proxy"), _section(value, "tls_interception")
    return HopConfig(
        allowlist=Allowlist(names),
        listen=_listen(_of(_section(value, "fetch_proxy"), "listen", str, "127.0.0.1:8888")),
        passthrough=frozenset(_names(tls, "passthrough_domains")),
        ip_allowlist=_networks(_names(_section(value, "ssrf"), "ip_allowlist")),
        mode=mode,
        enforce=_of(value, "enforce", bool, True),
        explain_blocks=_of(value, "explain_blocks", bool, False),
        tunnel_seconds=_of(forward, "max_tunnel_seconds", int, 0) or 300,
        idle_seconds=_of(forward, "idle_timeout_seconds", int, 0) or 120,
        digest=hashlib.sha256(data).hexdigest(),
        raw=value,
    )


def downgrades(old: HopConfig, new: HopConfig) -> list[str]:
    """What a running strict proxy refuses to take over by reload, one `field - message` each."""
    found = []
    if new.mode != "strict":
        found.append(f"mode - mode downgraded from strict to {new.mode}")
    if not new.enforce:
        found.append("enforce - enforcement disabled")
    found += _added("tls_interception.passthrough_domains", "passthrough added", old.passthrough, new.passthrough)
    nets = frozenset(map(str, old.ip_allowlist)), frozenset(map(str, new.ip_allowlist))
    found += _added("ssrf.ip_allowlist", "SSRF IP allowlist expanded", *nets)
    trusted = frozenset(_names(old.raw, "trusted_domains")), frozenset(_names(new.raw, "trusted_domains"))
    found += _added("trusted_domains", "trusted domain added", *trusted)
    for section in ("forward_proxy", "tls_interception", "request_body_scanning"):
        if _section(old.raw, section).get("enabled") and not _section(new.raw, section).get("enabled"):
            found.append(f"{section}.enabled - turned off")
    if _section(old.raw, "dlp").get("patterns") != _section(new.raw, "dlp").get("patterns"):
        found.append("dlp.patterns - patterns changed")
    return found


def _added(field: str, words: str, old: frozenset[str], new: frozenset[str]) -> list[str]:
    more = sorted(new - old)
    return [f"{field} - {words}: {', '.join(more)}"] if more else []


def _refuse_unknown(value: dict[str, Any], name: str) -> None:
    unknown = [key for key in value if key not in _SECTIONS]
    for section, keys in _KEYS.items():
        unknown += [f"{section}.{key}" for key in _section(value, section) if key not in keys]
    if unknown:
        raise ConfigError(f"parsing config {name}: yaml: unmarshal errors: field {unknown[0]} not found")


def _section(value: dict[str, Any], key: str) -> dict[str, Any]:
    return _of(value, key, dict, {})


def _of[T](value: dict[str, Any], key: str, kind: type[T], default: T) -> T:
    found = value.get(key)
    if found is None:
        return default
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise ConfigError(f"invalid config: {key} must be of type {kind.__name__}")
    return found


def _names(value: dict[str, Any], key: str) -> list[str]:
    listed = _of(value, key, list, [])
    if not all(isinstance(item, str) for item in listed):
        raise ConfigError(f"invalid config: {key} must be a list of texts")
    return [item.strip().rstrip(".").lower() for item in listed]


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"invalid config: fetch_proxy.listen {text!r} must be ADDRESS:PORT")
    return host.strip("[]"), int(port)


def _networks(texts: list[str]) -> tuple[Network, ...]:
    found = []
    for text in texts:
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            raise ConfigError(f"invalid config: ssrf.ip_allowlist: {error}") from None
        if network.prefixlen == 0:
            raise ConfigError(f"invalid config: ssrf.ip_allowlist: {text} covers everything")
        found.append(network)
    return tuple(found)
