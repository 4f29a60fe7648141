"""What an operator does to the policy by hand: add or remove a route, edit the routes or pipelock's lists. Pure."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bottle_tui.core import changes, edits, mirror
from bottle_tui.core.changes import AuthAsk, Merged, RouteAsk, State
from bottle_tui.core.edits import ALWAYS, BOTTLE, ONCE
from bottle_tui.errors import Conflict, InvalidFile, UsageError
from sidecar_addon import asks, hosts, strict_yaml
from sidecar_addon.asks import ProposalError
from sidecar_addon.table import LIMIT_BYTES, Grant, Route, TableError, fingerprint
from sidecar_addon.table_parser import parse


@dataclass(frozen=True)
class Add:
    """A route, or a grant on one. Empty paths or methods mean every one. `auth` is the operator's to give."""

    id: str
    host: str
    path_allowlist: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    ports: tuple[int, ...] = (443,)
    auth: AuthAsk | None = None
    scan: str | None = None
    lasts: str = BOTTLE
    title: str = "routes add"


@dataclass(frozen=True)
class Remove:
    """A route itself, with its grants and its auth."""

    id: str
    host: str
    lasts: str = BOTTLE
    title: str = "routes remove"


@dataclass(frozen=True)
class Edited:
    """A text as it comes back from the editor."""

    id: str
    text: str
    lasts: str = BOTTLE
    host: str = ""


@dataclass(frozen=True)
class EditRoutes(Edited):
    """All routes."""

    title: str = "routes edit"


@dataclass(frozen=True)
class EditPipelock(Edited):
    """Pipelock's extra lists."""

    title: str = "pipelock edit"


type Operation = Add | Remove | EditRoutes | EditPipelock


def result(
    operation: Operation, state: State, *, now: datetime, default_scan: str, lag: timedelta = timedelta()
) -> Merged:
    """The policy after it. `lag`: how far the gate's clock is behind `now`; what is added ends by that clock.

    Raises UsageError, InvalidFile, Conflict, NotFound.
    """
    if isinstance(operation, Add):
        return _added(operation, state, now, lag, default_scan)
    if isinstance(operation, Remove):
        return _removed(operation, state)
    if isinstance(operation, EditRoutes):
        return _routes_edited(operation, state, scans=default_scan != "not_scanned")
    return _lists_edited(operation, state)


def _added(operation: Add, state: State, now: datetime, lag: timedelta, default_scan: str) -> Merged:
    args: dict[str, Any] = {"host": operation.host, "ports": list(operation.ports), "justification": "operator"}
    if operation.path_allowlist:
        args["path_allowlist"] = list(operation.path_allowlist)
    if operation.methods:
        args["methods"] = list(operation.methods)
    if operation.auth is not None:
        args["auth"] = {"scheme": operation.auth.scheme, "token_ref": operation.auth.token_ref}
    try:
        args = asks.normalise("egress-block", args)
    except ProposalError as error:
        raise UsageError(str(error)) from None
    length = edits.duration(operation.lasts)
    grant = Grant(
        id=operation.id,
        expires_at=None if length is None else now + length - lag,
        uses=1 if operation.lasts == ONCE else None,
        **asks.grant_fields(args),
    )
    ask = RouteAsk(args["host"], grant, operation.auth, operation.scan)
    return changes.add_route(state, ask, now=now, default_scan=default_scan)


def _removed(operation: Remove, state: State) -> Merged:
    try:
        host = hosts.normalise_pattern(operation.host)
    except hosts.HostError as error:
        raise UsageError(str(error)) from None
    merged = changes.remove_route(state, host)
    return replace(merged, grant_ids=_changed_grants(state.routes, merged.after.routes))


