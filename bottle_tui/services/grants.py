"""`grants.yaml`: what was approved "always", so that the next `up` grants it again."""

from dataclasses import replace

from bottle_tui.core import always
from bottle_tui.core.always import Always
from bottle_tui.core.changes import Merged, State
from bottle_tui.core.manifest import Auth
from bottle_tui.ports import BottleHome
from sidecar_addon.table import Grant, Route

FILE = "grants.yaml"


def entries(home: BottleHome) -> tuple[Always, ...]:
    """What is kept. Raises InvalidFile."""
    data = home.read(FILE)
    return () if data is None else always.parse(data, FILE)


def kept_with(home: BottleHome, merged: Merged) -> dict[str, str]:
    """The file with the grants of this change in it, by its name."""
    known = [each for each in entries(home) if each.id not in merged.grant_ids]
    fresh = [
        entry(merged.after, route, grant)
        for route in merged.after.routes
        for grant in route.grants
        if grant.id in merged.grant_ids
    ]
    return {FILE: always.render([*known, *fresh]).decode()} if fresh else {}


def kept_without(home: BottleHome, grant_ids: tuple[str, ...]) -> dict[str, str]:
    """The file without these grants; empty when none of them is in it."""
    known = entries(home)
    left = [each for each in known if each.id not in grant_ids]
    return {FILE: always.render(left).decode()} if len(left) < len(known) else {}


def entry(state: State, route: Route, grant: Grant) -> Always:
    """A grant as it is kept, with the name of its credential where it brought one."""
    reference = state.slots.refs.get(route.token_env or "")
    alone = all(other.id == grant.id for other in route.grants)
    auth = (
        Auth(scheme=route.auth_scheme or "Bearer", token_ref=reference, header=route.auth_header) if reference else None
    )
    kept = Always(
        id=grant.id,
        host=grant.host or route.host,
        path_allowlist=grant.path_allowlist,
        methods=grant.methods,
        ports=grant.ports,
        proposal=grant.proposal,
        passthrough=route.pipelock == "passthrough",
    )
    # The credential comes along only where this approval brought the route: else it is the manifest's.
    return replace(kept, auth=auth) if alone else kept
