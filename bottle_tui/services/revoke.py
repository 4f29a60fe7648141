"""Taking back what was approved: the gate first, then pipelock; what flows under a grant is cut, and counted."""

from collections.abc import Callable
from dataclasses import replace

from bottle_tui.core import changes
from bottle_tui.core.changes import Merged
from bottle_tui.core.views import Outcome
from bottle_tui.core.words import counted
from bottle_tui.errors import Conflict, NotApplied, NotFound, Stale, StateUnknown, UsageError
from bottle_tui.ports import World
from bottle_tui.services import audit, grants, queue
from bottle_tui.services.apply import enforce
from bottle_tui.services.decide import IN_FORCE
from bottle_tui.services.locked import Held, close, decision_of, held
from bottle_tui.services.session import Live
from bottle_tui.services.wish import Wish
from sidecar_addon import hosts
from sidecar_addon.table import Grant


def revoke(
    world: World, slug: str, *, host: str | None = None, grant: str | None = None, shown: Grant | None = None
) -> Outcome:
    """End every grant on a host, or one by id; with `shown` only if it is still that one. Raises NotFound, UsageError,
    Stale.
    """
    if (host is None) == (grant is None):
        raise UsageError("name either a host or a grant to revoke")

    def chosen(bottle: Held) -> Merged:
        ids = _on_host(bottle.live, host) if host is not None else (_named(bottle.live, str(grant)),)
        if shown is not None and shown not in [item for _, item in bottle.live.table.grants()]:
            raise Stale(f"{grant} is gone, or not what was shown any more: look again; nothing was done")
        return changes.revoke(bottle.live.state, ids)

    return _take_back(world, slug, chosen)


def undo(world: World, id: str) -> Outcome:
    """End what the approval of this proposal brought. Raises NotFound, Conflict when nothing of it is in force."""
    slug, identity = queue.find(world, id)
    return replace(_take_back(world, slug, lambda bottle: _brought(bottle, identity), proposal=identity), id=identity)


def _brought(bottle: Held, identity: str) -> Merged:
    state = bottle.live.state
    ids = [grant.id for _, grant in bottle.live.table.grants() if grant.proposal == identity]
    if ids:
        return changes.revoke(state, ids)
    entry = queue.entry(bottle.session.home, identity, bottle.session.recorded.incarnation)
    merged = None
    if entry is not None and entry.status == "approved" and entry.proposal.tool == "pipelock-block":
        host = str(entry.proposal.args["host"])
        passed = entry.proposal.args["want"] == "passthrough"
        merged = changes.scan_again(state, host) if passed else changes.forbid_in_pipelock(state, host)
    if merged is None or merged.unchanged:
        raise Conflict(f"nothing that {identity} brought is in force; there is nothing to undo")
    return merged


def _named(live: Live, fragment: str) -> str:
    """A grant by its id, or by any fragment that only one id has. Raises UsageError where several have it."""
    ids = [item.id for _, item in live.table.grants()]
    found = [identity for identity in ids if fragment.upper() in identity.upper()]
    if fragment in ids or not found:
        return fragment  # what is not there is refused with the id that was given
    if len(found) > 1:
        raise UsageError(f"{fragment} could be {', '.join(found)}; write more of it")
    return found[0]


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


def _take_back(world: World, slug: str, choose: Callable[[Held], Merged], proposal: str | None = None) -> Outcome:
    started = world.clock.monotonic()
    with held(world, slug) as bottle:
        merged = choose(bottle)
        home = bottle.session.home
        about = {"grants": list(merged.grant_ids), "proposal": proposal}
        audit.append(
            world, home, "intent", of="revoke", component="egress" if merged.grant_ids else "pipelock", **about
        )
        wish = Wish(
            kind="revoke",
            after=merged.after,
            narrow=True,
            grants=merged.grant_ids,
            keeps=grants.kept_without(home, merged.grant_ids),
            quarantined=bottle.live.table.quarantined,
        )
        what = f"revoked {_about(bottle, merged)}".strip()
        name = merged.grant_ids[0] if merged.grant_ids else merged.host
        try:
            enforced = enforce(bottle.session, bottle.live, wish)
        except (NotApplied, StateUnknown) as error:
            return Outcome(name, slug, "failed", False, f"not revoked: {error.message}", error.exit_code)
        told = _close(world, bottle, merged.grant_ids, proposal)
    cut = f"{counted(enforced.cut, 'stream')} cut" if enforced.cut else "nothing was flowing"
    parts = [*bottle.remarks, *told, *enforced.remarks, f"{what}, {cut}; the refusal is {IN_FORCE}"]
    ms = round((world.clock.monotonic() - started) * 1000)
    return Outcome(name, slug, "approved", True, "; ".join(parts), proof=enforced.proof, ms=ms)


def _about(bottle: Held, merged: Merged) -> str:
    """The hosts of what ends, each once; many are counted."""
    ending = [item.host or route.host for route, item in bottle.live.table.grants() if item.id in merged.grant_ids]
    hosts = list(dict.fromkeys(ending)) or [merged.host]
    return ", ".join(hosts) if len(hosts) <= 2 else counted(len(hosts), "host")


def _close(world: World, bottle: Held, grant_ids: tuple[str, ...], proposal: str | None) -> list[str]:
    of_grants = {grant.proposal for _, grant in bottle.live.table.grants() if grant.id in grant_ids}
    reasons: list[str | None] = []
    for identity in sorted(item for item in {*of_grants, proposal} if item):
        decision = decision_of(bottle.session, identity)
        if decision is not None:
            reasons.append(close(bottle.session, decision, f"revoked by {world.operator}"))
    return [f"the agent could not be told ({reason})" for reason in reasons if reason]
