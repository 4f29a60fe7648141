"""Pipelock's configuration, made from the routes, the operator's extra lists and the manifest's settings. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import yaml

from bottle_tui.core.plan import PipelockPlan
from bottle_tui.errors import Conflict, InvalidFile
from sidecar_addon import hosts, strict_yaml
from sidecar_addon.table import Route, digest_of

PLACEHOLDER = "placeholder.invalid"
"""Strict mode refuses an empty list; this name can never resolve (RFC 2606)."""
EXTRA_FILE = "pipelock.extra.yaml"
LIMIT_BYTES = 32 * 1024 * 1024
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Extra:
    """`pipelock.extra.yaml`: host patterns that pipelock lets through, or does not scan, beside the routes'."""

    hosts: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mirrored:
    """The two lists that follow the routes: `api_allowlist` and `passthrough_domains`, placeholder left out."""

    hosts: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()


def mirror(routes: Iterable[Route], extra: Extra = Extra()) -> Mirrored:
    """What pipelock has to hold for these routes. A route without grants denies at the gate and is left out here too.

    Raises Conflict for a passthrough pattern that would also stop the scanning of a scanned route.
    """
    live = [route for route in routes if route.grants]
    passed = [name for route in live if route.pipelock == "passthrough" for name in _granted(route)]
    patterns = [*passed, *extra.passthrough]
    for route in live:
        if route.pipelock == "scanned":
            _refuse_blinding(route, patterns)
    allowed = [*(name for route in live for name in _granted(route)), *extra.hosts, *extra.passthrough]
    return Mirrored(_spread(allowed), _spread(patterns))


def _granted(route: Route) -> tuple[str, ...]:
    """The names that its grants are for: a wildcard whose grants are all limited to hosts opens those hosts alone."""
    names = tuple(grant.host for grant in route.grants if grant.host is not None)
    return names if len(names) == len(route.grants) else (route.host,)


def _refuse_blinding(route: Route, patterns: list[str]) -> None:
    """A passthrough pattern is not "longest match": it stops the scanning of every name it covers."""
    for pattern in patterns:
        if hosts.covers(pattern, route.host):
            raise Conflict(
                f"passthrough of {pattern} would also stop the scanning of {route.host}, whose route says scanned; "
                f"make {route.host} passthrough too, or name exact hosts"
            )


def _spread(patterns: Iterable[str]) -> tuple[str, ...]:
    """`*.h` as `h` and `*.h`: pipelock's passthrough wildcard leaves the apex out, its bare name is exact."""
    spread: dict[str, None] = {}
    for pattern in patterns:
        if hosts.is_wildcard(pattern):
            spread[pattern[2:]] = None
        spread[pattern] = None
    return tuple(spread)


def scan_state(host: str, extra: Extra, default: str = "scanned") -> str:
    """The scan state that a new route for `host` gets: passthrough where the extra list already says so."""
    return "passthrough" if any(hosts.covers(pattern, host) for pattern in extra.passthrough) else default


def unscanned(routes: Iterable[Route], extra: Extra) -> tuple[Route, ...]:
    """The routes, those that the extra list passes through unread in that state: both sidecars must agree on it."""
    return tuple(
        replace(route, pipelock="passthrough")
        if route.pipelock == "scanned" and scan_state(route.host, extra) == "passthrough"
        else route
        for route in routes
    )


def render_config(routes: Iterable[Route], extra: Extra, settings: PipelockPlan, apply: str) -> bytes:
    """The whole of `pipelock.yaml`. `apply` goes into a comment line, so that every config has a hash of its own."""
    return _render(_config(settings), mirror(routes, extra), apply)


def rewrite(config: bytes, mirrored: Mirrored, apply: str) -> bytes:
    """A rendered config with other lists and another apply; the manifest's settings stay. Raises InvalidFile."""
    return _render(_load(config), mirrored, apply)


def read(config: bytes) -> Mirrored:
    """The two lists of a rendered config. Raises InvalidFile."""
    data = _load(config)
    allowed = tuple(host for host in data["api_allowlist"] if host != PLACEHOLDER)
    return Mirrored(allowed, tuple(data["tls_interception"]["passthrough_domains"]))


def allow_private(config: bytes) -> tuple[str, ...]:
    """The networks that upstream names may resolve to. Raises InvalidFile."""
    return tuple(map(str, _load(config).get("ssrf", {}).get("ip_allowlist", ())))


def body_limit(config: bytes) -> int:
    """Bytes of a body beyond which a scanned host's request is refused. Raises InvalidFile."""
    limit: int = _load(config)["request_body_scanning"]["max_body_bytes"]
    return limit


def config_hash(config: bytes) -> str:
    """What pipelock answers in `config_reload` and `startup`: the bare sha256 of the file, in hex."""
    return digest_of(config).removeprefix("sha256:")


def parse_extra(data: bytes | None, file: str = EXTRA_FILE) -> Extra:
    """Read the operator's extra lists; None is an empty file. Raises InvalidFile."""
    try:
        value = strict_yaml.load(data or b"", limit=_MEBIBYTE)
    except strict_yaml.StrictYamlError as error:
        raise InvalidFile(error.message, file=file, place=str(error.line) if error.line else None) from None
    if value is None:
        return Extra()
    if not isinstance(value, dict):
        raise InvalidFile("must be a mapping with the keys `hosts` and `passthrough`", file=file)
    for key in value:
        if key not in ("hosts", "passthrough"):
            raise InvalidFile(f"unknown key {key!r}; known are hosts, passthrough", file=file)
    return Extra(_patterns(value, "hosts", file), _patterns(value, "passthrough", file))


