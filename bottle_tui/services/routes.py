"""A bottle's routes: shown as the gate holds them, changed by the operator's hand."""

from dataclasses import replace
from typing import Any

from bottle_tui.core.changes import AuthAsk
from bottle_tui.core.edits import BOTTLE
from bottle_tui.core.operations import Add, EditRoutes, Operation, Remove
from bottle_tui.core.slots import Slots
from bottle_tui.core.takeover import is_of_manifest
from bottle_tui.core.views import Card, Outcome
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import World
from bottle_tui.services import gate, grants, interrupted, operate, session
from sidecar_addon.table import Route, render_yaml, route_as_data

_NOTHING_SCANNED = {"requests": 0, "bytes": 0, "ms": 0}


def show(world: World, slug: str) -> dict[str, Any]:
    """`{slug, digest, generation, in_force, routes}`; `in_force` only if the running gate has just said this digest."""
    interrupted.settle(world, slug)
    opened = session.opened(world, slug)
    live = session.live(opened.home)
    table, state = live.table, live.state
    stopped = opened.is_stopped()
    kept = _coming_back(opened, table.routes) if stopped else table.routes
    generation, digest, scans = None, None, {}
    try:
        egress = opened.sidecar("egress")
        status = gate.status(egress)
        generation, digest = status.generation, status.digest
        scans = gate.scan_stats(egress)
    except SidecarUnreachable:
        scans = {}
    return {
        "slug": slug,
        "digest": table.digest,
        "generation": generation,
        "in_force": digest == table.digest,
        "quarantined": table.quarantined,
        "routes": [
            route_as_data(route) | _variable(route, state.slots) | {"scan": scans.get(route.host, _NOTHING_SCANNED)}
            for route in kept
        ],
        "stopped": stopped,
    }


def _variable(route: Route, slots: Slots) -> dict[str, str]:
    """The operator's variable that fills the slot of a route."""
    variable = slots.refs.get(route.token_env or "")
    return {"token_ref": variable} if variable else {}


def _coming_back(opened: session.Session, routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """What a start brings back as far as is known now: what lasted until the stop is over."""
    always_granted = {entry.id for entry in grants.entries(opened.home)}
    left = (
        replace(route, grants=tuple(each for each in route.grants if is_of_manifest(each) or each.id in always_granted))
        for route in routes
    )
    return tuple(route for route in left if route.grants)


def text(world: World, slug: str) -> str:
    """The routes as block YAML, as `$EDITOR` gets them."""
    return render_yaml(session.live(session.opened(world, slug).home).table)


def adding(
    world: World,
    host: str,
    *,
    path_allowlist: tuple[str, ...] = (),
    methods: tuple[str, ...] = (),
    ports: tuple[int, ...] = (443,),
    auth: AuthAsk | None = None,
    scan: str | None = None,
    lasts: str = BOTTLE,
) -> Add:
    """The operation for `preview` and `carry_out`. Empty paths or methods: every one."""
    return Add(session.fresh_id(world), host, path_allowlist, methods, ports, auth, scan, lasts)


def removing(world: World, host: str) -> Remove:
    """The operation that takes out a route itself."""
    return Remove(session.fresh_id(world), host)


def editing(world: World, edited: str, *, lasts: str = BOTTLE) -> EditRoutes:
    """The operation that replaces all routes by what came back from the editor."""
    return EditRoutes(session.fresh_id(world), edited, lasts)


def preview(world: World, slug: str, operation: Operation) -> Card:
    """The change as a card. Raises InvalidFile, UsageError, Conflict, NotFound."""
    return operate.preview(world, slug, operation)


def carry_out(
    world: World, slug: str, operation: Operation, digest: str | None = None, *, acknowledged: bool = False
) -> Outcome:
    """Put the change in force, bound to the digest that was shown, if one is given."""
    return operate.carry_out(world, slug, operation, digest, acknowledged=acknowledged)


def add(
    world: World, slug: str, host: str, *, digest: str | None = None, acknowledged: bool = False, **wish: Any
) -> Outcome:
    """`adding` and `carry_out` in one."""
    return carry_out(world, slug, adding(world, host, **wish), digest, acknowledged=acknowledged)


def remove(world: World, slug: str, host: str, *, digest: str | None = None, acknowledged: bool = False) -> Outcome:
    """`removing` and `carry_out` in one."""
    return carry_out(world, slug, removing(world, host), digest, acknowledged=acknowledged)


def edit(
    world: World,
    slug: str,
    edited: str,
    *,
    lasts: str = BOTTLE,
    digest: str | None = None,
    acknowledged: bool = False,
) -> Outcome:
    """`editing` and `carry_out` in one."""
    return carry_out(world, slug, editing(world, edited, lasts=lasts), digest, acknowledged=acknowledged)
