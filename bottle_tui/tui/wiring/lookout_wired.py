"""The lookout's callables, bound to the real services of one world."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bottle_tui.core.evidence import DeniedGroup, Window
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import absence, denied, evidence, muting, outdated, stamp, timers
from bottle_tui.services.decisions import Decisions
from bottle_tui.services.rounds import Rounds
from bottle_tui.tui.wiring.lookout import Lookout

PATIENCE = 1.0
"""Seconds until the list is made without the news of a slow bottle; they are in the next."""

type Notifier = Callable[[Sequence[str], Mapping[str, Any]], object]


@dataclass
class Denials:
    """Remembers each gate's last events, so that a list is made anew without asking every gate again."""

    world: World
    _windows: dict[str, Window] = field(default_factory=dict)
    _rounds: Rounds[Window] = field(default_factory=Rounds)

    def groups(self, slugs: Iterable[str] | None) -> list[DeniedGroup]:
        """Read those anew, and the ones that were never read; None: all."""
        names = self.world.home.slugs()
        wanted = set(names) if slugs is None else set(slugs) | (set(names) - set(self._windows))
        self._windows |= self._rounds.ask(
            {name: partial(self._read, name) for name in names if name in wanted}, PATIENCE
        )
        for name in set(self._windows) - set(names):
            del self._windows[name]
        windows = {name: self._windows.get(name) or Window() for name in names}
        return denied.groups(self.world, windows=windows)

    def _read(self, name: str) -> Window:
        try:
            return evidence.window(self.world, name)
        except BottleError:
            return Window()  # its own row says why


def lookout(world: World, notify: Notifier | None = None, news: Callable[[], int] = int) -> Lookout:
    """All of them. `news` counts what was heard from bottles outside of a list."""

    def settle() -> list[str]:
        done = [f"{name}: no longer muted" for name in muting.settle(world)]
        return done + [f"…{id[-6:]}: nobody answered within a day" for id in outdated.settle(world)]

    return Lookout(
        denied=Denials(world).groups,
        endings=lambda: timers.endings(world),
        propose=lambda slug, host, method: denied.propose(world, slug, host, method),
        withdraw=lambda id: denied.withdraw(world, id),
        mute=lambda name, until: muting.mute(world, name, until),
        absence=lambda left: absence.since(world, left),
        settle=settle,
        notify=notify or (lambda argv, payload: None),
        stamp=lambda: (news(), *stamp.stamp(world)),
        muted=lambda: muting.muted(world),
        decisions=Decisions(world).latest,
    )
