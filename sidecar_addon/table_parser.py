"""Reads a route table and refuses what is not one, naming the place and the remedy. Pure; see `table`."""

import re
from datetime import datetime
from typing import Any

from sidecar_addon import hosts, paths, strict_yaml
from sidecar_addon.table import LIMIT_BYTES, METHODS, SCAN_STATES, SLOT, Grant, Route, Table, TableError
from sidecar_addon.times import parse_time

_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z")


def parse(data: bytes) -> Table:
    """Read a table from YAML or JSON. Raises TableError; unknown keys, wrong types and duplicates are errors."""
    try:
        value = strict_yaml.load(data, limit=LIMIT_BYTES)
    except strict_yaml.StrictYamlError as error:
        raise TableError(str(error)) from None
    if not isinstance(value, dict):
        raise TableError("a route table is a mapping with the key `routes`")
    _only(value, ("version", "apply", "base", "quarantined", "hold_until", "routes"), "the table")
    if value.get("version", 1) != 1 or isinstance(value.get("version", 1), bool):
        raise TableError(f"version {value['version']!r} is not known; this gate reads version 1")
    routes_value = value.get("routes")
    if not isinstance(routes_value, list):
        raise TableError("routes must be a list (an empty one denies everything)")
    routes = tuple(_route(item, index) for index, item in enumerate(routes_value))
    _refuse_repeats(routes)
    return Table(
        routes=routes,
        apply=_optional(value, "apply", str, "the table"),
        base=_optional(value, "base", str, "the table"),
        quarantined=_optional(value, "quarantined", bool, "the table") or False,
        hold_until=_time(value, "hold_until", "the table"),
        source=data,
    )


def _route(item: Any, index: int) -> Route:
    where = f"routes[{index}]"
    if not isinstance(item, dict):
        raise TableError(f"{where} must be a mapping")
    where = f"{where} ({item.get('host')})" if isinstance(item.get("host"), str) else where
    route_keys = (
        "host",
        "auth_scheme",
        "token_env",
        "auth_header",
        "token_fingerprint",
        "pipelock",
        "passthrough_until",
    )
    flat_keys = ("path_allowlist", "methods", "ports")
    _only(item, (*route_keys, "grants", *flat_keys), where)
    host = _pattern(item.get("host"), f"{where}: host")
    if "grants" in item and any(key in item for key in flat_keys):
        raise TableError(f"{where}: write either grants or {', '.join(flat_keys)}, not both")
    route = Route(
        host=host,
        grants=_grants(item, index, host, where),
        auth_scheme=_optional(item, "auth_scheme", str, where),
        token_env=_optional(item, "token_env", str, where),
        auth_header=_optional(item, "auth_header", str, where) or "Authorization",
        token_fingerprint=_optional(item, "token_fingerprint", str, where),
        pipelock=_optional(item, "pipelock", str, where) or "scanned",
        passthrough_until=_time(item, "passthrough_until", where),
    )
    _check_route(route, where)
    return route


def _check_route(route: Route, where: str) -> None:
    if (route.auth_scheme is None) != (route.token_env is None):
        raise TableError(f"{where}: auth_scheme and token_env go together; write both or neither")
    if route.token_env is not None and not SLOT.match(route.token_env):
        raise TableError(f"{where}: token_env must be a slot such as EGRESS_TOKEN_0")
    if route.auth_scheme is not None and not _TOKEN.match(route.auth_scheme):
        raise TableError(f"{where}: auth_scheme {route.auth_scheme!r} is not one word")
    if not _TOKEN.match(route.auth_header):
        raise TableError(f"{where}: auth_header {route.auth_header!r} is not a header name")
    if route.has_auth and hosts.is_wildcard(route.host):
        raise TableError(f"{where}: a wildcard cannot carry auth; name the exact host")
    if route.pipelock not in SCAN_STATES:
        raise TableError(f"{where}: pipelock must be one of {', '.join(SCAN_STATES)}")
    if route.passthrough_until and route.pipelock != "passthrough":
        raise TableError(f"{where}: passthrough_until goes with pipelock: passthrough")


