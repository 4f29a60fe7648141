"""Asks the services about the open card: what an edit makes of it, what was seen beside it. One at a time."""

from dataclasses import dataclass

from textual.app import App
from textual.message import Message

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.views import Card
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.work import work

EVIDENCE_EVERY = 5.0
"""Seconds until the evidence beside the open card is read anew."""
SETTLE_EVERY = 5.0


@dataclass
class Asking:
    """Owns which question is under way; a newer one waits for its answer, and only the newest waits."""

    app: App[int]
    services: Services
    _computing: bool = False
    _next: tuple[str, Edit] | None = None
    _looking: bool = False
    _failed: tuple[str, float] = ("", float("-inf"))
    """The card whose evidence could not be read, and when: it is not asked for again at once."""
    _settling: bool = False
    _settled_at: float = float("-inf")

    def compute(self, id: str, edit: Edit) -> None:
        """The card with that edit."""
        if self._computing:
            self._next = (id, edit)
            return
        self._computing = True

        def asked() -> Message:
            return m.EditComputed(edit, self.services.card(id, edit))

        work(self.app, asked, lambda line: m.EditFailed(id, edit, line), group="compute")

    def computed(self) -> None:
        """It was answered; the one that waits follows."""
        self._computing = False
        if self._next is not None:
            (id, edit), self._next = self._next, None
            self.compute(id, edit)

    def look(self, board: Board, now: float) -> None:
        """Read the evidence beside the open card when there is none, or when it is old."""
        card = board.open_card
        if card is None or self._looking or card.status not in ("pending", "failed"):
            return
        edit = board.edits.of(card.id)
        known = board.edits.evidence.get(card.id)
        old = known is None or (board.now - known.at).total_seconds() >= EVIDENCE_EVERY
        if not old and known is not None and known.edit == edit:
            return
        if self._failed[0] == card.id and now - self._failed[1] < EVIDENCE_EVERY:
            return
        self._looking = True

        def asked() -> Message:
            return m.EvidenceLoaded(edit, self.services.evidence(card.id, edit, old), self.services.now())

        work(self.app, asked, lambda line: m.EvidenceFailed(card.id, line), group="evidence")

    def looked(self, failed: str, now: float) -> None:
        """It was answered, or not: `failed` is the card's id then."""
        self._looking = False
        self._failed = (failed, now)

    def settle(self, cards: tuple[Card, ...], now: float, *, due: bool = False) -> None:
        """Let what ends by itself end, not more often than every few seconds, every second where a countdown has run
        out. Not for a read-only dashboard."""
        if self._settling or now - self._settled_at < (1.0 if due else SETTLE_EVERY):
            return
        self._settling, self._settled_at = True, now
        work(self.app, lambda: m.Settled(tuple(self.services.settle(cards))), m.SettleFailed, group="settle")

    def settled(self) -> None:
        """It has ended."""
        self._settling = False


def follow(asking: Asking, heard: m.Heard, board: Board, now: float) -> None:
    """What a message leads to."""
    card = board.open_card
    edit = board.edits.of(card.id) if card else AS_ASKED
    match heard:
        case m.EditComputed() | m.EditFailed():
            asking.computed()
        case m.EvidenceLoaded():
            asking.looked("", now)
        case m.EvidenceFailed(id, _):
            asking.looked(id, now)
        case m.Settled() | m.SettleFailed():
            asking.settled()
        case m.CardsLoaded(cards, _) if not board.read_only:
            asking.settle(cards, now, due=_is_over(board))
        case m.TimePassed() if not board.read_only and _is_over(board):
            asking.settle(tuple(board.cards.values()), now, due=True)
    if card is not None and edit != AS_ASKED and isinstance(heard, m.Edited | m.CardsLoaded | m.Moved):
        asking.compute(card.id, edit)
    asking.look(board, now)


def _is_over(board: Board) -> bool:
    """Whether a countdown on screen has run out, and nobody has settled it yet."""
    return any(ending.at is not None and ending.at <= board.now for ending in board.standing.endings)
