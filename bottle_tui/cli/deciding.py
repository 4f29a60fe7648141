"""Proposals: list, show, approve, reject, reopen. Prints and asks; every decision is the services'."""

from bottle_tui.cli import shapes
from bottle_tui.cli.context import Context
from bottle_tui.cli.output import BOLD, DIM, RED, YELLOW, Output
from bottle_tui.cli.words import age
from bottle_tui.core.text import cut
from bottle_tui.core.views import Card, Outcome, Risk
from bottle_tui.errors import NeedsAcceptance, Stale

_MARKS = {"danger": ("!!", RED), "warn": ("! ", YELLOW), "note": ("· ", "")}
_ORDER = ("danger", "warn", "note")
_WORDS_SHOWN = 12


def proposals(context: Context) -> int:
    """What waits for somebody; with --all everything."""
    from bottle_tui.services import review

    args, out = context.args, context.out
    cards = review.cards(context.world, args.slug, everything=args.everything)
    if out.as_json:
        out.document([shapes.proposal(card) for card in cards])
        return 0
    if not cards:
        out.say("nothing waits")
        return 0
    now = context.world.clock.now()
    out.table(
        ("ID", "BOTTLE", "STATUS", "AGE", "TOOL", "HOST", "RISK"),
        [
            (card.id, card.slug, card.status, age(now, card.created), card.tool, card.host or "–", _worst(card))
            for card in cards
        ],
    )
    return 0


def show(context: Context) -> int:
    """One proposal: facts, risks worst first, the change, the agent's words last."""
    from bottle_tui.services import review

    card = review.card(context.world, context.args.id)
    if context.out.as_json:
        context.out.document(shapes.card(card))
    else:
        print_card(context.out, card)
    return 0


def approve(context: Context) -> int:
    """Approve the change with this digest; without one, the change that is printed here and now."""
    from bottle_tui.core import edits
    from bottle_tui.services import decide, review

    args, out = context.args, context.out
    edit = edits.parse(args.edit, args.lasts)
    card = review.card(context.world, args.id, edit=edit)
    digest = args.digest
    acknowledged = digest is not None
    if digest is None:
        if card.change is None:
            raise Stale(card.problem or "the change cannot be computed now, so there is nothing to bind to")
        if not out.as_json:
            print_card(out, card, words=False)
        digest = card.change.digest
        acknowledged = _acknowledge(out, card, edit != edits.Edit())
    done = decide.approve(context.world, card.id, digest, edit=edit, acknowledged=acknowledged)
    extra = {"digest": digest, "diff": shapes.diff(card)}
    return report(out, done, extra)


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


def print_card(out: Output, card: Card, *, words: bool = True) -> None:
    """A card for people. What the agent said comes last and is cut."""
    out.line(f"{card.tool}  {card.host}".rstrip(), BOLD)
    out.line(f"{card.id}  {card.slug}  {card.status}  by {card.author}", DIM)
    width = max((len(fact.name) for fact in card.facts), default=0)
    for fact in card.facts:
        out.line(f"  {fact.name.ljust(width)}  {fact.asked}" + (f"   (seen: {fact.seen})" if fact.seen else ""))
    for risk in sorted(card.risks, key=lambda each: _ORDER.index(each.level)):
        mark, style = _MARKS[risk.level]
        out.line(f"{mark} {risk.text}", style)
    _print_change(out, card)
    for label, text in (("reason", card.reason), ("decided by", card.decided_by), ("delivery", card.delivery)):
        if text:
            out.line(f"{label}: {text}")
    if words and card.words:
        out.line("the agent says:", DIM)
        for line in card.words.splitlines()[:_WORDS_SHOWN]:
            out.line("  > " + cut(line, 200))


def _print_change(out: Output, card: Card) -> None:
    if card.change is None:
        out.line(card.problem or "no change can be computed")
        return
    for title, diff in (("routes", card.change.routes), ("pipelock", card.change.pipelock)):
        if diff.strip():
            out.line(f"change of {title}:", DIM)
            out.diff(diff)
    if card.change.unchanged:
        out.line("nothing changes: it is in force already")
    for note in card.change.notes:
        out.line(f"note: {note}")
    out.line(f"digest {card.change.digest}", DIM)


def _acknowledge(out: Output, card: Card, edited: bool) -> bool:
    """Whether a person has accepted the dangers on this card by typing yes. Raises NeedsAcceptance."""
    dangers = [risk for risk in card.risks if risk.level == "danger"]
    if not dangers:
        return False
    if not out.interactive():
        raise NeedsAcceptance(f"{_sentences(dangers)}; look at `bottle-tui show {card.id}`{_how(card, edited)}")
    if out.ask(f"!! {_sentences(dangers)}\n   approve all the same? type yes:") != "yes":
        raise NeedsAcceptance("not approved")
    return True


def _sentences(dangers: list[Risk]) -> str:
    return "; ".join(risk.text for risk in dangers)


def _how(card: Card, edited: bool) -> str:
    digest = card.change.digest if card.change else ""
    return f", then give approve --digest {digest}" + (" with the same edits" if edited else "")


def _worst(card: Card) -> str:
    levels = {risk.level for risk in card.risks}
    return next((_MARKS[level][0].strip() for level in _ORDER if level in levels), "")
