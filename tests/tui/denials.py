"""What was denied and nobody asked for, in memory: realistic values for tests and pictures. No real hosts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bottle_tui.core.absence import Absence
from bottle_tui.core.decided import Decided
from bottle_tui.core.evidence import DeniedGroup, Fit
from bottle_tui.core.timers import Ending
from bottle_tui.core.views import Card
from bottle_tui.tui.wiring.lookout import Lookout

NOON = datetime(2026, 3, 4, 12, 41, 7, tzinfo=UTC)
FILED = "01JB2QAF7R0D8W3NDEN1EDF1LE"


def groups() -> list[DeniedGroup]:
    """Three that one may want, and an agent's own knocking."""
    ago = lambda seconds: NOON - timedelta(seconds=seconds)  # noqa: E731
    return [
        DeniedGroup(
            "lab", "files.example.net", "GET", 9, ago(700), ago(12), "host_not_allowed",
            (("/wheels/numpy/", 6), ("/wheels/scipy/", 3)), Fit(("/wheels/",), ("GET",), (443,)),
        ),
        DeniedGroup(
            "docs", "fonts.example.org", "GET", 2, ago(300), ago(41), "host_not_allowed",
            (("/css", 2),), Fit(("/css",), ("GET",), (443,)),
        ),
        DeniedGroup(
            "research", "collect.example.com", "POST", 1, ago(66), ago(66), "secret_in_request",
            (("/v1/event", 1),), None,
            problem="it carried a secret; credentials belong to the gate (`auth`)",
        ),
        DeniedGroup(
            "docs", "", "", 41, ago(9000), ago(5), "host_not_allowed", background=True,
            problem="the agent program's own knocking; it works without",
        ),
    ]  # fmt: skip


def endings() -> list[Ending]:
    """Two that run out."""
    return [
        Ending("lab", "www.example.org", "GET", NOON + timedelta(seconds=48)),
        Ending("docs", "api.example.com", "GET POST", NOON + timedelta(minutes=52)),
        Ending("docs", "pay.example.net", "POST", uses=1),
    ]


def decisions() -> list[Decided]:
    """What two operators decided, today and before."""
    ago = lambda minutes: NOON - timedelta(minutes=minutes)  # noqa: E731
    return [
        Decided("docs", ago(9), "mira", "routes", "routes add wiki.example.org", True, True, 0),
        Decided("research", ago(31), "mira", "approved", "api.example.com", True, True, 6),
        Decided("docs", ago(40), "kim", "approve", "files.example.net", False),
        Decided("lab", ago(90), "mira", "rejected", "pypi.example.org", True),
        Decided("docs", ago(1500), "kim", "approved", "pay.example.net", True, True, 412),
        Decided("lab", ago(1600), "kim", "quarantined", "", True),
    ]


@dataclass
class DenialDesk:
    """In-memory services of the lookout: what was called, and what they answer."""

    calls: list[tuple[str, ...]]
    waiting: list[Card]
    groups: list[DeniedGroup] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    filed: Card | None = None
    """What `propose` puts into the inbox."""
    asked: list[frozenset[str] | None] = field(default_factory=list)
    muted: dict[str, datetime] = field(default_factory=dict)
    called: list[dict[str, Any]] = field(default_factory=list)
    absence: Absence = field(default_factory=lambda: Absence(NOON))
    count: Callable[[datetime], Absence] | None = None
    """What happened since a moment, where it is not always `absence`."""
    failing: Exception | None = None
    """What `notify.command` ends with."""

    def lookout(self) -> Lookout:
        """As the dashboard takes it."""
        return Lookout(
            self.denied, lambda: list(self.endings), self.propose, self.withdraw, self.mute, self.since,
            notify=self.notify, muted=lambda: dict(self.muted), decisions=lambda: list(self.decisions),
        )  # fmt: skip

    def since(self, left: datetime) -> Absence:
        return self.count(left) if self.count else self.absence

    def mute(self, slug: str, until: datetime | None) -> str:
        self.calls.append(("mute", slug, str(until)))
        if until:
            self.muted[slug] = until
        else:
            self.muted.pop(slug, None)
        return f"{slug}: {'muted' if until else 'calls again'}"

    def notify(self, argv: Sequence[str], payload: Mapping[str, Any]) -> None:
        self.called.append({"argv": list(argv), **payload})
        if self.failing:
            raise self.failing

    def denied(self, slugs: Iterable[str] | None) -> list[DeniedGroup]:
        self.asked.append(None if slugs is None else frozenset(slugs))
        return list(self.groups)

    def propose(self, slug: str, host: str, method: str) -> str:
        self.calls.append(("propose", slug, host, method))
        assert self.filed is not None
        self.waiting.append(self.filed)
        return self.filed.id

    def withdraw(self, id: str) -> None:
        self.calls.append(("withdraw", id))
        self.waiting[:] = [card for card in self.waiting if card.id != id]
