"""A running bottle takes over another manifest: its routes are replaced, what was granted at run time stays. Pure."""

import re
from collections.abc import Collection
from dataclasses import replace

from sidecar_addon.table import Grant, Route

_OF_A_MANIFEST = re.compile(r"^m[0-9]+(_[0-9]+x)?$")
"""`m1`, as resolving names the grants of a manifest; `m1_0x` is such a grant that came along to an exact route."""


def routes_after(live: tuple[Route, ...], planned: tuple[Route, ...]) -> tuple[Route, ...]:
    """The routes to put in force: the plan's first and in its order, then what only run-time grants keep alive."""
    current = {route.host: route for route in live}
    wanted = {route.host for route in planned}
    taken = tuple(_taken_over(route, current.get(route.host)) for route in planned)
    return taken + tuple(kept for route in live if route.host not in wanted and (kept := _left(route)) is not None)


def changed_grants(before: tuple[Route, ...], after: tuple[Route, ...]) -> tuple[str, ...]:
    """Ids of grants that are new, or mean something else than before."""
    known = {grant.id: (route.host, grant) for route in before for grant in route.grants}
    return tuple(grant.id for route in after for grant in route.grants if known.get(grant.id) != (route.host, grant))


def brought_back(before: tuple[Route, ...], after: tuple[Route, ...]) -> tuple[str, ...]:
    """Hosts on which something is allowed after that was not before, in words."""
    known = {(route.host, _meaning(grant)) for route in before for grant in route.grants}
    return tuple(
        f"{grant.host or route.host}: {' '.join((*(grant.path_allowlist or ('every path',)), *(grant.methods or ())))}"
        for route in after
        for grant in route.grants
        if (route.host, _meaning(grant)) not in known
    )


def is_of_manifest(grant: Grant) -> bool:
    """Whether a grant came from the manifest and not from a decision at run time."""
    return grant.proposal is None and _OF_A_MANIFEST.match(grant.id) is not None


def _meaning(grant: Grant) -> Grant:
    return replace(grant, id="", proposal=None)


def _taken_over(planned: Route, current: Route | None) -> Route:
    """The plan's route with the run-time grants of the one that stands there, and a timed passthrough still running."""
    if current is None:
        return planned
    ids = {grant.id for grant in planned.grants}
    kept = _run_time(current, ids)
    route = replace(planned, grants=(*planned.grants, *kept))
    if current.passthrough_until is not None and planned.pipelock == "scanned":
        return replace(route, pipelock=current.pipelock, passthrough_until=current.passthrough_until)
    return route


def _left(current: Route) -> Route | None:
    """A route that the manifest does not name: its run-time grants, without the manifest's credential."""
    kept = _run_time(current, ())
    if not kept:
        return None
    if len(kept) == len(current.grants):
        return current
    return replace(
        current,
        grants=kept,
        auth_scheme=None,
        token_env=None,
        auth_header="Authorization",
        token_fingerprint=None,
    )


def _run_time(route: Route, ids: Collection[str]) -> tuple[Grant, ...]:
    return tuple(grant for grant in route.grants if not is_of_manifest(grant) and grant.id not in ids)
