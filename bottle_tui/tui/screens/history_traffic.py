"""The traffic in the history: what passed and what was denied, added up since some time, and what was not counted."""

from datetime import datetime, timedelta

from textual.screen import Screen

from bottle_tui.core.rollup import Row as Kind
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.traffic_rows import gap_rows, kind_row, traffic_head, traffic_names
from bottle_tui.tui.screens.place import Place
from bottle_tui.tui.widgets.rows import Rows
from bottle_tui.tui.wiring.looks import Counted

SINCE: tuple[tuple[str, timedelta | None], ...] = (
    ("30 d", None), ("15 min", timedelta(minutes=15)), ("1 h", timedelta(hours=1)), ("1 d", timedelta(days=1)),
    ("7 d", timedelta(days=7)),
)  # fmt: skip


class TrafficPane:
    """Owns the counts of one bottle as last read, since when they are asked for, and where the list stands."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.find = ""
        self._since = 0
        self.forget()

    def forget(self) -> None:
        """Another bottle."""
        self.counted: Counted | None = None
        self.trouble = ""
        self._at = Place()

    @property
    def wish(self) -> str:
        """What is asked for: an answer to another wish is of no use any more."""
        return SINCE[self._since][0]

    def since(self, now: datetime | None) -> datetime | None:
        """From when on; None: from the beginning."""
        length = SINCE[self._since][1]
        return now - length if now is not None and length is not None else None

    def longer(self) -> None:
        """Another length of time."""
        self._since = (self._since + 1) % len(SINCE)
        self.counted = None

    def learned(self, counted: Counted) -> None:
        """It was counted."""
        self.counted, self.trouble = counted, ""

    @property
    def _shown(self) -> tuple[Kind, ...]:
        """Of hosts that the filter lets through."""
        rows = self.counted.rows if self.counted else ()
        return tuple(each for each in rows if self.find.casefold() in each.host.casefold())

    @property
    def kind(self) -> Kind | None:
        """The one under the cursor."""
        shown = self._shown
        return shown[self._at.index] if shown else None

    def fill(self, board: Board, width: int, height: int, *, active: bool) -> None:
        """Draw it; `active`: the keys are about it."""
        kinds, counted = self._shown, self.counted
        head, rows = self._screen.query_one("#traffic-head", Rows), self._screen.query_one("#traffic", Rows)
        remark = f"the newest is not counted: {counted.remark}" if counted and counted.remark else ""
        head.rows = (traffic_head(kinds, f"last {self.wish}", self.find, active, self.trouble or remark, width),)
        self._screen.query_one("#traffic-names", Rows).rows = (traffic_names(width),)
        holes = gap_rows(counted.gaps, board.now, width) if counted else []
        rows.styles.height = height
        at = self._at
        at.moved(0, len(kinds))
        window = at.window(max(height - len(holes), 1), len(kinds))
        drawn = [
            kind_row(each, board.now, width, selected=active and at.top + number == at.index)
            for number, each in enumerate(kinds[window])
        ]
        rows.rows = (*holes, *drawn)
        rows.cursor = at.index - at.top + len(holes) if active and kinds else None

    def move(self, by: int) -> None:
        """Up or down."""
        self._at.moved(by, len(self._shown))

    def pick(self, row: int, now: datetime) -> None:
        """The one on that row, below what was not counted."""
        holes = len(gap_rows(self.counted.gaps, now, 80)) if self.counted else 0
        self._at.index = max(self._at.top + row - holes, 0)
