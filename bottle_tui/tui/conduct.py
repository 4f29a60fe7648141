"""What follows on what was heard: the next listing, what became of a card, who is told that somebody watches."""

import sys
from time import monotonic

from textual import events
from textual.app import App

from bottle_tui.core.pace import Pace
from bottle_tui.core.settings import Notify
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.arrivals import MOST_LEARNED, decided_elsewhere
from bottle_tui.tui.calling import Calling
from bottle_tui.tui.sentry import Sentry
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.asking import Asking, follow
from bottle_tui.tui.workers.attending import Attending
from bottle_tui.tui.workers.deeds import Deeds
from bottle_tui.tui.workers.learning import Learning
from bottle_tui.tui.workers.nudging import Nudges
from bottle_tui.tui.workers.reader import Reader

TURN = 0.001
"""Seconds for which a thread that reads a loud log keeps a key waiting; Python lets it have five times as many."""


class Conduct:
    """Owns the workers of the dashboard."""

    def __init__(self, app: App[int], services: Services, sentry: Sentry, notify: Notify) -> None:
        self.app = app
        self.services = services
        self.reader = Reader(app, services)
        self.deeds = Deeds(app, services)
        self.learning = Learning(self.deeds)
        self.asking = Asking(app, services)
        self.attending = Attending(app, services)
        self.nudges = Nudges(services, lambda: app.post_message(m.NudgeArrived()), self.attending.denied,
                             lambda: app.post_message(m.SidecarSilent()))  # fmt: skip
        self.pace = Pace()
        self.sentry = sentry
        self.calling = Calling(app, services, sentry, notify)

    def begin(self) -> None:
        """Read for the first time, and let time pass on screen."""
        sys.setswitchinterval(TURN)
        self.calling.begin()
        self.reader.read("bottles")
        self.reader.read("cards")
        self.app.set_interval(1.0, lambda: self.app.post_message(m.TimePassed()))

    def end(self) -> None:
        """Let go of every stream."""
        self.nudges.stop()
        self.calling.end()

    def noticed(self, event: events.Event) -> bool:
        """Somebody is here, maybe. True: that key was only a sign of it."""
        return self.calling.noticed(event)

    def _look_at_clocks(self) -> None:
        """After a jump nothing counts as known, nor as looked at, until it was asked for and shown anew."""
        self.pace, jumped = self.pace.looked(self.services.now(), monotonic())
        if jumped:
            self.reader.epoch = self.pace.epoch
            self.sentry.resized()
            self.app.post_message(m.TimeJumped(self.pace.epoch))
            self.attending.changed()
            self.reader.read("bottles")
            self.reader.read("cards")

    def watch(self, board: Board) -> None:
        """Say that somebody watches who can decide, once a minute while it is so."""
        if not board.read_only and (moment := self.calling.tells()) is not None:
            self.deeds.watch(moment)

    def follow_up(self, heard: m.Heard, before: Board, after: Board) -> None:
        """After the board has changed."""
        for id in _left(heard, before, after):
            self.deeds.learn(id)
        follow(self.asking, heard, after, monotonic())
        match heard:
            case m.CardsLoaded() | m.CardsFailed():
                self.reader.ended("cards")
                self.learning.follow(after.following)
                self.calling.heard(after)
            case m.BottlesLoaded() | m.BottlesFailed():
                self.reader.ended("bottles")
                self.nudges.attend(after.running)
                if not set(after.running) <= set(before.running):
                    self.calling.began()
                if after.bottles_at is not None:
                    self.watch(after)
            case m.CardLearned(card):
                self.learning.learned(card.id)
            case m.CardLost(id, _):
                self.learning.learned(id)
            case m.TimePassed():
                self._look_at_clocks()
                self.attending.tick(settles=not after.read_only)
                self.calling.heard(after)
                if after.bottles_at is not None:
                    self.watch(after)
            case m.Called(problem):
                if said := self.calling.called(problem):
                    self.app.post_message(m.DecisionFailed("notify", "notify", said))
            case m.Muted():
                self.attending.changed()
            case m.StandingLoaded() | m.StandingFailed():
                self.attending.ended()
            case m.Settled(lines) if lines:
                self.attending.changed()
                self.reader.read("cards")
                self.reader.read("bottles")
            case m.Proposed() | m.Withdrawn():
                self.attending.changed()
                self.reader.read("cards")
            case m.DecisionEnded() | m.DecisionFailed() | m.BottleChanged() | m.Filtered():
                self.attending.changed()
                self.reader.read("cards")
                self.reader.read("bottles")


def _left(heard: m.Heard, before: Board, after: Board) -> list[str]:
    """Asks of which it is to be found out what became of them."""
    gone = after.selection.leaving
    mine = [gone] if gone and gone != before.selection.leaving and gone not in after.applying else []
    gone_too = decided_elsewhere(before, after.cards) if isinstance(heard, m.CardsLoaded) else []
    return mine + (gone_too if len(gone_too) <= MOST_LEARNED else [])
