"""A bottle in memory, with a home on disk, as `up` leaves it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bottle_tui.adapters.fakes import (
    CONFIG,
    ROUTES,
    FakeClock,
    FakeGate,
    FakePipelock,
    FakeRuntime,
    FakeSupervise,
    TrippedHome,
    Tripwire,
)
from bottle_tui.adapters.home import DiskHome
from bottle_tui.core import mirror, slots
from bottle_tui.core.plan import AgentPlan, Limits, PipelockPlan, Plan, SupervisePlan
from bottle_tui.core.slots import Slots
from bottle_tui.ports import BottleHome, Launch, World
from bottle_tui.services import lookup, queue, review, telling
from sidecar_addon import proposals
from sidecar_addon.table import Grant, Route, Table, fingerprint

TOKEN = "value-of-the-example-token"
ROUTE = Route("api.example.com", (Grant("m1", path_allowlist=("/v1/",), methods=("GET",)),))


@dataclass
class Bottle:
    """Everything a test reaches for."""

    world: World
    runtime: FakeRuntime
    clock: FakeClock
    home: BottleHome
    wire: Tripwire
    slug: str = "box"
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def gate(self) -> FakeGate:
        return self.runtime.gate(self.slug)

    @property
    def pipelock(self) -> FakePipelock:
        return self.runtime.pipelock(self.slug)

    @property
    def supervise(self) -> FakeSupervise:
        return self.runtime.supervise(self.slug)

    def ask(self, host: str = "files.example.net", **args: object) -> str:
        """An egress-block of the agent, copied to the host; its id."""
        identity = self.supervise.file("egress-block", host=host, **args)
        review.cards(self.world, self.slug)
        return identity

    def digest(self, identity: str, **options: object) -> str:
        card = review.card(self.world, identity, **options)  # type: ignore[arg-type]
        assert card.change is not None, card.problem
        return card.change.digest

    def decided(self, identity: str) -> proposals.Decision | None:
        entry = queue.entry(self.home, identity, "one")
        assert entry is not None
        return entry.decision

    def grants(self) -> list[str]:
        """Ids of the grants that the gate has in force."""
        assert self.gate.table is not None
        return [grant.id for _, grant in self.gate.table.grants()]

    def hosts(self) -> tuple[str, ...]:
        """What pipelock lets through."""
        return self.pipelock.live.hosts


def plan_of(slug: str) -> Plan:
    agent = AgentPlan("img", None, ("sh",), None, (), {}, {}, "none", None, Limits(1 << 30, 64))
    pipelock = PipelockPlan(None, None, (), (), 8)
    return Plan(slug, "/b.yaml", "sha256:0", agent, (), (), pipelock, SupervisePlan(45, ()))


type Make = Callable[..., Bottle]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Builds a running bottle with these routes."""

    def build(*routes: Route, refs: dict[str, str] | None = None, home_root: Path | None = None) -> Bottle:
        routes = routes or (ROUTE,)
        clock, wire, slug = FakeClock(), Tripwire(), "box"
        runtime = FakeRuntime(clock, wire=wire)
        disk = DiskHome(home_root or tmp_path / "home")
        environ = {"EXAMPLE_TOKEN": TOKEN}
        world = World(TrippedHome(disk, wire), {"fake": runtime}, clock, environ, "op")
        held = Slots(refs or {}, len(refs or {}))
        table = Table(routes, apply="01J00000000000000000000000")
        plan = plan_of(slug)
        config = mirror.render_config(routes, mirror.Extra(), plan.pipelock, table.apply or "")
        state = proposals.State(grantable_tokens={"EXAMPLE_TOKEN": ("files.example.net",)})
        launch = Launch(
            plan=plan,
            incarnation="one",
            files={
                "egress": {ROUTES: table.data},
                "pipelock": {CONFIG: config},
                "supervise": {f"{telling.DECISIONS}/state.json": proposals.render(state)},
            },
            private_files={},
            tokens={slot: (TOKEN, fingerprint(ref)) for slot, ref in held.refs.items()},
            agent_env={},
            home=disk.bottle(slug).path,
        )
        lookup.save(replace(world, home=disk), runtime.launch(launch, lambda line: None))
        home = disk.bottle(slug)
        home.write("table.yaml", table.data)
        home.write("pipelock.yaml", config)
        home.write("state.json", proposals.render(state))
        home.write(slots.FILE, slots.render(held))
        wire.calls.clear()
        return Bottle(world, runtime, clock, home, wire, environ=environ)

    return build


@pytest.fixture
def bottle(make: Make) -> Bottle:
    """A bottle with one route: GET /v1/ on api.example.com."""
    return make()
