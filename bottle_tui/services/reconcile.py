"""A running bottle takes over a changed manifest: routes, tokens, what supervise may offer; run-time grants stay."""

from dataclasses import replace

from bottle_tui.core import changes, mirror, slots
from bottle_tui.core.plan import Plan, TokenSlot
from bottle_tui.core.resolve import slots_after
from bottle_tui.core.takeover import brought_back, changed_grants, routes_after
from bottle_tui.errors import BottleError, Conflict
from bottle_tui.ports import Recorded, World
from bottle_tui.services import audit, gate, launching, telling, tokens
from bottle_tui.services.apply import enforce
from bottle_tui.services.locked import Held, held
from bottle_tui.services.wish import Wish
from sidecar_addon.table import Route


def reconcile(world: World, record: Recorded, plan: Plan) -> list[str]:
    """Put the plan's routes in force and tell supervise. One line for each thing done. Raises as an apply does."""
    with held(world, record.slug) as bottle:
        routes = _routes(bottle, plan)
        before = bottle.live.state.routes
        lines = [*bottle.remarks]
        if routes != before and (bottle.session.quarantined or bottle.live.table.quarantined):
            raise Conflict(
                f"{record.slug} is in quarantine: `bottle-tui release {record.slug}` first; nothing was changed"
            )
        if routes != before:
            _enforce(world, bottle, plan, routes)
            lines += [f"in force: {line}" for line in brought_back(before, routes)]
            lines += [f"no longer: {line}" for line in brought_back(routes, before)]
        lines += _supervise(bottle, plan)
    return lines or ["nothing that is enforced has changed"]


def _routes(bottle: Held, plan: Plan) -> tuple[Route, ...]:
    planned = plan.routes
    if bottle.session.default_scan == "not_scanned":
        planned = changes.unread(planned)
    planned = mirror.unscanned(planned, bottle.live.state.extra)
    return routes_after(bottle.live.state.routes, planned)


def _enforce(world: World, bottle: Held, plan: Plan, routes: tuple[Route, ...]) -> None:
    session, live = bottle.session, bottle.live
    mirror.mirror(routes, live.state.extra)  # what cannot be mirrored is refused before anything is done
    values = _new_tokens(world, bottle, plan)
    ids = changed_grants(live.state.routes, routes)
    about = {"of": "routes", "component": "egress", "manifest": plan.manifest, "plan": plan.digest}
    audit.append(world, session.home, "intent", **about, grants=ids)
    try:
        for token, value in values:
            gate.put_token(session.sidecar("egress"), token.slot, token.token_ref, value)
    except BottleError as error:
        audit.append(world, session.home, "result", **about, in_force=False, why=error.message)
        raise
    after = replace(live.state, routes=routes, slots=slots_after(plan, live.state.slots))
    session.home.write(slots.FILE, slots.render(after.slots))
    enforce(session, live, Wish("routes", after, grants=ids, quarantined=live.table.quarantined))


def _new_tokens(world: World, bottle: Held, plan: Plan) -> list[tuple[TokenSlot, str]]:
    """The tokens that the gate does not hold yet, with their values; delivered before their routes are loaded."""
    held_now = gate.status(bottle.session.sidecar("egress")).slots
    return [
        (token, tokens.required(world, token.token_ref, f"the route {', '.join(token.hosts)}"))
        for token in plan.tokens
        if token.slot not in held_now
    ]


def _supervise(bottle: Held, plan: Plan) -> list[str]:
    """What may be granted and how long a call waits, where that has changed."""
    wanted, known = launching.state_of(plan), telling.state(bottle.session.home)
    if (wanted.grantable_tokens, wanted.wait_seconds) == (known.grantable_tokens, known.wait_seconds):
        return []
    telling.tell_state(bottle.session, grantable_tokens=wanted.grantable_tokens, wait_seconds=wanted.wait_seconds)
    return [f"supervise: calls wait {wanted.wait_seconds} s, {len(wanted.grantable_tokens or ())} tokens grantable"]
