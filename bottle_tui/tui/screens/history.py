"""The history: who decided what and how it ended, and the traffic that was counted, of one bottle."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Decision, Part, Target
from bottle_tui.tui import findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import of_bottle
from bottle_tui.tui.dialogs.find import Find
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.dialogs.record import RecordPage
from bottle_tui.tui.presentation.chrome import Hint, next_bottle
from bottle_tui.tui.presentation.history import slug_row
from bottle_tui.tui.screens.history_ledger import LedgerPane, take_back
from bottle_tui.tui.screens.history_traffic import TrafficPane
from bottle_tui.tui.screens.looking import LookingView, Question
from bottle_tui.tui.widgets.rows import Rows
from bottle_tui.tui.workers.work import work


class HistoryView(LookingView):
    """Owns two panes, the ledger and the traffic; `u` and `o` are about the open deed of the ledger."""

    NAME: ClassVar[str] = "history"
    EVERY: ClassVar[float] = 5.0
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", id="history-next", tooltip="The next row"),
        Binding("k,up", "move(-1)", "previous", id="history-previous", tooltip="The row before"),
        Binding("g,home", "move(-100000)", "first", id="history-first", tooltip="The newest"),
        Binding("G,end", "move(100000)", "last", id="history-last", tooltip="The oldest"),
        Binding("tab,shift+tab", "pane", "other pane", id="history-pane", tooltip="Between decisions and traffic"),
        Binding("enter", "open", "whole", id="history-open", tooltip="The whole record, or where a grant comes from"),
        Binding("b", "bottle", "next bottle", id="history-bottle", tooltip="The next bottle's history"),
        Binding("slash", "find", "filter", key_display="/", id="history-filter", tooltip="Only hosts with these words"),
        Binding("t", "since", "since", id="history-since", tooltip="Traffic of the last 15 min, 1 h, 1 d, 7 d, 30 d"),
        Binding("escape", "clear_find", "back", id="history-back", tooltip="Take the filter away"),
    ]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.ledger, self.traffic = LedgerPane(self), TrafficPane(self)
        self.find = ""
        self.in_traffic = False
        self.known: tuple[str, ...] = ()
        """Every bottle with a folder, those that are down too."""

    def body(self) -> ComposeResult:
        with Container(id="body"):
            with Container(id="history-left"):
                yield Rows(id="history-head")
                yield Rows(id="ledger-head")
                yield Rows(id="ledger")
            with Container(id="history-right"):
                yield Rows(id="traffic-head")
                yield Rows(id="traffic-names")
                yield Rows(id="traffic")

    # Reading

    def slugs(self, board: Board) -> list[str]:
        listed = {bottle.slug for bottle in board.ours} | set(self.known)
        return sorted(listed)

    def questions(self, slug: str) -> tuple[Question, ...]:
        looks, wish = self.deeds.services.looks, self.traffic.wish
        since = self.traffic.since(self.board.now if self.board else None)
        return (
            (
                lambda: findings.LedgerListed(slug, looks.deeds(slug), tuple(looks.slugs())),
                lambda line: findings.LedgerLost(slug, line),
            ),
            (
                lambda: findings.TrafficCounted(looks.traffic(slug, since, None), wish),
                lambda line: findings.TrafficLost(slug, line),
            ),
        )

    def read(self) -> None:
        """Without a bottle yet: which ones have a history."""
        if self.slug is None and self.is_attached and not self._reading:
            self._reading = 1
            looks = self.deeds.services.looks
            ask = lambda: findings.LedgerListed("", (), tuple(looks.slugs()))  # noqa: E731 - a worker calls it
            work(self.deeds.app, ask, lambda line: findings.LedgerLost("", line), group="look history", to=self)
        else:
            super().read()

    def forget(self) -> None:
        self.ledger.forget()
        self.traffic.forget()

    @on(findings.LedgerListed)
    def _listed(self, message: findings.LedgerListed) -> None:
        self.has_read()
        self.known = message.slugs
        if self.slug is None and message.slugs:
            self.draw()
        elif message.slug == self.slug:
            self.ledger.learned(message.deeds)
            self.draw()

    @on(findings.LedgerLost)
    def _ledger_lost(self, message: findings.LedgerLost) -> None:
        self.has_read()
        if message.slug == self.slug:
            self.ledger.trouble = message.line
            self.draw()

    @on(findings.TrafficCounted)
    def _counted(self, message: findings.TrafficCounted) -> None:
        self.has_read()
        if message.counted.slug == self.slug and message.wish == self.traffic.wish:
            self.traffic.learned(message.counted)
            self.draw()

    @on(findings.TrafficLost)
    def _traffic_lost(self, message: findings.TrafficLost) -> None:
        self.has_read()
        if message.slug == self.slug:
            self.traffic.trouble = message.line
            self.draw()

    # Drawing

    def fill(self, board: Board, width: int, height: int) -> None:
        self.choose(board)
        wide = width >= 140
        ledger_width = (width - 2) // 2 if wide else width
        self.query_one("#history-head", Rows).rows = (slug_row(self.slugs(board), self.slug, ledger_width),)
        if wide:
            ledger, traffic = height - 2, height - 2
        else:
            room = height - 4
            ledger = room * 2 // 5 if self.in_traffic else room * 3 // 5
            traffic = room - ledger
        self.ledger.fill(board, ledger_width, max(ledger, 1), active=not self.in_traffic)
        traffic_width = width - ledger_width - 1 if wide else width
        self.traffic.fill(board, traffic_width, max(traffic, 1), active=self.in_traffic)

    # Keys

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        deed = None if self.in_traffic or board.read_only else self.ledger.deed
        first = [
            Hint("enter", "whole"),
            Hint("u", "revoke", deed is not None and deed.undo),
            Hint("o", "reopen", deed is not None and deed.reopen),
            Hint("tab", "decisions" if self.in_traffic else "traffic"),
            Hint("/", "filter"),
            Hint("t", f"since {self.traffic.wish}"),
        ]
        second = [
            Hint("j/k", "next"),
            Hint("?", "help"),
            Hint("q", "quit"),
            *next_bottle(self.slugs(board)),
            Hint("X", "quarantine", self.lives(board)),
            Hint(":", "all actions"),
            Hint("1–5", "views"),
        ]
        return first, second

    def action_move(self, by: int) -> None:
        """Up or down in the open pane."""
        pane = self.traffic if self.in_traffic else self.ledger
        pane.move(by)
        self.draw()

    def action_pane(self) -> None:
        """The other pane."""
        self.in_traffic = not self.in_traffic
        self.draw()

    @on(Rows.Picked, "#ledger")
    def _picked_deed(self, event: Rows.Picked) -> None:
        self.in_traffic = False
        self.ledger.pick(event.index)
        self.draw()

    @on(Rows.Picked, "#traffic")
    def _picked_kind(self, event: Rows.Picked) -> None:
        self.in_traffic = True
        if self.board:
            self.traffic.pick(event.index, self.board.now)
        self.draw()

    def wheel(self, by: int) -> None:
        self.action_move(by)

    def action_since(self) -> None:
        """Another length of time."""
        self.traffic.longer()
        self.read()
        self.draw()

    def action_find(self) -> None:
        """Filter both panes."""
        self.app.push_screen(Find(self.find), self._find)

    def action_clear_find(self) -> None:
        """No filter."""
        self._find("")

    def _find(self, words: str | None) -> None:
        if words is not None:
            self.find = self.ledger.find = self.traffic.find = words
            self.draw()

    def action_open(self) -> None:
        """The whole record, or where the grant of a row of traffic comes from."""
        slug, board = self.slug, self.board
        if slug is None or board is None:
            return
        if not self.in_traffic:
            if deed := self.ledger.deed:
                self.app.push_screen(RecordPage(self.deeds, slug, deed))
            return
        looks, kind = self.deeds.services.looks, self.traffic.kind
        if kind is None:
            return
        event = {
            "event": "denied" if kind.reason else "allowed",
            "host": kind.host,
            "grant": kind.grant,
            "reason": kind.reason,
        }
        self.app.push_screen(ProvenancePage(self.deeds, slug, lambda: looks.of_event(slug, event), board.now))

    # Deciding

    def lives(self, board: Board) -> bool:
        """Whether the bottle is there and ours to cut off."""
        return not board.read_only and self.slug in [bottle.slug for bottle in board.ours]

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[Part]]]:
        bottle = of_bottle(board, self.slug) if self.lives(board) else None
        return {"result": (self.target(board), frozenset()), "bottle": (bottle, frozenset())}

    def target(self, board: Board) -> Target | None:
        """What `u` and `o` are about: the open deed, while the keys are about the ledger."""
        return None if self.in_traffic else self.ledger.target(self.slug, board)

    def decide(self, decision: Decision) -> None:
        board, deed = self.board, self.ledger.deed
        if decision.key not in "uo" or board is None:
            super().decide(decision)
        elif deed is None or self.slug is None or self.target(board) != decision.target:
            self.tell(f"{decision.key}: it has changed: look again, nothing was done")
        else:
            take_back(self, self.slug, deed, decision)

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        deed = self.ledger.deed
        if key not in "uo":
            return super().offer(key, board)
        target = self.target(board)
        if target is None or deed is None or not (deed.undo if key == "u" else deed.reopen):
            return None, "nothing here to take back"
        return target, f"{'revoke' if key == 'u' else 'reopen'} {deed.what} for {self.slug}"
