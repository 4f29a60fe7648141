"""What the operator decides, carried out: everything here changes something, or tells somebody."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from textual.app import App
from textual.message import Message

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.operations import Operation
from bottle_tui.core.views import Outcome
from bottle_tui.tui import messages as m
from bottle_tui.tui.wiring.services import Services
from bottle_tui.tui.workers.work import work
from sidecar_addon.table import Grant


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

    def carry_out(
        self, slug: str, operation: Operation, digest: str, acknowledged: bool, failed: Callable[[], object]
    ) -> None:
        """Put the operator's own change in force, as it was shown; `failed` is called when it is not, in the worker."""

        def carried() -> Outcome:
            with ExitStack() as otherwise:
                otherwise.callback(failed)
                outcome = self.services.looks.carry_out(slug, operation, digest, acknowledged)
                if outcome.exit_code == 0:
                    otherwise.pop_all()
            return outcome

        self._decide("apply", operation.id, carried)

    def quarantine(self, slug: str) -> None:
        """Cut the bottle off."""
        self._do("quarantine", slug, lambda: m.BottleChanged(slug, self.services.quarantine(slug)))

    def release(self, slug: str) -> None:
        """Let it out of quarantine."""
        self._do("release", slug, lambda: m.BottleChanged(slug, self.services.release(slug)))

    def propose(self, slug: str, host: str, method: str) -> None:
        """File what was denied as the operator's own; it opens as a card and grants nothing."""
        self._do("propose", slug, lambda: m.Proposed(self.services.lookout.propose(slug, host, method)))

    def mute(self, slug: str, until: datetime | None) -> None:
        """A bottle calls nobody until then, or calls again; its agent is told."""
        self._do("mute", slug, lambda: m.Muted(slug, self.services.lookout.mute(slug, until)))

    def withdraw(self, id: str, line: str) -> None:
        """Take the operator's own proposal back."""

        def withdrawn() -> Message:
            self.services.lookout.withdraw(id)
            return m.Withdrawn(id, line)

        work(self.app, withdrawn, lambda line: m.DecisionFailed("withdraw", id, line), group=f"decide {id}")

    def watch(self, moment: datetime) -> None:
        """Tell the agents that somebody is here, as of that moment."""

        def told() -> Message:
            self.services.watched(moment)
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

    def _do(self, verb: str, slug: str, deed: Callable[[], Message]) -> None:
        work(self.app, deed, lambda line: m.DecisionFailed(verb, slug, line), group=f"{verb} {slug}")

    def _decide(self, verb: str, id: str, deed: Callable[[], Outcome]) -> None:
        work(
            self.app,
            lambda: m.DecisionEnded(verb, deed()),
            lambda line: m.DecisionFailed(verb, id, line),
            group=f"decide {id}",
        )
