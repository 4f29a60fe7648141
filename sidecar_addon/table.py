"""The route table: what it is, how it is read and written. Pure; the gate, the preview and the tests share it."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import yaml

from sidecar_addon import hosts, strict_yaml

LIMIT_BYTES = 16 * 1024 * 1024
SCAN_STATES = ("scanned", "passthrough", "not_scanned")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET")
SLOT = re.compile(r"^EGRESS_TOKEN_(0|[1-9][0-9]{0,5})$")
_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")


class TableError(ValueError):
    """The text is not a route table; the message names the place and the remedy."""


@dataclass(frozen=True)
class Grant:
    """What one decision allows on a route. None means "every": every path, every method but WEBSOCKET."""

    id: str
    path_allowlist: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    ports: tuple[int, ...] = (443,)
    host: str | None = None
    """On a wildcard route: the narrower pattern this grant is limited to."""
    expires_at: datetime | None = None
    uses: int | None = None
    """How many admitted requests it is good for; the count itself lives on the gate's volume."""
    proposal: str | None = None

    def __post_init__(self) -> None:
        if not self.ports:
            raise TableError(f"grant {self.id}: ports must not be empty")


@dataclass(frozen=True)
class Route:
    """A host (or `*.suffix`), how it is authenticated, whether it is scanned, and its grants."""

    host: str
    grants: tuple[Grant, ...] = ()
    auth_scheme: str | None = None
    """"none" sends the token alone; with `token_env`, both or neither."""
    token_env: str | None = None
    auth_header: str = "Authorization"
    token_fingerprint: str | None = None
    """`fingerprint(token_ref)` of what the slot must hold."""
    pipelock: str = "scanned"
    passthrough_until: datetime | None = None

    @property
    def has_auth(self) -> bool:
        """Whether the gate adds a credential on this route."""
        return self.token_env is not None


@dataclass(frozen=True)
class Table:
    """A whole table. `digest` is of the bytes it was read from or renders to."""

    routes: tuple[Route, ...] = ()
    version: int = 1
    apply: str | None = None
    base: str | None = None
    quarantined: bool = False
    hold_until: datetime | None = None
    source: bytes | None = field(default=None, repr=False, compare=False)

    @cached_property
    def data(self) -> bytes:
        """The bytes of this table, as it was read or as it renders."""
        return render(self) if self.source is None else self.source

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` of `data`."""
        return digest_of(self.data)

    @cached_property
    def exact(self) -> dict[str, Route]:
        """Routes by exact host."""
        return {route.host: route for route in self.routes if not hosts.is_wildcard(route.host)}

    @cached_property
    def wildcard(self) -> dict[str, Route]:
        """Wildcard routes by suffix, without the `*.`."""
        return {route.host[2:]: route for route in self.routes if hosts.is_wildcard(route.host)}

    def route_for(self, host: str) -> Route | None:
        """The route that decides for a normalised host; exact beats wildcard, longer suffix beats shorter."""
        return hosts.best_match(host, self.exact, self.wildcard)

    def grants(self) -> Iterator[tuple[Route, Grant]]:
        """Every grant with its route."""
        for route in self.routes:
            for grant in route.grants:
                yield route, grant

    def with_routes(self, routes: tuple[Route, ...], *, apply: str, base: str | None) -> "Table":
        """The next table: other routes, a new apply, the digest it replaces."""
        return replace(self, routes=routes, apply=apply, base=base, source=None)


def digest_of(data: bytes) -> str:
    """`sha256:<hex>` of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def fingerprint(token_ref: str) -> str:
    """What ties a slot to its host variable without naming it: 16 hex digits."""
    return hashlib.sha256(b"bottle-tui token_ref\0" + token_ref.encode()).hexdigest()[:16]


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


def render(table: Table) -> bytes:
    """The table as compact JSON, which is YAML too; `parse` of it gives the same table."""
    return (json.dumps(as_data(table), separators=(",", ":"), ensure_ascii=True) + "\n").encode()


def render_yaml(table: Table) -> str:
    """The table's routes as block YAML, the form people read and edit and diffs are made of."""
    routes = [route_as_data(route) for route in table.routes]
    return block_yaml({"routes": routes}) if routes else "routes: []\n"


def as_data(table: Table) -> dict[str, Any]:
    """The table as plain values, in the file's order of keys."""
    return {
        "version": table.version,
        "apply": table.apply,
        "base": table.base,
        "quarantined": table.quarantined,
        "hold_until": iso(table.hold_until),
        "routes": [route_as_data(route) for route in table.routes],
    }


def route_as_data(route: Route) -> dict[str, Any]:
    """One route as plain values; what is at its default is left out, except the scan state."""
    data: dict[str, Any] = {"host": route.host}
    if route.token_env:
        data |= {"auth_scheme": route.auth_scheme, "token_env": route.token_env}
        if route.auth_header != "Authorization":
            data["auth_header"] = route.auth_header
        if route.token_fingerprint:
            data["token_fingerprint"] = route.token_fingerprint
    data["pipelock"] = route.pipelock
    if route.passthrough_until:
        data["passthrough_until"] = iso(route.passthrough_until)
    data["grants"] = [grant_as_data(grant) for grant in route.grants]
    return data


def grant_as_data(grant: Grant) -> dict[str, Any]:
    """One grant as plain values; absent means "every", except `ports` (443)."""
    data: dict[str, Any] = {"id": grant.id}
    if grant.host:
        data["host"] = grant.host
    if grant.path_allowlist is not None:
        data["path_allowlist"] = list(grant.path_allowlist)
    if grant.methods is not None:
        data["methods"] = list(grant.methods)
    if grant.ports != (443,):
        data["ports"] = list(grant.ports)
    if grant.expires_at:
        data["expires_at"] = iso(grant.expires_at)
    if grant.uses is not None:
        data["uses"] = grant.uses
    if grant.proposal:
        data["proposal"] = grant.proposal
    return data


def iso(moment: datetime | None) -> str | None:
    """UTC with milliseconds and a Z, or None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """An ISO 8601 moment with a zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone; write it in UTC with a Z at the end")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of the calendar's range") from None


class _BlockDumper(yaml.SafeDumper):
    """Block style for mappings and lists of mappings, flow style for lists of scalars; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flow = not any(isinstance(item, dict) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_BlockDumper.add_representer(list, _represent_list)


def block_yaml(value: Any) -> str:
    """Plain values as block YAML, lists of scalars in one line: the form of `render_yaml`."""
    text: str = yaml.dump(value, Dumper=_BlockDumper, sort_keys=False, width=4096, allow_unicode=False)
    return text


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
    from sidecar_addon import paths

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
