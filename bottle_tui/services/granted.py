"""Whether what an approval allowed is in the table still: by what it made, or else by what was asked."""

from datetime import datetime

from bottle_tui.core.admission import admitted
from bottle_tui.services.queue import Entry
from bottle_tui.services.session import Live
from sidecar_addon import asks
from sidecar_addon.table import Grant


def still(live: Live, entry: Entry, now: datetime) -> bool:
    """An ask for what was in force already made no grant: it stands with those that admitted it, or with others that
    admit the same. What pipelock was told stands by its decision."""
    there = {grant.id for _, grant in live.table.grants()}
    if entry.note.grants:
        return entry.note.grants[-1] in there
    if entry.proposal.tool != "egress-block" or _applied(entry) <= there:
        return True
    args = entry.proposal.args
    route = live.state.named(args["host"])
    asked = Grant(entry.id, **asks.grant_fields(args))
    return route is not None and admitted(route.grants, asked, args["host"], now)


def _applied(entry: Entry) -> set[str]:
    """Every grant of the route as it was when it was approved."""
    applied = entry.decision.applied if entry.decision is not None else None
    listed = (applied or {}).get("grants")
    return {str(grant.get("id")) for grant in listed if isinstance(grant, dict)} if isinstance(listed, list) else set()
