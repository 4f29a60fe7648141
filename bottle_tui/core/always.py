"""`grants.yaml`: what was approved "always" and is granted again at the next `up`. Reading, writing, merging; pure.

Slots are given anew by every launch, so a credential stands here by the name of the host's variable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from bottle_tui.core.keys import AUTH, HOST, METHODS_KEY, PATHS_KEY, PORTS_KEY
from bottle_tui.core.manifest import Auth, dotted
from bottle_tui.core.nodes import Flag, Key, ListOf, Mapped, Refusal, Text
from bottle_tui.errors import InvalidFile
from sidecar_addon import hosts
from sidecar_addon.strict_yaml import StrictYamlError, load_yaml
from sidecar_addon.table import Grant, Route

LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Always:
    """One approval that outlives the bottle. `host` is what was granted, `auth` only if the approval brought it."""

    id: str
    host: str
    path_allowlist: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    ports: tuple[int, ...] = (443,)
    proposal: str | None = None
    auth: Auth | None = None
    passthrough: bool = False

    def grant(self, route_host: str) -> Grant:
        """As a grant of the route that names its host."""
        return Grant(
            id=self.id,
            path_allowlist=self.path_allowlist,
            methods=self.methods,
            ports=self.ports,
            host=None if route_host == self.host else self.host,
            proposal=self.proposal,
        )


_ID = Text("an id", r"^[A-Za-z0-9_.-]{1,64}$")
_GRANT = Mapped(
    {
        "id": Key(_ID, "the grant's id", None, True),
        "host": Key(HOST, "what was granted", None, True),
        "path_allowlist": PATHS_KEY,
        "methods": METHODS_KEY,
        "ports": PORTS_KEY,
        "proposal": Key(_ID, "the proposal that asked for it"),
        "auth": Key(AUTH, "the credential it brought"),
        "passthrough": Key(Flag(), "whether the host is not scanned", False),
    },
    {},
)
_FILE = Mapped({"grants": Key(ListOf(_GRANT, "grants"), "what was approved always", None, True)}, {})


def parse(data: bytes, file: str = "grants.yaml") -> tuple[Always, ...]:
    """Read the file. Raises InvalidFile naming file, line, key and remedy."""
    try:
        document = load_yaml(data, limit=LIMIT_BYTES)
    except StrictYamlError as error:
        raise InvalidFile(error.message, file=file, place=str(error.line) if error.line else None) from None
    try:
        items: tuple[dict[str, Any], ...] = _FILE.read(document.value, ())["grants"]
    except Refusal as refusal:
        place = f"{document.line(refusal.path)} ({dotted(refusal.path)})"
        raise InvalidFile(refusal.message, file=file, place=place) from None
    return tuple(Always(**item | {"auth": Auth(**item["auth"]) if item["auth"] else None}) for item in items)


def render(entries: Sequence[Always]) -> bytes:
    """The file's bytes; `parse` of them gives the same entries."""
    text: str = yaml.safe_dump({"grants": [_as_data(entry) for entry in entries]}, sort_keys=False, width=4096)
    return text.encode()


def _as_data(entry: Always) -> dict[str, Any]:
    data: dict[str, Any] = {"id": entry.id, "host": entry.host}
    if entry.path_allowlist is not None:
        data["path_allowlist"] = list(entry.path_allowlist)
    if entry.methods is not None:
        data["methods"] = list(entry.methods)
    if entry.ports != (443,):
        data["ports"] = list(entry.ports)
    if entry.proposal:
        data["proposal"] = entry.proposal
    if entry.auth:
        data["auth"] = {"scheme": entry.auth.scheme, "token_ref": entry.auth.token_ref, "header": entry.auth.header}
    if entry.passthrough:
        data["passthrough"] = True
    return data


def route_index(routes: Sequence[Route], host: str) -> int | None:
    """Where the route stands that decides for `host` (a name or a pattern): exact first, then the longest wildcard."""
    best: int | None = None
    for index, route in enumerate(routes):
        if route.host == host:
            return index
        longer = best is None or len(route.host) > len(routes[best].host)
        if hosts.is_wildcard(route.host) and hosts.covers(route.host, host) and longer:
            best = index
    return best


def merged(routes: Sequence[Route], entry: Always, fresh: Route) -> tuple[Route, ...]:
    """The routes with the entry's grant: on the route that names its host, else as `fresh`, a route without grants."""
    index = route_index(routes, entry.host)
    if index is None:
        return (*routes, replace(fresh, grants=(entry.grant(fresh.host),)))
    route = routes[index]
    grants = tuple(grant for grant in route.grants if grant.id != entry.id)
    grown = replace(route, grants=(*grants, entry.grant(route.host)))
    return (*routes[:index], grown, *routes[index + 1 :])
