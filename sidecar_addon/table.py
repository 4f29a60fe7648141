"""The route table: what it is and how it is written; `table_parser` reads it. Pure; shared by gate and preview."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sidecar_addon import hosts
from sidecar_addon.block_yaml import block_yaml
from sidecar_addon.times import iso

LIMIT_BYTES = 16 * 1024 * 1024
SCAN_STATES = ("scanned", "passthrough", "not_scanned")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET")
SLOT = re.compile(r"^EGRESS_TOKEN_(0|[1-9][0-9]{0,5})\Z")


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


def render(table: Table) -> bytes:
    """The table as compact JSON, which is YAML too; parsed it gives the same table."""
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
