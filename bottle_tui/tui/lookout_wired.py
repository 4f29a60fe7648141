"""The lookout's callables, bound to the real services of one world."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bottle_tui.core.evidence import DeniedGroup, Window
from bottle_tui.errors import NotFound
from bottle_tui.ports import World
from bottle_tui.services import denied, evidence, timers
from bottle_tui.tui.lookout import Lookout


@dataclass
class Denials:
    """Remembers each gate's last events, so that a list is made anew without asking every gate again."""

    world: World
    slug: str | None = None
    _windows: dict[str, Window] = field(default_factory=dict)

    def groups(self, slugs: Iterable[str] | None) -> list[DeniedGroup]:
        """Read those anew, and the ones that were never read; None: all."""
        names = [self.slug] if self.slug else self.world.home.slugs()
        wanted = set(names) if slugs is None else set(slugs) | (set(names) - set(self._windows))
        for name in names:
            if name in wanted:
                self._windows[name] = self._read(name)
        for name in set(self._windows) - set(names):
            del self._windows[name]
        return denied.groups(self.world, self.slug, windows=self._windows)

    def _read(self, name: str) -> Window:
        try:
            return evidence.window(self.world, name)
        except NotFound:
            return Window()


def lookout(world: World, slug: str | None = None) -> Lookout:
    """All of them."""
    return Lookout(
        denied=Denials(world, slug).groups,
        endings=lambda: timers.endings(world, slug),
        propose=lambda slug, host, method: denied.propose(world, slug, host, method),
        withdraw=lambda id: denied.withdraw(world, id),
    )