def _routes_edited(operation: EditRoutes, state: State, *, scans: bool) -> Merged:
    if operation.lasts not in (BOTTLE, ALWAYS):
        raise UsageError("write expires_at into the grants themselves; an edit lasts until the bottle stops, or always")
    try:
        table = parse(_with_ids(operation).encode())
    except TableError as error:
        raise InvalidFile(str(error), file="routes") from None
    routes = tuple(_checked_auth(route, state) for route in (table.routes if scans else changes.unread(table.routes)))
    after = replace(state, routes=routes)
    return Merged(after, _changed_grants(state.routes, routes), unchanged=routes == state.routes)


def _with_ids(operation: EditRoutes) -> str:
    """The text as JSON; routes written flat, without grants, get one grant with an id of this edit's own."""
    try:
        value = strict_yaml.load(operation.text, limit=LIMIT_BYTES)
    except strict_yaml.StrictYamlError as error:
        raise InvalidFile(error.message, file="routes", place=f"line {error.line}" if error.line else None) from None
    if not isinstance(value, dict) or set(value) != {"routes"} or not isinstance(value["routes"], list):
        raise InvalidFile("must hold the one key `routes`, a list (an empty one denies everything)", file="routes")
    for number, route in enumerate(value["routes"]):
        if isinstance(route, dict) and "grants" not in route:
            flat = {key: route.pop(key) for key in ("path_allowlist", "methods", "ports") if key in route}
            route["grants"] = [{"id": f"{operation.id}.{number + 1}", **flat}]
    return json.dumps(value)


def _checked_auth(route: Route, state: State) -> Route:
    if route.token_env is None:
        return replace(route, token_fingerprint=None)
    reference = state.slots.refs.get(route.token_env)
    if reference is None:
        raise Conflict(f"{route.host}: no token is in {route.token_env}; `bottle-tui routes add` brings a new one")
    return replace(route, token_fingerprint=fingerprint(reference))


def _changed_grants(before: tuple[Route, ...], after: tuple[Route, ...]) -> tuple[str, ...]:
    """Ids of grants that came, went or changed, in order."""
    old = {grant.id: (route.host, grant) for route in before for grant in route.grants}
    new = {grant.id: (route.host, grant) for route in after for grant in route.grants}
    return tuple(key for key in {**new, **old} if old.get(key) != new.get(key))


def _lists_edited(operation: EditPipelock, state: State) -> Merged:
    """A host that the lists pass through unread is no longer scanned by its route either, and the other way round."""
    if operation.lasts not in (BOTTLE, ALWAYS):
        raise UsageError("pipelock's lists know no time; take the host out again when it is over")
    extra = mirror.parse_extra(operation.text.encode())
    routes = tuple(_rescanned(route, state.extra.passthrough, extra.passthrough) for route in state.routes)
    after = replace(state, extra=extra, routes=mirror.unscanned(routes, extra))
    return Merged(after, _changed_grants(state.routes, after.routes), unchanged=after == state)


def _rescanned(route: Route, before: tuple[str, ...], after: tuple[str, ...]) -> Route:
    was = any(hosts.covers(pattern, route.host) for pattern in before)
    still = any(hosts.covers(pattern, route.host) for pattern in after)
    if was and not still and route.pipelock == "passthrough":
        return replace(route, pipelock="scanned", passthrough_until=None)
    return route


def only_narrows(before: State, after: State) -> bool:
    """Whether nothing is admitted after that was not before: then the gate comes first."""
    old = {route.host: route for route in before.routes}
    if any(route.host not in old or not _narrower(old[route.host], route) for route in after.routes):
        return False
    removed = [host for host in old if host not in {route.host for route in after.routes}]
    heirs = [after.named(host) for host in removed]
    widened = set(after.extra.hosts) - set(before.extra.hosts) or set(after.extra.passthrough) - set(
        before.extra.passthrough
    )
    return not widened and not any(heir is not None and heir.grants for heir in heirs)


def _narrower(was: Route, now: Route) -> bool:
    return replace(was, grants=()) == replace(now, grants=()) and set(now.grants) <= set(was.grants)
