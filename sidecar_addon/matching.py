"""The decision: one function, used by the gate, by the preview on the operator's screen and by the proof. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sidecar_addon import paths
from sidecar_addon.hosts import HostError, covers, normalise
from sidecar_addon.table import METHODS, Grant, Route, Table

REASONS = (
    "quarantined",
    "gate_error",
    "not_http",
    "host_mismatch",
    "host_not_allowed",
    "port_not_allowed",
    "ambiguous_path",
    "path_not_allowed",
    "method_not_allowed",
    "expired",
    "used_up",
    "tls_required",
    "token_missing",
    "secret_in_request",
    "websocket_not_scannable",
    "scan_state_mismatch",
)
"""Every reason of a denial, in the order in which they are checked."""


@dataclass(frozen=True)
class Request:
    """What is asked: `scheme` http or https, `path` raw and without its query, `method` WEBSOCKET for an upgrade."""

    method: str
    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Decision:
    """`reason` is None when allowed. `route` and `grant` are what decided, as far as it got."""

    allowed: bool
    reason: str | None
    route: Route | None = None
    grant: Grant | None = None


@dataclass(frozen=True)
class Conditions:
    """What the decision needs beside the table. The defaults are the preview's: tokens there, no use spent."""

    now: datetime
    uses_left: Callable[[Grant], int] = lambda grant: grant.uses or 0
    """Asked only for a grant that has `uses`."""
    tokens_ready: Callable[[Route], bool] = lambda route: True
    ended: Collection[str] = ()
    """Ids of grants that ended by the monotonic clock although the wall clock does not say so."""


def decide(table: Table, request: Request, conditions: Conditions) -> Decision:
    """Allowed when one unexpired grant admits path, method and port together; else the first reason that fails.

    Of several grants, the reason is that of the one which got furthest.
    """
    if table.quarantined:
        return Decision(False, "quarantined")
    try:
        host = normalise(request.host)
    except HostError:
        return Decision(False, "host_not_allowed")
    route = table.route_for(host)
    if route is None:
        return Decision(False, "host_not_allowed")
    best = Decision(False, "host_not_allowed", route)
    # Once for all grants: of a path as long as an agent likes to make it.
    ambiguous = any(_ruled(grant) for grant in route.grants) and paths.problem(request.path) is not None
    for grant in route.grants:
        reason = _first_failure(route, grant, host, request, conditions, ambiguous)
        if reason is None:
            return Decision(True, None, route, grant)
        if REASONS.index(reason) >= REASONS.index(best.reason or REASONS[0]):
            best = Decision(False, reason, route, grant)
    return best


def _ruled(grant: Grant) -> bool:
    return grant.path_allowlist is not None or grant.methods is not None


def _first_failure(
    route: Route, grant: Grant, host: str, request: Request, conditions: Conditions, ambiguous: bool
) -> str | None:
    if grant.host is not None and not covers(grant.host, host):
        return "host_not_allowed"
    if request.port not in grant.ports:
        return "port_not_allowed"
    if ambiguous and _ruled(grant):
        return "ambiguous_path"
    if grant.path_allowlist is not None and not any(paths.admits(p, request.path) for p in grant.path_allowlist):
        return "path_not_allowed"
    if not _method_admitted(grant, request.method):
        return "method_not_allowed"
    return _first_state_failure(route, grant, request, conditions)


def _first_state_failure(route: Route, grant: Grant, request: Request, conditions: Conditions) -> str | None:
    if _expired(route, grant, conditions):
        return "expired"
    if grant.uses is not None and conditions.uses_left(grant) < 1:
        return "used_up"
    if request.scheme != "https" and (request.port != 80 or _ruled(grant) or route.has_auth):
        return "tls_required"
    if route.has_auth and not conditions.tokens_ready(route):
        return "token_missing"
    if request.method == "WEBSOCKET" and ("WEBSOCKET" not in (grant.methods or ()) or route.pipelock == "scanned"):
        return "websocket_not_scannable"
    return None


def _expired(route: Route, grant: Grant, conditions: Conditions) -> bool:
    if grant.id in conditions.ended:
        return True
    if grant.expires_at is not None and conditions.now >= grant.expires_at:
        return True
    return route.passthrough_until is not None and conditions.now >= route.passthrough_until


def _method_admitted(grant: Grant, method: str) -> bool:
    if method not in METHODS:
        return False
    if grant.methods is None or method in grant.methods:
        return True
    # HEAD comes with GET; an upgrade arrives as a GET and is judged as WEBSOCKET later.
    return method in ("HEAD", "WEBSOCKET") and "GET" in grant.methods
