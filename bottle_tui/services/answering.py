"""Asks for what is in force already are answered by themselves: nothing changes, so there is nothing to decide."""

from collections.abc import Iterable

from bottle_tui.core.edits import AS_ASKED
from bottle_tui.core.views import Card, Outcome
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import audit, gate, queue, review, telling
from bottle_tui.services.locked import Held, held
from bottle_tui.services.seen import Traffic
from sidecar_addon.proposals import Decision
from sidecar_addon.table import route_as_data

BY = "bottle-tui"
LINE = "approved, already in force"


def settle(world: World, cards: Iterable[Card]) -> list[Outcome]:
    """Answer those cards that ask for what the gate has in force. What cannot be answered stays; nothing is raised.

    A card that says anything beside (an ignored credential) is left to the operator.
    """
    done: list[Outcome] = []
    for card in cards:
        if not _is_plain(card):
            continue
        try:
            outcome = _answered(world, card)
        except BottleError:
            continue  # the card stays, and says by itself what is wrong
        if outcome is not None:
            done.append(outcome)
    return done


def _is_plain(card: Card) -> bool:
    asks = card.status == "pending" and card.tool == "egress-block" and not card.by_operator
    return asks and card.change is not None and card.change.unchanged and not card.change.notes


def _answered(world: World, card: Card) -> Outcome | None:
    with held(world, card.slug) as bottle:
        decision = _decision(world, bottle, card.id)
        if decision is None:
            return None
        audit.append(
            world,
            bottle.session.home,
            "result",
            of="answer",
            component="egress",
            proposal=card.id,
            in_force=True,
            unchanged=True,
            digest=bottle.live.table.digest,
        )
        why = telling.decided(bottle.session, decision)
    line = LINE if why is None else f"{LINE}; the agent could not be told ({why})"
    return Outcome(card.id, card.slug, "approved", in_force=True, line=line, applied=decision.applied)


def _decision(world: World, bottle: Held, identity: str) -> Decision | None:
    """The answer, looked at again under the lock: only what the running gate confirms is "in force"."""
    opened = bottle.session
    entry = queue.entry(opened.home, identity, opened.recorded.incarnation)
    if entry is None or entry.status != "pending" or opened.quarantined or bottle.live.table.quarantined:
        return None
    merged = review.measured(world, opened, bottle.live, entry, Traffic(), AS_ASKED).merged
    if not merged.unchanged or merged.notes or gate.status(opened.sidecar("egress")).digest != bottle.live.table.digest:
        return None
    route = merged.after.named(merged.host)
    applied = route_as_data(route) if route is not None else {}
    return Decision(
        id=identity,
        status="approved",
        by=BY,
        decided_at=world.clock.now(),
        reason="it was in force already",
        applied={key: value for key, value in applied.items() if not key.startswith("token_")},
        in_force=True,
    )
