"""What an approval, a revoke or an operator's edit makes of the policy: state in, state out. Pure.

Nothing here widens more than what it was asked for; what cannot be done without that raises Conflict.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from bottle_tui.core.admission import admitted
from bottle_tui.core.always import route_index
from bottle_tui.core.mirror import Extra, scan_state
from bottle_tui.core.slots import Slots
from bottle_tui.errors import Conflict, NotFound
from sidecar_addon import hosts
from sidecar_addon.table import Grant, Route, fingerprint


@dataclass(frozen=True)
class State:
    """What a bottle's files say: routes for the gate, extra lists for pipelock, slots of tokens."""

    routes: tuple[Route, ...] = ()
    extra: Extra = field(default_factory=Extra)
    slots: Slots = field(default_factory=Slots)

    def named(self, host: str) -> Route | None:
        """The route that decides for a host, or for a pattern as a whole."""
        index = route_index(self.routes, host)
        return None if index is None else self.routes[index]


@dataclass(frozen=True)
class AuthAsk:
    """A credential that the gate is to add. `token_ref` names a host variable."""

    scheme: str
    token_ref: str
    header: str = "Authorization"


@dataclass(frozen=True)
class RouteAsk:
    """One proposed grant. `grant.host` is not used; `scan` is an operator's wish, None leaves it to the route."""

    host: str
    grant: Grant
    auth: AuthAsk | None = None
    scan: str | None = None


@dataclass(frozen=True)
class TokenNeed:
    """A slot that has to hold a token before its route is loaded."""

    slot: str
    token_ref: str


@dataclass(frozen=True)
class Merged:
    """The state after. `grant_ids` are what was added; `host` is the route that now decides."""

    after: State
    grant_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unchanged: bool = False
    needs_token: TokenNeed | None = None
    host: str = ""


NOTHING_SCANS = "how it is scanned is ignored: the hop stands in for pipelock, which scans nothing"
AUTH_IGNORED = "proposed auth ignored: auth on an existing route is the operator's"


def merge(state: State, ask: RouteAsk, *, now: datetime, default_scan: str = "scanned") -> Merged:
    """One proposed route into the table, by the design's merge table. Merging the same twice changes nothing."""
    route = state.named(ask.host)
    if route is None:
        return _new_route(state, ask, default_scan)
    if route.host != ask.host and ask.auth is not None:
        raise Conflict(
            f"{ask.host} is covered by {route.host}, and a wildcard carries no auth; "
            f"`bottle-tui routes add` with {ask.host} and its auth writes an exact route first"
        )
    notes = (AUTH_IGNORED,) if ask.auth is not None else ()
    wanted = _scan_wanted(route, ask)
    if admitted(route.grants, ask.grant, ask.host, now):
        if wanted is route:
            return Merged(state, notes=notes, unchanged=True, host=route.host)
        return Merged(_with_route(state, wanted), notes=notes, host=route.host)
    limited = replace(ask.grant, host=None if route.host == ask.host else ask.host)
    others = tuple(grant for grant in wanted.grants if grant.id != limited.id)
    return Merged(
        _with_route(state, replace(wanted, grants=(*others, limited))),
        grant_ids=(limited.id,),
        notes=notes,
        host=route.host,
    )


def _new_route(state: State, ask: RouteAsk, default_scan: str) -> Merged:
    until = ask.grant.expires_at if ask.scan == "passthrough" else None
    route = Route(
        host=ask.host,
        grants=(replace(ask.grant, host=None),),
        pipelock=ask.scan or scan_state(ask.host, state.extra, default_scan),
        passthrough_until=until,
    )
    notes: tuple[str, ...] = ()
    if default_scan == "not_scanned":
        (route,), notes = unread((route,)), (NOTHING_SCANS,) if ask.scan else ()
    need = None
    if ask.auth is not None:
        state, route, need = _with_auth(state, route, ask.auth)
    after = replace(state, routes=(*state.routes, route))
    return Merged(after, grant_ids=(ask.grant.id,), notes=notes, needs_token=need, host=route.host)


def unread(routes: Iterable[Route]) -> tuple[Route, ...]:
    """The routes where the hop stands in for pipelock: whatever is wished, nothing is scanned, now and later."""
    return tuple(replace(route, pipelock="not_scanned", passthrough_until=None) for route in routes)


