"""What is shown is what is bound to: a card is printed, its dangers are answered for, its digest goes on."""

from dataclasses import dataclass

from bottle_tui.cli import cards
from bottle_tui.cli.output import Output
from bottle_tui.core.views import Card
from bottle_tui.errors import NeedsAcceptance, Stale


@dataclass(frozen=True)
class Consent:
    """The digest a decision is bound to, and whether a person has answered for the dangers on the card."""

    digest: str
    acknowledged: bool


def given(out: Output, card: Card, digest: str | None) -> Consent:
    """By the digest on the command line, else by the card as it is printed now. Raises Stale, NeedsAcceptance."""
    if digest is not None:
        return Consent(digest, acknowledged=True)
    if card.change is None:
        raise Stale(card.problem or "the change cannot be computed now, so there is nothing to bind to")
    if not out.as_json:
        cards.show(out, card, words=False)
    return Consent(card.change.digest, _acknowledged(out, card, card.change.digest))


def _acknowledged(out: Output, card: Card, digest: str) -> bool:
    dangers = "; ".join(risk.text for risk in card.risks if risk.level == "danger")
    if not dangers:
        return False
    if not out.interactive():
        raise NeedsAcceptance(f"{dangers}. Who has looked at this change gives the same command with --digest {digest}")
    out.say(f"!! {dangers}")
    if out.ask("go on all the same? type yes:") != "yes":
        raise NeedsAcceptance("not accepted; nothing was done")
    return True
