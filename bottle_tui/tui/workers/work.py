"""Workers: everything that may block runs here, in threads, and ends in exactly one of two messages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.operations import Operation
from bottle_tui.core.views import Outcome
from bottle_tui.errors import BottleError
from bottle_tui.tui import messages as m
from bottle_tui.tui.wiring.services import Services
from sidecar_addon.table import Grant

RELAXED = 5.0
"""Seconds after which a listing is made anew although no news came: an age on screen is never much more."""


def work(
    app: App[int],
    ask: Callable[[], Message],
    failed: Callable[[str], Message],
    *,
    group: str,
    to: MessagePump | None = None,
) -> None:
    """Run `ask` in a thread; post what it returns, or what `failed` makes of the error, to the app or a screen."""

    def run() -> None:
        try:
            message = ask()
        except BottleError as error:
            message = failed(str(error))
        except Exception as error:  # noqa: BLE001 - a worker's boundary: whatever it is, the screen says so
            message = failed(f"{type(error).__name__}: {error}")
        (to or app).post_message(message)

    app.run_worker(run, thread=True, group=group, exit_on_error=False)


@dataclass
class Reader:
    """Lists cards and bottles, one listing of each kind at a time.

    A second after the last ended it looks whether files on the host have changed, and lists again when they have, or
    when the last listing is `RELAXED` seconds old. News from sidecars come as nudges and list at once.
    """

    app: App[int]
    services: Services
    pause: float = 1.0
    epoch: int = 0
    """Of the time's jumps; each listing carries the one in which it was begun."""
    _busy: set[str] = field(default_factory=set)
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)
    """The stamp of the host's files before the last listing, and when that was."""
    _again: set[str] = field(default_factory=set)

    def read(self, what: str) -> None:
        """Begin a listing ("cards" or "bottles"), or begin another as soon as the running one has ended."""
        if what in self._busy:
            self._again.add(what)
            return
        self._begin(what, always=True)

    def _begin(self, what: str, *, always: bool) -> None:
        self._busy.add(what)
        listed, failed = (self._cards, m.CardsFailed) if what == "cards" else (self._bottles, m.BottlesFailed)

        def asked() -> Message:
            stamp, now = self.services.lookout.stamp(), monotonic()
            before, at = self._seen.get(what, (None, 0.0))
            if not always and stamp == before and now - at < RELAXED:
                return m.NothingNew(what)
            self._seen[what] = (stamp, now)
            return listed()

        work(self.app, asked, failed, group=f"read {what}")

    def ended(self, what: str) -> None:
        """It has; the next one follows."""
        self._busy.discard(what)
        if what in self._again:
            self._again.discard(what)
            self.read(what)
        else:
            self.app.set_timer(self.pause, lambda: self._due(what))

    def _due(self, what: str) -> None:
        if what not in self._busy:
            self._begin(what, always=False)

    def _cards(self) -> Message:
        return m.CardsLoaded(tuple(self.services.cards()), self.services.now())

    def _bottles(self) -> Message:
        epoch = self.epoch
        bottles = tuple(self.services.bottles())
        used = sorted({bottle.runtime for bottle in bottles if bottle.state != "foreign"})
        return m.BottlesLoaded(
            bottles, " · ".join(self.services.describe(name) for name in used), self.services.now(), epoch
        )


@dataclass(frozen=True)
class Deeds:
    """Decisions, each in a worker of its own group: never cancelled, and those of one bottle queue at its lock."""

    app: App[int]
    services: Services

    def approve(self, id: str, digest: str, acknowledged: bool, edit: Edit = AS_ASKED) -> None:
        """Through every step of apply, as it was shown: with that edit."""
        self._decide("approve", id, lambda: self.services.approve(id, digest, acknowledged, edit))

    def reject(self, id: str, reason: str) -> None:
        """With the reason the agent will read."""
        self._decide("reject", id, lambda: self.services.reject(id, reason))

    def undo(self, id: str) -> None:
        """Take back an approval."""
        self._decide("undo", id, lambda: self.services.undo(id))

    def reopen(self, id: str) -> None:
        """Take back a rejection."""
        self._decide("reopen", id, lambda: self.services.reopen(id))

    def revoke(self, slug: str, grant: str, shown: Grant | None = None) -> None:
        """Take back one grant; with `shown` only if it still reads so."""
        self._decide("revoke", grant, lambda: self.services.looks.revoke(slug, grant, shown))

    def carry_out(self, slug: str, operation: Operation, digest: str, acknowledged: bool) -> None:
        """Put the operator's own change in force, as it was shown."""
        looks = self.services.looks
        self._decide("apply", operation.id, lambda: looks.carry_out(slug, operation, digest, acknowledged))

    def quarantine(self, slug: str) -> None:
        """Cut the bottle off."""
        work(
            self.app,
            lambda: m.BottleChanged(slug, self.services.quarantine(slug)),
            lambda line: m.DecisionFailed("quarantine", slug, line),
            group=f"quarantine {slug}",
        )

    def release(self, slug: str) -> None:
        """Let it out of quarantine."""
        work(
            self.app,
            lambda: m.BottleChanged(slug, self.services.release(slug)),
            lambda line: m.DecisionFailed("release", slug, line),
            group=f"release {slug}",
        )

    def propose(self, slug: str, host: str, method: str) -> None:
        """File what was denied as the operator's own; it opens as a card and grants nothing."""
        work(
            self.app,
            lambda: m.Proposed(self.services.lookout.propose(slug, host, method)),
            lambda line: m.DecisionFailed("propose", slug, line),
            group=f"propose {slug}",
        )

    def mute(self, slug: str, until: datetime | None) -> None:
        """A bottle calls nobody until then, or calls again; its agent is told."""
        work(
            self.app,
            lambda: m.Muted(slug, self.services.lookout.mute(slug, until)),
            lambda line: m.DecisionFailed("mute", slug, line),
            group=f"mute {slug}",
        )

    def withdraw(self, id: str, line: str) -> None:
        """Take the operator's own proposal back."""

        def withdrawn() -> Message:
            self.services.lookout.withdraw(id)
            return m.Withdrawn(id, line)

        work(self.app, withdrawn, lambda line: m.DecisionFailed("withdraw", id, line), group=f"decide {id}")

    def watch(self) -> None:
        """Tell the agents that somebody is here."""

        def told() -> Message:
            self.services.watched()
            return m.AgentsTold()

        work(self.app, told, m.AgentsNotTold, group="watched")

    def learn(self, id: str) -> None:
        """Find out what became of a card."""
        work(
            self.app,
            lambda: m.CardLearned(self.services.card(id, AS_ASKED)),
            lambda line: m.CardLost(id, line),
            group="learn",
        )

    def _decide(self, verb: str, id: str, deed: Callable[[], Outcome]) -> None:
        work(
            self.app,
            lambda: m.DecisionEnded(verb, deed()),
            lambda line: m.DecisionFailed(verb, id, line),
            group=f"decide {id}",
        )
