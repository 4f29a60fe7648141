"""Presence and notices wired to this terminal: who is told that somebody watches, when it rings, its title."""

import os
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message

from bottle_tui.core import notices
from bottle_tui.core.notices import Asked, Notices
from bottle_tui.core.presence import Presence
from bottle_tui.core.settings import Notify
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.away import Away
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.work import work
from sidecar_addon.times import iso


class Calling:
    """Owns the two machines and the badge. `say` writes to the terminal; `clock` counts seconds for notices."""

    def __init__(self, app: App[int], services: Services, sentry: Sentry, likes: Notify) -> None:
        self.app = app
        self.presence = Presence(services.now())
        self.notices = Notices()
        self.say: Callable[[str], object] = self._write
        self.clock: Callable[[], float] = monotonic
        self._services = services
        self._sentry = sentry
        self._likes = likes
        self._tmux = bool(os.environ.get("TMUX"))
        self._badge: int | None = None
        self._failed = False
        self._board: Board | None = None

    def begin(self) -> None:
        """Keep the terminal's title."""
        self.say(notices.keep_title())

    def end(self) -> None:
        """Give it back."""
        self.say(notices.restore_title())

    def noticed(self, event: events.Event) -> bool:
        """A sign of somebody. True: a key that only said that somebody is back; nobody else may act on it."""
        now = self._services.now()
        match event:
            case events.AppFocus() | events.AppBlur():
                self.presence = self.presence.focus(isinstance(event, events.AppFocus))
                if isinstance(event, events.AppFocus):
                    self.presence, _ = self.presence.noticed(now, key=False)
            case events.MouseDown():
                self.presence, _ = self.presence.noticed(now, key=False)
            case events.Key() if not event.is_forwarded:
                self.presence, left = self.presence.noticed(now, key=True)
                if left is not None:
                    self._sentry.saw(event, None)
                    self._greet(left)
                    return True
        return False

    def tells(self) -> datetime | None:
        """As of when the agents are to be told now that somebody watches; None: not now."""
        self.presence, tell = self.presence.tells(self._services.now())
        return tell

    def began(self) -> None:
        """A bottle has begun to run: its agent has not been told."""
        self.presence = self.presence.untold()

    def heard(self, board: Board) -> None:
        """What waits now: the badge follows, and maybe it is time to call."""
        self._board = board
        asked = [
            Asked(card.id, card.slug, card.host, any(risk.level == "danger" for risk in card.risks))
            for card in board.asking
        ]
        if len(asked) != self._badge:
            self._badge = len(asked)
            self.say(notices.title(len(asked)))
        focused = self.presence.focused(board.now)
        muted = board.standing.muted_now(board.now)
        self.notices, call = self.notices.heard(asked, muted, self.clock(), focused=focused)
        if call:
            self._call(call, board.now)

    def _call(self, asked: tuple[Asked, ...], now: datetime) -> None:
        line = notices.line(asked)
        if self._likes.osc:
            self.say(notices.notices(line, tmux=self._tmux))
        if self._likes.bell:
            self.say(notices.bell())
        if self._likes.command:
            self._run(notices.payload(asked, str(iso(now))))

    def _run(self, payload: dict[str, Any]) -> None:
        def ran() -> Message:
            self._services.lookout.notify(self._likes.command, payload)
            return m.Called("")

        work(self.app, ran, m.Called, group="notify")

    def called(self, problem: str) -> str:
        """What to say of a command that ended: its failure, once."""
        if not problem or self._failed:
            return ""
        self._failed = True
        return problem

    def _greet(self, left: datetime) -> None:
        """What happened meanwhile, over whatever is open; nothing under it keeps the time it was looked at."""
        self._sentry.resized()
        self.app.push_screen(Away(left, self._board), lambda _: self._sentry.resized())
        absence = self._services.lookout.absence
        work(
            self.app,
            lambda: m.AbsenceLoaded(absence(left), left),
            lambda line: m.AbsenceFailed(line, left),
            group="absence",
        )

    def _write(self, data: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(data)
