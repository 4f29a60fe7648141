"""Proposals: list, show, approve, reject, reopen. Prints and asks; every decision is the services'."""

from functools import partial

from bottle_tui.cli import cards, consent, shapes
from bottle_tui.cli.context import Context
from bottle_tui.cli.counting import count
from bottle_tui.cli.output import BOLD, DIM, RED, Output
from bottle_tui.cli.words import age, day_clock
from bottle_tui.core import evidence_text
from bottle_tui.core.views import Outcome


def proposals(context: Context) -> int:
    """What waits for somebody; with --all everything. 1 when a bottle's files are damaged: then it is not all."""
    from bottle_tui.services import answering, ending, interrupted, review

    args, out = context.args, context.out
    for line in interrupted.everywhere(context.world, args.slug):
        out.say(line)
    ending.settle(context.world, args.slug)
    lost: dict[str, str] = {}
    asked = partial(
        review.cards, context.world, args.slug, everything=args.everything, lost=None if args.slug else lost
    )
    listed = asked()
    if answering.settle(context.world, listed):
        listed = asked()
    for slug, why in lost.items():
        out.say(f"{slug}: what it asks is not known: {why}")
    if out.as_json:
        out.document([shapes.proposal(card) for card in listed])
        return 1 if lost else 0
    if not listed:
        if not lost:
            out.say("nothing waits")
        return 1 if lost else 0
    now = context.world.clock.now()
    out.table(
        ("ID", "BOTTLE", "STATUS", "AGE", "TOOL", "HOST", "RISK"),
        [
            (
                card.id,
                card.slug,
                cards.standing(card),
                age(now, card.created),
                card.tool,
                card.host or "–",
                cards.worst(card),
            )
            for card in listed
        ],
    )
    return 1 if lost else 0


def show(context: Context) -> int:
    """One proposal: facts, risks worst first, the change, the agent's words last."""
    from bottle_tui.services import evidence, interrupted, review, traffic

    world = context.world
    for line in interrupted.everywhere(world):
        context.out.say(line)
    card = review.card(world, context.args.id)
    traffic.drain(world, card.slug)
    found = evidence.of_card(world, card.id)
    if context.out.as_json:
        context.out.document(shapes.card(card) | {"by_operator": card.by_operator, "evidence": shapes.evidence(found)})
    else:
        now = world.clock.now()
        lines = evidence_text.lines(found, now, lambda at: day_clock(now, at))
        cards.show(context.out, card, evidence=lines)
    return 0


def approve(context: Context) -> int:
    """Approve the change with this digest; without one, the change that is printed here and now."""
    from bottle_tui.core import edits
    from bottle_tui.services import decide, review

    args, out = context.args, context.out
    edit = edits.parse(args.edit, args.lasts)
    card = review.card(context.world, args.id, edit=edit)
    review.require_undecided(context.world, card)
    agreed = consent.given(out, card, args.digest)
    done = decide.approve(context.world, card.id, agreed.digest, edit=edit, acknowledged=agreed.acknowledged)
    code = report(out, done, {"digest": agreed.digest, "diff": shapes.diff(card)})
    count(context, [card.slug])
    return code


def reject(context: Context) -> int:
    """Refuse it; the reason goes to the agent."""
    from bottle_tui.services import decide, review

    card = review.card(context.world, context.args.id)
    return report(context.out, decide.reject(context.world, card.id, context.args.reason))


def reopen(context: Context) -> int:
    """Let a rejected ask be asked again."""
    from bottle_tui.services import decide, review

    card = review.card(context.world, context.args.id)
    return report(context.out, decide.reopen(context.world, card.id))


def report(out: Output, done: Outcome, extra: dict[str, object] | None = None) -> int:
    """Print how a decision ended, and say it by the exit code."""
    if out.as_json:
        out.document(shapes.outcome(done) | (extra or {}))
        return done.exit_code
    for line in done.proof:
        out.line(f"  {line}", DIM)
    out.line(done.line, BOLD if done.exit_code == 0 else RED)
    return done.exit_code
