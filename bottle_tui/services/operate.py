"""An operator's own change of the policy: looked at as a card, then carried out as an approval is."""

from datetime import timedelta
from pathlib import Path

from bottle_tui.core import changes, operations
from bottle_tui.core.changes import Merged
from bottle_tui.core.edits import ALWAYS, duration
from bottle_tui.core.operations import Operation
from bottle_tui.core.views import Card, Outcome
from bottle_tui.errors import BottleError, Conflict, NotApplied, StateUnknown
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, grants, lag, review, session
from bottle_tui.services.apply import enforce, require_token
from bottle_tui.services.decide import IN_FORCE
from bottle_tui.services.locked import Held, held
from bottle_tui.services.proposed import Proposed, shown
from bottle_tui.services.seen import Traffic
from bottle_tui.services.session import Live, Session
from bottle_tui.services.wish import Wish

_KINDS = {"routes add": "routes", "routes remove": "routes", "routes edit": "routes", "pipelock edit": "pipelock"}

_COMPONENTS = {"routes add": "egress", "routes remove": "egress", "routes edit": "egress", "pipelock edit": "pipelock"}

EDITED = "edited.yaml"
"""What was written in the editor and did not come into force."""


def preview(world: World, slug: str, operation: Operation) -> Card:
    """The change as a card: diff, risks, digest. Raises what makes it impossible (InvalidFile, Conflict, …)."""
    opened = session.opened(world, slug)
    proposed = _proposed(world, opened, session.live(opened.home), operation)
    return Card(
        id=operation.id,
        slug=slug,
        tool=operation.title,
        status="pending",
        author=world.operator,
        by_operator=True,
        created=world.clock.now(),
        host=operation.host,
        args={},
        words="",
        risks=proposed.risks,
        change=proposed.change,
    )


def carry_out(
    world: World, slug: str, operation: Operation, digest: str | None = None, *, acknowledged: bool = False
) -> Outcome:
    """Put it in force. With a digest only the change that was shown with it. Raises as `decide.approve` does."""
    started = world.clock.monotonic()
    with held(world, slug) as bottle:
        about = {"of": _KINDS[operation.title], "component": _COMPONENTS[operation.title], "operation": operation.title}
        about |= {"host": operation.host} if operation.host else {}
        audit.append(world, bottle.session.home, "intent", change=digest, id=operation.id, **about)
        try:
            outcome = _carry_out(world, bottle, operation, digest, acknowledged, about)
        except BottleError as error:
            fields = {"in_force": False, "nothing_done": True, "why": error.message, "id": operation.id}
            audit.append(world, bottle.session.home, "result", **about, **fields)
            raise
    ms = round((world.clock.monotonic() - started) * 1000)
    return Outcome(**{**vars(outcome), "ms": ms})


def _carry_out(
    world: World, bottle: Held, operation: Operation, digest: str | None, acknowledged: bool, about: dict[str, str]
) -> Outcome:
    live = bottle.live
    behind = lag.of(world, bottle.session, operation.lasts)
    proposed = _proposed(world, bottle.session, live, operation, behind)
    proposed.require_agreed(digest, acknowledged=acknowledged)
    narrow = operations.only_narrows(proposed.before, proposed.merged.after)
    if live.table.quarantined and not narrow:
        raise Conflict(
            f"{bottle.session.slug} is in quarantine; `bottle-tui release {bottle.session.slug}` comes first"
        )
    merged = proposed.merged
    if merged.unchanged:
        return _already(world, bottle, operation, about)
    wish = Wish(
        kind=_KINDS[operation.title],
        after=merged.after,
        narrow=narrow,
        change=proposed.change.digest,
        grants=merged.grant_ids,
        token=merged.needs_token,
        keeps=_keeps(bottle, operation, merged),
        quarantined=live.table.quarantined,
    )
    require_token(bottle.session, wish)
    try:
        enforced = enforce(bottle.session, live, wish)
    except (NotApplied, StateUnknown) as error:
        return Outcome(operation.id, bottle.session.slug, "failed", False, error.message, error.exit_code)
    what = f"{operation.title} {operation.host}".strip()
    line = "; ".join([*bottle.remarks, *enforced.told, f"{what}: {IN_FORCE}"])
    return Outcome(operation.id, bottle.session.slug, "approved", True, line, proof=enforced.proof)


def _proposed(
    world: World, opened: Session, live: Live, operation: Operation, behind: timedelta = lag.NO_LAG
) -> Proposed:
    now = world.clock.now()
    state = changes.prune(live.state, now).after
    merged = operations.result(operation, state, now=now, lag=behind, default_scan=opened.default_scan)
    ground = review.ground(world, opened, live, Traffic(), operation.host)
    length = duration(operation.lasts)
    return shown(state, merged, ground, operation.lasts, None if length is None else now + length - behind)


def _keeps(bottle: Held, operation: Operation, merged: Merged) -> dict[str, str]:
    """What stays for the next `up`: added with `always`; what was taken away is no longer kept in any case."""
    home = bottle.session.home
    if operation.lasts == ALWAYS:
        return grants.kept_with(home, merged)
    left = {grant.id for route in merged.after.routes for grant in route.grants}
    return grants.kept_without(home, tuple(identity for identity in merged.grant_ids if identity not in left))


def _already(world: World, bottle: Held, operation: Operation, about: dict[str, str]) -> Outcome:
    status = gate.status(bottle.session.sidecar("egress"))
    if status.digest != bottle.live.table.digest:
        raise Conflict(f"the gate has a table in force that bottle-tui did not put there ({status.digest})")
    fields = {"in_force": True, "unchanged": True, "digest": status.digest, "id": operation.id}
    audit.append(world, bottle.session.home, "result", **about, **fields)
    line = "; ".join([*bottle.remarks, f"{operation.title}: nothing changes, it is in force already"])
    return Outcome(operation.id, bottle.session.slug, "approved", True, line)


def keep_text(world: World, slug: str, text: str) -> Path:
    """Write down what somebody has edited and could not put in force; the file."""
    home = world.home.bottle(slug)
    home.write(EDITED, text.encode())
    return home.path / EDITED
