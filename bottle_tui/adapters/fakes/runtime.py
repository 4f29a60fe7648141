"""A runtime in memory: one set of sidecars for each bottle."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from bottle_tui.adapters.fakes.clock import FakeClock
from bottle_tui.adapters.fakes.gate import FakeGate
from bottle_tui.adapters.fakes.pipelock import FakePipelock
from bottle_tui.adapters.fakes.sidecar import FakeSidecar
from bottle_tui.adapters.fakes.supervise import FakeSupervise
from bottle_tui.adapters.fakes.tripwire import Tripwire
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import EngineUnavailable
from bottle_tui.ports import SIDECARS, Launch, Progress, Recorded, Role, Survey


class FakeRuntime:
    """`ports.Runtime` in memory; one set of sidecars for each bottle launched."""

    name = "fake"

    def __init__(self, clock: FakeClock | None = None, *, patience: float = 0.0, wire: Tripwire | None = None) -> None:
        self.clock = clock or FakeClock()
        self.patience = patience
        """Real seconds to wait for each second of a time-out: 0 for services' tests, 1 for the adapters' contract.

        Below 1 the fake clock makes up for what was not waited; a dashboard's threads each wait `alone`."""
        self.wire = wire or Tripwire()
        self.bottles: dict[str, dict[Role, FakeSidecar]] = {}
        self.cut_off: set[str] = set()
        self.down = False
        self._lock = threading.Lock()

    def waited(self, seconds: float) -> None:
        """Somebody waited in vain."""
        if self.patience < 1:
            self.clock.waited(seconds)

    def describe(self) -> str:
        """For the title."""
        return "fake: in memory"

    def check(self) -> None:
        """Raises EngineUnavailable when it is `down`."""
        if self.down:
            raise EngineUnavailable("the fake engine is down; set `down = False`")

    def launch(self, launch: Launch, progress: Progress) -> Recorded:
        """Make the sidecars, put their files, start them."""
        self.check()
        slug = launch.plan.slug
        progress(f"starting {slug}…")
        with self._lock:
            self.bottles[slug] = {
                "agent": FakeSidecar(self, "agent"),
                "egress": FakeGate(self),
                "pipelock": FakePipelock(self),
                "supervise": FakeSupervise(self),
            }
        recorded = Recorded(
            slug=slug,
            runtime=self.name,
            incarnation=launch.incarnation,
            created=self.clock.now(),
            containers={role: f"{slug}-{role}" for role in self.bottles[slug]},
            networks={},
            volumes={},
            proxy_url="http://egress:9099",
            mcp_url="http://supervise:9100/mcp",
            ca_file="/etc/bottle/ca.pem",
            details={},
        )
        self._begin(recorded, launch)
        return recorded

    def _begin(self, recorded: Recorded, launch: Launch) -> None:
        sidecars = self.bottles[recorded.slug]
        for role in ("pipelock", "egress", "supervise", "agent"):
            sidecar = sidecars[role]
            sidecar.files |= {**launch.files.get(role, {}), **launch.private_files.get(role, {})}
            sidecar.running = True
            sidecar.started()
        gate = sidecars["egress"]
        if isinstance(gate, FakeGate):
            gate.slots |= {slot: (kept[1], kept[0]) for slot, kept in launch.tokens.items()}

    def survey(self, records: Sequence[Recorded]) -> Survey:
        """All in one look."""
        self.check()
        found = {
            slug: "running" if any(sidecar.running for sidecar in sidecars.values()) else "stopped"
            for slug, sidecars in self.bottles.items()
        }
        return Survey({record.slug: self.states(record) for record in records}, found)

    def sidecar(self, recorded: Recorded, role: Role) -> FakeSidecar:
        """The recorded sidecar; of a removed bottle one that answers nothing."""
        if recorded.slug in self.bottles:
            return self.bottles[recorded.slug][role]
        gone = FakeSidecar(self, role)
        gone.running, gone.removed = False, True
        return gone

    def gate(self, slug: str) -> FakeGate:
        """For tests: the egress sidecar."""
        found = self.bottles[slug]["egress"]
        assert isinstance(found, FakeGate)
        return found

    def pipelock(self, slug: str) -> FakePipelock:
        """For tests."""
        found = self.bottles[slug]["pipelock"]
        assert isinstance(found, FakePipelock)
        return found

    def supervise(self, slug: str) -> FakeSupervise:
        """For tests."""
        found = self.bottles[slug]["supervise"]
        assert isinstance(found, FakeSupervise)
        return found

    def states(self, recorded: Recorded) -> dict[Role, SidecarState]:
        """Of all four."""
        known = self.bottles.get(recorded.slug)
        roles: tuple[Role, ...] = ("agent", *SIDECARS)
        return {role: known[role].state() if known else "down" for role in roles}

    def start(self, recorded: Recorded, launch: Launch, progress: Progress) -> Recorded:
        """Start what was stopped."""
        self.check()
        progress(f"starting {recorded.slug} again…")
        if recorded.slug not in self.bottles:
            return self.launch(launch, progress)
        self._begin(recorded, launch)
        return replace(recorded, incarnation=launch.incarnation)

    def stop(self, recorded: Recorded) -> None:
        """End every process; files stay, tokens do not."""
        for sidecar in self.bottles.get(recorded.slug, {}).values():
            sidecar.stop()
            if isinstance(sidecar, FakeGate):
                sidecar.slots.clear()

    def remove(self, slug: str, recorded: Recorded | None, *, purge: bool) -> list[str]:
        """Forget the bottle."""
        for sidecar in self.bottles.pop(slug, {}).values():
            sidecar.stop()
        self.cut_off.discard(slug)
        return []

    def isolate(self, recorded: Recorded) -> None:
        """Cut egress off."""
        with self.wire.step("isolate"):
            self.check()
            self.cut_off.add(recorded.slug)

    def isolated(self, recorded: Recorded) -> bool:
        """Whether it is cut off."""
        self.check()
        return recorded.slug in self.cut_off

    def rejoin(self, recorded: Recorded) -> None:
        """Undo that."""
        with self.wire.step("rejoin"):
            self.check()
            self.cut_off.discard(recorded.slug)

    def attach(self, recorded: Recorded, argv: list[str] | None = None) -> int:
        """There is nobody to talk to."""
        return 0
