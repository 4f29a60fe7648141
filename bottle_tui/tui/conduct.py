"""What follows on what was heard: the next listing, what became of a card, who is told that somebody watches."""

from time import monotonic

from textual import events
from textual.app import App

from bottle_tui.tui import messages as m
from bottle_tui.tui.asking import Asking, follow
from bottle_tui.tui.attending import Attending
from bottle_tui.tui.board import Board
from bottle_tui.tui.nudging import Nudges
from bottle_tui.tui.services import Services
from bottle_tui.tui.work import Deeds, Reader

WATCH_EVERY = 60.0
"""Seconds between two notes to the agents that somebody is here."""


class Conduct:
    """Owns the workers of the dashboard."""

    def __init__(self, app: App[int], services: Services) -> None:
        self.app = app
        self.services = services
        self.reader = Reader(app, services)
        self.deeds = Deeds(app, services)
        self.asking = Asking(app, services)
        self.attending = Attending(app, services)
        self.nudges = Nudges(services, lambda: app.post_message(m.NudgeArrived()), self.attending.denied)
        self.active = True
        """Whether there was a key or the focus since the agents were last told."""

    def begin(self) -> None:
        """Read for the first time, and let time pass on screen."""
        self.reader.read("bottles")
        self.reader.read("cards")
        self.app.set_interval(1.0, lambda: self.app.post_message(m.TimePassed()))
        self.app.set_interval(WATCH_EVERY, self.watch)

    def end(self) -> None:
        """Let go of every stream."""
        self.nudges.stop()

    def noticed(self, event: events.Event) -> None:
        """A key, a click or the focus: somebody is here."""
        if isinstance(event, events.Key | events.MouseDown | events.AppFocus):
            self.active = True

    def watch(self) -> None:
        """Say so, at most once a minute."""
        if self.active:
            self.active = False
            self.deeds.watch()

    def follow_up(self, heard: m.Heard, before: Board, after: Board) -> None:
        """After the board has changed."""
        gone = after.selection.leaving
        if gone and gone != before.selection.leaving and gone not in after.applying:
            self.deeds.learn(gone)
        follow(self.asking, heard, after, monotonic())
        match heard:
            case m.CardsLoaded() | m.CardsFailed():
                self.reader.ended("cards")
                if after.following:
                    self.deeds.learn(after.following)
            case m.BottlesLoaded() | m.BottlesFailed():
                self.reader.ended("bottles")
                self.nudges.attend(after.running)
                if before.bottles_at is None:
                    self.watch()
            case m.TimePassed():
                self.attending.tick()
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