def _with_auth(state: State, route: Route, auth: AuthAsk) -> tuple[State, Route, TokenNeed]:
    slots, slot = state.slots.taken(auth.token_ref)
    with_auth = replace(
        route,
        auth_scheme=auth.scheme,
        token_env=slot,
        auth_header=auth.header,
        token_fingerprint=fingerprint(auth.token_ref),
    )
    return replace(state, slots=slots), with_auth, TokenNeed(slot, auth.token_ref)


def _scan_wanted(route: Route, ask: RouteAsk) -> Route:
    """The route with the scan state that the operator chose; the same object when nothing changes."""
    if ask.scan is None or _is_state(route, ask.scan):
        return route
    if route.host != ask.host:
        raise Conflict(
            f"{ask.host} is decided by {route.host}, which is {route.pipelock} as a whole; "
            f"`bottle-tui routes add` with {ask.host} gives it a route of its own first"
        )
    until = ask.grant.expires_at if ask.scan == "passthrough" else None
    if until is not None and route.passthrough_until is not None and route.passthrough_until >= until:
        return route
    return replace(route, pipelock=ask.scan, passthrough_until=until)


def _is_state(route: Route, scan: str) -> bool:
    """Whether a route is in this state for good. Where the hop stands in, nothing is scanned anyway."""
    return (route.pipelock == scan and route.passthrough_until is None) or route.pipelock == "not_scanned"


def allow_in_pipelock(state: State, host: str) -> Merged:
    """`pipelock-block` with `allow`: the host in pipelock's list only, whatever the gate says."""
    live = [route.host for route in state.routes if route.grants]
    known = [*live, *state.extra.hosts, *state.extra.passthrough]
    if any(hosts.covers(pattern, host) for pattern in known):
        return Merged(state, unchanged=True, host=host)
    extra = replace(state.extra, hosts=(*state.extra.hosts, host))
    return Merged(replace(state, extra=extra), notes=(_STAYS,), host=host)


_STAYS = "stays in pipelock's list until `bottle-tui pipelock edit` takes it out"


def pass_through(state: State, host: str, until: datetime | None = None) -> Merged:
    """`pipelock-block` with `passthrough`: the host's route is scanned no more; without a route, pipelock's list."""
    route = state.named(host)
    if route is None:
        if until is not None:
            raise Conflict(f"no route names {host}, so a time has nothing to hang on; choose `bottle` or `always`")
        if any(hosts.covers(pattern, host) for pattern in state.extra.passthrough):
            return Merged(state, unchanged=True, host=host)
        extra = replace(state.extra, passthrough=(*state.extra.passthrough, host))
        return Merged(replace(state, extra=extra), notes=(_STAYS,), host=host)
    wanted = _scan_wanted(route, RouteAsk(host, Grant(id="scan", expires_at=until), scan="passthrough"))
    if wanted is route:
        return Merged(state, unchanged=True, host=route.host)
    return Merged(_with_route(state, wanted), host=route.host)


def scan_again(state: State, host: str) -> Merged:
    """Undo of `pass_through`: the host's own route is scanned, and pipelock's list does not say otherwise."""
    extra = replace(state.extra, passthrough=tuple(item for item in state.extra.passthrough if item != host))
    routes = tuple(
        replace(route, pipelock="scanned", passthrough_until=None)
        if route.host == host and route.pipelock == "passthrough"
        else route
        for route in state.routes
    )
    after = replace(state, routes=routes, extra=extra)
    return Merged(after, unchanged=after == state, host=host)


def forbid_in_pipelock(state: State, host: str) -> Merged:
    """Undo of `allow_in_pipelock`."""
    extra = replace(state.extra, hosts=tuple(item for item in state.extra.hosts if item != host))
    after = replace(state, extra=extra)
    return Merged(after, unchanged=after == state, host=host)


def revoke(state: State, grant_ids: Collection[str]) -> Merged:
    """Grants taken out by id; their routes stay and deny, so that no wildcard takes over. Raises NotFound."""
    found = [grant.id for route in state.routes for grant in route.grants if grant.id in grant_ids]
    if not found:
        raise NotFound(f"no grant {', '.join(sorted(grant_ids))} in the table")
    return Merged(replace(state, routes=tuple(_without(route, found) for route in state.routes)), tuple(found))