def _grants(item: dict[str, Any], index: int, host: str, where: str) -> tuple[Grant, ...]:
    if "grants" not in item:
        flat = {key: item[key] for key in ("path_allowlist", "methods", "ports") if key in item}
        return (_grant({"id": f"m{index + 1}", **flat}, host, where),)
    listed = item["grants"]
    if not isinstance(listed, list):
        raise TableError(f"{where}: grants must be a list")
    return tuple(_grant(value, host, f"{where}: grants[{number}]") for number, value in enumerate(listed))


def _grant(item: Any, route_host: str, where: str) -> Grant:
    if not isinstance(item, dict):
        raise TableError(f"{where} must be a mapping")
    _only(item, ("id", "host", "path_allowlist", "methods", "ports", "expires_at", "uses", "proposal"), where)
    identity = item.get("id")
    if not isinstance(identity, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", identity):
        raise TableError(f"{where}: id must be 1 to 64 letters, digits, `_`, `-` or `.`")
    host = None if item.get("host") is None else _pattern(item["host"], f"{where}: host")
    if host is not None and not hosts.covers(route_host, host):
        raise TableError(f"{where}: host {host} is not covered by the route's {route_host}")
    uses = _optional(item, "uses", int, where)
    if uses is not None and uses < 1:
        raise TableError(f"{where}: uses must be 1 or more")
    return Grant(
        id=identity,
        path_allowlist=_paths(item, where),
        methods=_methods(item, where),
        ports=_ports(item, where),
        host=None if host == route_host else host,
        expires_at=_time(item, "expires_at", where),
        uses=uses,
        proposal=_optional(item, "proposal", str, where),
    )


def _paths(item: dict[str, Any], where: str) -> tuple[str, ...] | None:
    if item.get("path_allowlist") is None:
        return None
    listed = _texts(item, "path_allowlist", where)
    for prefix in listed:
        why = paths.problem(prefix)
        if why:
            raise TableError(f"{where}: the path prefix {prefix!r} {why}")
    return listed


def _methods(item: dict[str, Any], where: str) -> tuple[str, ...] | None:
    if item.get("methods") is None:
        return None
    listed = _texts(item, "methods", where)
    for method in listed:
        if method not in METHODS:
            raise TableError(f"{where}: the method {method!r} is not one of {', '.join(METHODS)}")
    return listed


def _ports(item: dict[str, Any], where: str) -> tuple[int, ...]:
    if item.get("ports") is None:
        return (443,)
    listed = item["ports"]
    if not isinstance(listed, list) or not listed:
        raise TableError(f"{where}: ports must be a list of numbers that is not empty; leave it out for 443")
    for port in listed:
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
            raise TableError(f"{where}: {port!r} is not a port (1 to 65535)")
    return tuple(dict.fromkeys(listed))


def _texts(item: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    listed = item[key]
    if not isinstance(listed, list) or not listed or not all(isinstance(value, str) for value in listed):
        raise TableError(f"{where}: {key} must be a list of texts that is not empty; leave it out for every one")
    return tuple(dict.fromkeys(listed))


def _pattern(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise TableError(f"{where} must be a host name")
    try:
        return hosts.normalise_pattern(value)
    except hosts.HostError as error:
        raise TableError(f"{where}: {error}") from None


def _time(item: dict[str, Any], key: str, where: str) -> datetime | None:
    text = _optional(item, key, str, where)
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise TableError(f"{where}: {key} is no ISO 8601 time in UTC ({error})") from None


def _optional[T](item: dict[str, Any], key: str, kind: type[T], where: str) -> T | None:
    value = item.get(key)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TableError(f"{where}: {key} must be of type {kind.__name__}")
    return value


def _only(item: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in item:
        if key not in known:
            raise TableError(f"{where}: unknown key {key!r}; known are {', '.join(known)}")


def _refuse_repeats(routes: tuple[Route, ...]) -> None:
    names: set[str] = set()
    ids: set[str] = set()
    for route in routes:
        if route.host in names:
            raise TableError(f"the host {route.host} has two routes; merge their grants into one")
        names.add(route.host)
        for grant in route.grants:
            if grant.id in ids:
                raise TableError(f"route {route.host}: the grant id {grant.id} is there twice")
            ids.add(grant.id)