def render_extra(extra: Extra) -> bytes:
    """The extra lists as people edit them."""
    data = {"hosts": list(extra.hosts), "passthrough": list(extra.passthrough)}
    return yaml.safe_dump(data, sort_keys=False).encode()


def _patterns(value: dict[str, Any], key: str, file: str) -> tuple[str, ...]:
    listed = value.get(key)
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise InvalidFile("must be a list of host names", file=file, place=key)
    try:
        return tuple(dict.fromkeys(hosts.normalise_pattern(item) for item in listed))
    except hosts.HostError as error:
        raise InvalidFile(str(error), file=file, place=key) from None


def _load(config: bytes) -> dict[str, Any]:
    try:
        value = strict_yaml.load(config, limit=LIMIT_BYTES)
    except strict_yaml.StrictYamlError as error:
        raise InvalidFile(str(error), file="pipelock.yaml") from None
    if not isinstance(value, dict) or not isinstance(value.get("api_allowlist"), list):
        raise InvalidFile("is not a config of ours (no api_allowlist)", file="pipelock.yaml")
    interception = value.get("tls_interception")
    if not isinstance(interception, dict) or not isinstance(interception.get("passthrough_domains"), list):
        raise InvalidFile("is not a config of ours (no tls_interception.passthrough_domains)", file="pipelock.yaml")
    scanning = value.get("request_body_scanning")
    if not isinstance(scanning, dict) or type(scanning.get("max_body_bytes")) is not int:
        raise InvalidFile("is not a config of ours (no request_body_scanning.max_body_bytes)", file="pipelock.yaml")
    if not isinstance(networks := value.get("ssrf", {}), dict) or not isinstance(
        networks.get("ip_allowlist", []), list
    ):
        raise InvalidFile("is not a config of ours (ssrf.ip_allowlist is no list)", file="pipelock.yaml")
    return value


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Block style without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _render(data: dict[str, Any], mirrored: Mirrored, apply: str) -> bytes:
    interception = {**data["tls_interception"], "passthrough_domains": list(mirrored.passthrough)}
    whole = {**data, "api_allowlist": [PLACEHOLDER, *mirrored.hosts], "tls_interception": interception}
    text: str = yaml.dump(whole, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=False)
    return f"# written by bottle-tui; change it with `bottle-tui pipelock edit`\n# apply {apply}\n{text}".encode()


def _config(settings: PipelockPlan) -> dict[str, Any]:
    limit = settings.scan_limit_mb * _MEBIBYTE
    data: dict[str, Any] = {
        "version": 1,
        "mode": "strict",
        "enforce": True,
        "explain_blocks": True,
        "api_allowlist": [],
        "fetch_proxy": _fetch_proxy(),
        "forward_proxy": {
            "enabled": True,
            # An absolute deadline of every tunnel, streaming ones too: a day, not the five minutes of the default.
            "max_tunnel_seconds": 86400,
            "idle_timeout_seconds": 600,
            "sni_verification": True,
        },
        "tls_interception": {
            "enabled": True,
            "ca_cert": "/etc/pipelock/tls/ca.pem",
            "ca_key": "/etc/pipelock/tls/ca-key.pem",
            "passthrough_domains": [],
            "cert_ttl": "24h",
            "max_response_bytes": limit,
        },
        **_scanning(settings, limit),
        "media_policy": {"enabled": False},
        "taint": {"enabled": False},
        "sentry": {"enabled": False},
        "logging": {"format": "json", "output": "stdout", "include_allowed": True, "include_blocked": True},
    }
    if settings.allow_private:
        data["ssrf"] = {"ip_allowlist": list(settings.allow_private)}
    return data


def _fetch_proxy() -> dict[str, Any]:
    return {
        "listen": "0.0.0.0:8888",
        "timeout_seconds": 300,
        "max_response_mb": 64,
        "monitoring": {
            "max_url_length": 8192,
            # As good as off: zero would mean the default, which refuses ordinary ids in paths.
            "entropy_threshold": 64,
            "subdomain_entropy_threshold": 64,
            # Omitted or zero would mean 60 a minute and registrable domain.
            "max_requests_per_minute": 1000000,
        },
    }


def _scanning(settings: PipelockPlan, limit: int) -> dict[str, Any]:
    patterns = [
        {"name": pattern.name, "regex": pattern.regex, "severity": pattern.severity} for pattern in settings.patterns
    ]
    return {
        "request_body_scanning": {
            "enabled": True,
            "action": "block",
            "max_body_bytes": limit,
            "scan_headers": True,
            "header_mode": "sensitive",
            # Not Authorization and its like: the gate injects tokens there, and searches what the agent sent itself.
            "sensitive_headers": ["Cookie", "X-Token"],
        },
        "dlp": {"scan_env": False, "include_defaults": True, "patterns": patterns},
        "response_scanning": {
            # Off would make the built-in core patterns block.
            "enabled": True,
            "action": "warn",
            # An omitted action would mean block, which cuts a model's stream.
            "sse_streaming": {"enabled": True, "action": "warn", "max_event_bytes": 4 * _MEBIBYTE},
        },
    }
