"""One bottle as a service works on it: its record, its folder, its sidecars, and what its files say is in force."""

import secrets
from dataclasses import dataclass

from bottle_tui.core import mirror, slots
from bottle_tui.core.changes import State
from bottle_tui.core.mirror import Mirrored
from bottle_tui.errors import Conflict, InvalidFile
from bottle_tui.ports import SIDECARS, BottleHome, Clock, Recorded, Role, Runtime, Sidecar, World
from bottle_tui.services import lookup
from sidecar_addon import proposals
from sidecar_addon.table import Table, TableError
from sidecar_addon.table_parser import parse

TABLE_FILE = "table.yaml"
CONFIG_FILE = "pipelock.yaml"
QUARANTINE_FILE = "quarantined"
RELEASE_FILE = "releasing"
"""There from before a release's first step until after its last, the network."""


@dataclass(frozen=True)
class Session:
    """A recorded bottle and the world it lives in."""

    world: World
    recorded: Recorded
    runtime: Runtime
    home: BottleHome

    @property
    def slug(self) -> str:
        """The bottle's name."""
        return self.recorded.slug

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock

    @property
    def default_scan(self) -> str:
        """What a new route gets: `not_scanned` where the hop stands in for pipelock."""
        hop = self.recorded.runtime == "local" or self.recorded.details.get("pipelock") == "hop"
        return "not_scanned" if hop else "scanned"

    def sidecar(self, role: Role) -> Sidecar:
        """One of its sidecars."""
        return self.runtime.sidecar(self.recorded, role)

    def fresh_id(self) -> str:
        """A new ULID, for an apply."""
        return fresh_id(self.world)

    def is_stopped(self) -> bool:
        """Whether the engine says that no sidecar runs."""
        states = self.runtime.states(self.recorded)
        return all(states.get(role) == "down" for role in SIDECARS)

    @property
    def quarantined(self) -> bool:
        """Whether the operator has cut this bottle off; looked up anew each time."""
        return self.home.read(QUARANTINE_FILE) is not None


@dataclass(frozen=True)
class Live:
    """What the bottle's folder says was last confirmed in force."""

    table: Table
    config: bytes
    state: State

    @property
    def mirrored(self) -> Mirrored:
        """Pipelock's two lists."""
        return mirror.read(self.config)


def fresh_id(world: World) -> str:
    """A new ULID by this world's clock, for an apply, or an operation and the grant that it adds."""
    return proposals.new_id(int(world.clock.now().timestamp() * 1000), secrets.token_bytes(10))


def opened(world: World, slug: str) -> Session:
    """A session on a recorded bottle. Raises NotFound."""
    recorded = lookup.recorded(world, slug)
    return Session(world, recorded, lookup.runtime_of(world, recorded), world.home.bottle(slug))


def live(home: BottleHome) -> Live:
    """Read what was last confirmed. Raises Conflict when nothing was, InvalidFile when it is damaged."""
    data, config = home.read(TABLE_FILE), home.read(CONFIG_FILE)
    if data is None or config is None:
        raise Conflict(f"{home.slug} has not started yet; `bottle-tui up` does it")
    try:
        table = parse(data)
    except TableError as error:
        raise InvalidFile(f"is damaged ({error}); `down` and `up` start clean", file=TABLE_FILE) from None
    extra = mirror.parse_extra(home.read(mirror.EXTRA_FILE))
    return Live(table, config, State(table.routes, extra, slots.parse(home.read(slots.FILE))))
