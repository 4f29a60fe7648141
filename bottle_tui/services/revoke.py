"""Taking back what was approved: the gate first, then pipelock; what flows under a grant is cut, and counted."""

from collections.abc import Callable
from dataclasses import replace

from bottle_tui.core import changes
from bottle_tui.core.views import Outcome
from bottle_tui.errors import Conflict, NotApplied, NotFound, StateUnknown, UsageError
from bottle_tui.ports import World
from bottle_tui.services import audit, grants, queue
from bottle_tui.services.apply import enforce
from bottle_tui.services.decide import IN_FORCE
from bottle_tui.services.locked import Held, close_decision, held
from bottle_tui.services.session import Live
from bottle_tui.services.wish import Wish
from sidecar_addon import hosts


def revoke(world: World, slug: str, *, host: str | None = None, grant: str | None = None) -> Outcome:
    """End every grant on a host, or one by id. Raises NotFound, UsageError."""
    if (host is None) == (grant is None):
        raise UsageError("name either a host or a grant to revoke")
    return _revoke(world, slug, lambda live: _on_host(live, host) if host is not None else (str(grant),))


def undo(world: World, id: str) -> Outcome:
    """End what the approval of this proposal brought. Raises NotFound, Conflict when nothing of it is in force."""
    slug, identity = queue.find(world, id)

    def chosen(live: Live) -> tuple[str, ...]:
        found = tuple(item.id for _, item in live.table.grants() if item.proposal == identity)
        if not found:
            raise Conflict(f"{identity} has no grant in force; there is nothing to undo")
        return found

    return replace(_revoke(world, slug, chosen), id=identity)


def _on_host(live: Live, host: str) -> tuple[str, ...]:
    """Grants of the route for exactly this host or pattern, and those of a wildcard's route limited to it."""
    try:
        name = hosts.normalise_pattern(host)
    except hosts.HostError as error:
        raise UsageError(str(error)) from None
    found = tuple(item.id for route, item in live.table.grants() if (item.host or route.host) == name)
    if not found:
        raise NotFound(f"no grant on {name}; `bottle-tui routes show` lists them")
    return found


def _revoke(world: World, slug: str, choose: Callable[[Live], tuple[str, ...]]) -> Outcome:
    started = world.clock.monotonic()
    with held(world, slug) as bottle:
        chosen = choose(bottle.live)
        merged = changes.revoke(bottle.live.state, chosen)
        home = bottle.session.home
        audit.append(world, home, "intent", of="revoke", component="egress", grants=list(merged.grant_ids))
        wish = Wish(
            kind="revoke",
            after=merged.after,
            narrow=True,
            grants=merged.grant_ids,
            keeps=grants.kept_without(home, merged.grant_ids),
            quarantined=bottle.live.table.quarantined,
        )
        try:
            enforced = enforce(bottle.session, bottle.live, wish)
        except (NotApplied, StateUnknown) as error:
            return _outcome(
                slug, merged.grant_ids, f"not revoked: {error.message}", in_force=False, code=error.exit_code
            )
        told = _close(world, bottle, merged.grant_ids)
    cut = f"{enforced.cut} streams were cut" if enforced.cut else "nothing was flowing"
    parts = [*bottle.remarks, *told, *enforced.remarks, f"revoked {len(merged.grant_ids)}, {cut}: {IN_FORCE}"]
    outcome = _outcome(slug, merged.grant_ids, "; ".join(parts), in_force=True, code=0)
    return replace(outcome, proof=enforced.proof, ms=round((world.clock.monotonic() - started) * 1000))


def _close(world: World, bottle: Held, grant_ids: tuple[str, ...]) -> list[str]:
    reasons = [
        close_decision(bottle.session, identity, bottle.live, f"revoked by {world.operator}") for identity in grant_ids
    ]
    return [f"the agent could not be told ({reason})" for reason in reasons if reason]


def _outcome(slug: str, grant_ids: tuple[str, ...], line: str, *, in_force: bool, code: int) -> Outcome:
    return Outcome(grant_ids[0], slug, "approved", in_force=in_force, line=line, exit_code=code)
