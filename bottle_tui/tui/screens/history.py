"""The history: who decided what and how it ended, and the traffic that was counted, of one bottle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from bottle_tui.core.arming import Decision, Target
from bottle_tui.core.deeds import Deed
from bottle_tui.core.rollup import Row as Kind
from bottle_tui.core.selection import viewport
from bottle_tui.core.text import visible
from bottle_tui.tui import findings
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.find import Find
from bottle_tui.tui.dialogs.provenance import ProvenancePage
from bottle_tui.tui.dialogs.record import RecordPage
from bottle_tui.tui.looks import Counted
from bottle_tui.tui.presentation.chrome import Hint
from bottle_tui.tui.presentation.history import (
    deed_row,
    gap_rows,
    kind_row,
    ledger_head,
    slug_row,
    traffic_head,
    traffic_names,
)
from bottle_tui.tui.screens.looking import LookingView, Question
from bottle_tui.tui.widgets.rows import Rows
from bottle_tui.tui.work import work

SINCE: tuple[tuple[str, timedelta | None], ...] = (
    ("30 d", None), ("15 min", timedelta(minutes=15)), ("1 h", timedelta(hours=1)), ("1 d", timedelta(days=1)),
    ("7 d", timedelta(days=7)),
)  # fmt: skip


@dataclass
class Cursor:
    """Where one pane stands."""

    index: int = 0
    top: int = 0

    def moved(self, by: int, count: int) -> None:
        """Up or down, within what there is."""
        self.index = max(0, min(self.index + by, count - 1))


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
        self.told: tuple[Deed, ...] | None = None
        self.counted: Counted | None = None
        self.ledger_trouble = self.traffic_trouble = ""
        self.find = ""
        self.since = 0
        self.in_traffic = False
        self.open: int | None = None
        """The open deed, by the number of its record."""
        self.ledger_at, self.traffic_at = Cursor(), Cursor()
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
        looks, board, wish = self.deeds.services.looks, self.board, self.wish
        length = SINCE[self.since][1]
        since = board.now - length if board is not None and length is not None else None
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

    @property
    def wish(self) -> str:
        """What the traffic is asked for: an answer to another wish is of no use any more."""
        return SINCE[self.since][0]

    def forget(self) -> None:
        self.told = self.counted = None
        self.ledger_trouble = self.traffic_trouble = ""
        self.open, self.ledger_at, self.traffic_at = None, Cursor(), Cursor()

    @on(findings.LedgerListed)
    def _listed(self, message: findings.LedgerListed) -> None:
        self.has_read()
        self.known = message.slugs
        if self.slug is None and message.slugs:
            self.draw()
        elif message.slug == self.slug:
            self.told, self.ledger_trouble = message.deeds, ""
            self.draw()

    @on(findings.LedgerLost)
    def _ledger_lost(self, message: findings.LedgerLost) -> None:
        self.has_read()
        if message.slug == self.slug:
            self.ledger_trouble = message.line
            self.draw()

    @on(findings.TrafficCounted)
    def _counted(self, message: findings.TrafficCounted) -> None:
        self.has_read()
        if message.counted.slug == self.slug and message.wish == self.wish:
            self.counted, self.traffic_trouble = message.counted, ""
            self.draw()

    @on(findings.TrafficLost)
    def _traffic_lost(self, message: findings.TrafficLost) -> None:
        self.has_read()
        if message.slug == self.slug:
            self.traffic_trouble = message.line
            self.draw()

    # What is shown

    @property
    def shown_deeds(self) -> tuple[Deed, ...]:
        """Those that the filter lets through."""
        words = self.find.casefold()
        told = self.told or ()
        return tuple(each for each in told if words in f"{each.what} {each.verb} {each.actor}".casefold())

    @property
    def shown_kinds(self) -> tuple[Kind, ...]:
        """The traffic of hosts that the filter lets through."""
        rows = self.counted.rows if self.counted else ()
        return tuple(each for each in rows if self.find.casefold() in each.host.casefold())

    @property
    def deed(self) -> Deed | None:
        """The open one: by its number, else where the cursor stands."""
        shown = self.shown_deeds
        found = next((each for each in shown if each.n == self.open), None)
        return found or (shown[min(self.ledger_at.index, len(shown) - 1)] if shown else None)

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
        self._fill_ledger(board, ledger_width, max(ledger, 1))
        self._fill_traffic(board, width - ledger_width - 1 if wide else width, max(traffic, 1))

    def _fill_ledger(self, board: Board, width: int, height: int) -> None:
        shown, deed = self.shown_deeds, self.deed
        head, rows = self.query_one("#ledger-head", Rows), self.query_one("#ledger", Rows)
        head.rows = (ledger_head(len(shown), self.find, not self.in_traffic, self.ledger_trouble, width),)
        rows.styles.height = height
        if deed is None:
            rows.rows, rows.cursor = (), None
            return
        at = self.ledger_at
        self.open, at.index = deed.n, shown.index(deed)
        at.top = viewport(at.top, at.index, at.index, height, len(shown))
        rows.rows = tuple(
            deed_row(
                each, board.now, width, selected=each is deed and not self.in_traffic, doing=self._doing(each, board)
            )
            for each in shown[at.top : at.top + height]
        )
        rows.cursor = None if self.in_traffic else at.index - at.top

    def _doing(self, deed: Deed, board: Board) -> str:
        if deed is not self.deed:
            return ""
        return next((board.applying[id] for id in (deed.proposal, *deed.grants) if id and id in board.applying), "")

    def _fill_traffic(self, board: Board, width: int, height: int) -> None:
        kinds, counted = self.shown_kinds, self.counted
        head, rows = self.query_one("#traffic-head", Rows), self.query_one("#traffic", Rows)
        trouble = self.traffic_trouble or (
            f"the newest is not counted: {counted.remark}" if counted and counted.remark else ""
        )
        head.rows = (traffic_head(kinds, f"last {self.wish}", self.find, self.in_traffic, trouble, width),)
        self.query_one("#traffic-names", Rows).rows = (traffic_names(width),)
        holes = gap_rows(counted.gaps, board.now, width) if counted else []
        room = max(height - len(holes), 1)
        rows.styles.height = height
        at = self.traffic_at
        at.moved(0, len(kinds))
        at.top = viewport(at.top, at.index, at.index, room, len(kinds))
        drawn = [
            kind_row(each, board.now, width, selected=self.in_traffic and at.top + number == at.index)
            for number, each in enumerate(kinds[at.top : at.top + room])
        ]
        rows.rows = (*holes, *drawn)
        rows.cursor = at.index - at.top + len(holes) if self.in_traffic and kinds else None

    # Keys

    def hints(self, board: Board) -> tuple[Sequence[Hint], Sequence[Hint]]:
        deed = None if self.in_traffic or board.read_only else self.deed
        first = [
            Hint("enter", "whole"),
            Hint("u", "revoke", deed is not None and deed.undo),
            Hint("o", "reopen", deed is not None and deed.reopen),
            Hint("tab", "decisions" if self.in_traffic else "traffic"),
            Hint("/", "filter"),
            Hint("t", f"since {self.wish}"),
            Hint("b", "next bottle", len(self.slugs(board)) > 1),
        ]
        second = [Hint("j/k", "next"), Hint("X", "quarantine", self.lives(board)), Hint("?", "help"), Hint("q", "quit"),
                  Hint(":", "all actions"), Hint("1–5", "views")]  # fmt: skip
        return first, second

    def action_move(self, by: int) -> None:
        """Up or down in the open pane."""
        if self.in_traffic:
            self.traffic_at.moved(by, len(self.shown_kinds))
        elif shown := self.shown_deeds:
            self.ledger_at.moved(by, len(shown))
            self.open = shown[self.ledger_at.index].n
        self.draw()

    def action_pane(self) -> None:
        """The other pane."""
        self.in_traffic = not self.in_traffic
        self.draw()

    @on(Rows.Picked, "#ledger")
    def _picked_deed(self, event: Rows.Picked) -> None:
        self.in_traffic = False
        at = self.ledger_at.top + event.index
        if 0 <= at < len(self.shown_deeds):
            self.open = self.shown_deeds[at].n
        self.draw()

    @on(Rows.Picked, "#traffic")
    def _picked_kind(self, event: Rows.Picked) -> None:
        self.in_traffic = True
        holes = len(gap_rows(self.counted.gaps, self.board.now, 80)) if self.counted and self.board else 0
        self.traffic_at.index = max(self.traffic_at.top + event.index - holes, 0)
        self.draw()

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls; it never decides."""
        self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls; it never decides."""
        self.action_move(-1)

    def action_since(self) -> None:
        """Another length of time."""
        self.since = (self.since + 1) % len(SINCE)
        self.counted = None
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
            self.find = words
            self.draw()

    def action_open(self) -> None:
        """The whole record, or where the grant of a row of traffic comes from."""
        slug, board = self.slug, self.board
        if slug is None or board is None:
            return
        if not self.in_traffic:
            if deed := self.deed:
                self.app.push_screen(RecordPage(self.deeds, slug, deed))
            return
        kinds = self.shown_kinds
        if not kinds:
            return
        looks, kind = self.deeds.services.looks, kinds[self.traffic_at.index]
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

    def about(self, board: Board) -> Mapping[str, tuple[Target | None, frozenset[int]]]:
        bottle = Target(self.slug or "", "quarantine") if self.lives(board) else None
        return {"result": (self.target(board), frozenset()), "bottle": (bottle, frozenset())}

    def target(self, board: Board) -> Target | None:
        """What `u` and `o` are about: the open deed, while it can be taken back."""
        deed = self.deed
        if (
            deed is None
            or self.in_traffic
            or board.read_only
            or not (deed.undo or deed.reopen)
            or self._doing(deed, board)
        ):
            return None
        return Target(deed.proposal or deed.grants[0], f"{self.slug} record {deed.n}")

    def decide(self, decision: Decision) -> None:
        board, deed = self.board, self.deed
        if decision.key not in "uo" or board is None:
            super().decide(decision)
        elif deed is None or self.slug is None or self.target(board) != decision.target:
            self.tell(f"{decision.key}: it has changed: look again, nothing was done")
        elif decision.key == "u" and deed.undo:
            self.begin(decision.target.id, "revoking", f"{visible(deed.what)} for {self.slug}: taking it back")
            if deed.proposal:
                self.deeds.undo(deed.proposal)
            else:
                self.deeds.revoke(self.slug, deed.grants[0])
        elif decision.key == "o" and deed.reopen and deed.proposal:
            self.begin(deed.proposal, "reopening", f"{visible(deed.what)} for {self.slug}: reopening")
            self.deeds.reopen(deed.proposal)
        else:
            self.tell(f"{decision.key}: nothing here to take back")

    def offer(self, key: str, board: Board) -> tuple[Target | None, str]:
        deed = self.deed
        if key not in "uo":
            return super().offer(key, board)
        target = self.target(board)
        if target is None or deed is None or not (deed.undo if key == "u" else deed.reopen):
            return None, "nothing here to take back"
        return target, f"{'revoke' if key == 'u' else 'reopen'} {deed.what} for {self.slug}"