def _without(route: Route, grant_ids: Collection[str]) -> Route:
    return replace(route, grants=tuple(grant for grant in route.grants if grant.id not in grant_ids))


def ended(state: State, now: datetime, used_up: Collection[str] = ()) -> tuple[str, ...]:
    """Ids of grants that are over: expired, or with no use left as far as the gate has said."""
    return tuple(
        grant.id
        for route in state.routes
        for grant in route.grants
        if (grant.expires_at is not None and grant.expires_at <= now) or grant.id in used_up
    )


def prune(state: State, now: datetime, used_up: Collection[str] = ()) -> Merged:
    """What is over leaves the table, and a host whose passthrough has lapsed is scanned again where it can be."""
    over = ended(state, now, used_up)
    left = [_without(route, over) for route in state.routes]
    passed = [
        route.host for route in left if route.grants and route.pipelock == "passthrough" and not _lapsed(route, now)
    ]
    routes = tuple(_rescanned(route, state.extra, passed) if _lapsed(route, now) else route for route in left)
    return Merged(replace(state, routes=routes), over, unchanged=routes == state.routes)


def _lapsed(route: Route, now: datetime) -> bool:
    return route.passthrough_until is not None and route.passthrough_until <= now


def _rescanned(route: Route, extra: Extra, passed: Collection[str]) -> Route:
    """Pipelock cannot scan what another pattern of its passthrough list covers: a list of the operator's stands for
    good; under another route's the host stays as it is, and the gate denies it, until that route's time is over too.
    """
    if any(hosts.covers(pattern, route.host) for pattern in passed):
        return route
    return replace(route, pipelock=scan_state(route.host, extra), passthrough_until=None)


def add_route(state: State, ask: RouteAsk, *, now: datetime, default_scan: str = "scanned") -> Merged:
    """The operator's own route. Unlike `merge` it may set auth, and give a host under a wildcard its exact route.

    The wildcard's grants come along, limited to the host, so that nothing that passed stops.
    """
    route = state.named(ask.host)
    own = ask.auth is not None or (ask.scan is not None and route is not None and not _is_state(route, ask.scan))
    if route is not None and route.host != ask.host and own:
        state = _split(state, route, ask.host)
        route = state.named(ask.host)
    if ask.auth is None or route is None:
        return merge(state, ask, now=now, default_scan=default_scan)
    merged = merge(state, replace(ask, auth=None), now=now, default_scan=default_scan)
    current = merged.after.named(ask.host)
    assert current is not None, "merge keeps the route it was given"
    after, authed, need = _with_auth(merged.after, current, ask.auth)
    unchanged = merged.unchanged and authed == current
    return replace(merged, after=_with_route(after, authed), needs_token=need, unchanged=unchanged)


def _split(state: State, wildcard: Route, host: str) -> State:
    """An exact route out of a wildcard's. Counted grants stay behind: a copy would double their uses."""
    kept = tuple(
        replace(grant, id=f"{grant.id[:56]}_{index}x", host=None)
        for index, grant in enumerate(wildcard.grants)
        if grant.uses is None and (grant.host is None or hosts.covers(grant.host, host))
    )
    exact = Route(host, kept, pipelock=wildcard.pipelock, passthrough_until=wildcard.passthrough_until)
    return replace(state, routes=(*state.routes, exact))


def remove_route(state: State, host: str) -> Merged:
    """The route itself, grants and auth with it. Raises NotFound."""
    left = tuple(route for route in state.routes if route.host != host)
    if len(left) == len(state.routes):
        raise NotFound(f"no route for {host}; `bottle-tui routes show` lists them")
    after = replace(state, routes=left)
    heir = after.named(host)
    notes = (f"{heir.host} decides for {host} from then on",) if heir is not None and heir.grants else ()
    return Merged(after, notes=notes, host=host)


def _with_route(state: State, route: Route) -> State:
    routes = tuple(route if item.host == route.host else item for item in state.routes)
    return replace(state, routes=routes)
