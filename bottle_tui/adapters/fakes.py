"""A runtime in memory for tests: its gate decides with the real table and matcher, its pipelock acks by hash.

What goes wrong is scripted: a sidecar can be silent, reject, or be unreachable, and any call can be the last one made.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bottle_tui.core import mirror
from bottle_tui.core.views import SidecarState
from bottle_tui.errors import EngineUnavailable, InvalidFile, SidecarUnreachable
from bottle_tui.ports import SIDECARS, BottleHome, Home, Launch, Progress, Ran, Recorded, Role
from sidecar_addon import proposals
from sidecar_addon.matching import Conditions, Request, decide
from sidecar_addon.table import SLOT, Table, TableError, digest_of, grant_as_data, iso, parse, route_as_data

ROUTES = "/etc/egress/routes.yaml"
CONFIG = "/etc/pipelock/pipelock.yaml"
QUEUE = "/var/lib/supervise"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
_ROOTS: dict[Role, tuple[str, ...]] = {
    "egress": ("/etc/egress/",),
    "pipelock": ("/etc/pipelock/",),
    "supervise": (QUEUE + "/",),
    "agent": ("/",),
}


class FakeClock:
    """A clock that moves when it is told to, or when somebody waits on a fake."""

    def __init__(self, now: datetime = START) -> None:
        self._start = now
        self._passed = 0.0

    def now(self) -> datetime:
        """UTC."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds


class Died(BaseException):
    """The process ended here, as far as the test is concerned. No handler of ours may catch it."""


@dataclass
class Tripwire:
    """Counts every call on the outside world; at number `at` the caller dies, before the call or after it."""

    at: int | None = None
    after: bool = False
    calls: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One call."""
        self.calls.append(name)
        deadly = self.at == len(self.calls)
        if deadly and not self.after:
            raise Died(name)
        yield
        if deadly:
            raise Died(name)


class FakeLines:
    """`ports.EventLines` out of memory."""

    def __init__(self, sidecar: "FakeSidecar", backlog: list[str]) -> None:
        self._sidecar = sidecar
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._ended = False
        for line in backlog:
            self._lines.put(line)

    def next(self, timeout: float) -> str | None:
        """The next line; without one the fake clock moves on by `timeout`."""
        if self._ended:
            raise SidecarUnreachable(f"the output of {self._sidecar.role} has ended")
        try:
            line = self._lines.get(timeout=timeout * self._sidecar.runtime.patience or 0.0001)
        except queue.Empty:
            self._sidecar.runtime.waited(timeout)
            return None
        if line is None:
            self._ended = True
            raise SidecarUnreachable(f"the output of {self._sidecar.role} has ended")
        return line

    def feed(self, line: str | None) -> None:
        """One more line; None is the end."""
        self._lines.put(line)

    def close(self) -> None:
        """Ends the stream."""
        self._sidecar.listeners.discard(self)
        self._lines.put(None)


class FakeSidecar:
    """`ports.Sidecar` in memory. Subclasses say what a signal and a restart do."""

    role: Role

    def __init__(self, runtime: "FakeRuntime", role: Role) -> None:
        self.runtime = runtime
        self.role = role
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[datetime, str]] = []
        self.listeners: set[FakeLines] = set()
        self.running = True
        self.silent = False
        """Signals are taken, nothing is done and nothing said."""
        self.mute = False
        """Signals are obeyed, nothing is said."""
        self.rejects: str | None = None
        """Refuse whatever comes next, with these words."""
        self.unreachable = False

    def put(self, path: str, data: bytes, mode: int = 0o444) -> None:
        """Keep a file."""
        with self._call("put " + path):
            if not path.startswith(_ROOTS[self.role]):
                raise SidecarUnreachable(f"{path} is not on a volume of {self.role}")
            self.files[path] = data

    def read(self, path: str) -> bytes | None:
        """A file kept before."""
        with self._call("read " + path):
            return self.files.get(path)

    def read_folder(self, path: str) -> dict[str, bytes]:
        """Files directly in a folder."""
        prefix = path.rstrip("/") + "/"
        with self._call("read_folder " + path):
            names = {name.removeprefix(prefix): data for name, data in self.files.items() if name.startswith(prefix)}
            return {name: data for name, data in names.items() if "/" not in name}

    def signal(self) -> None:
        """SIGHUP."""
        with self._call("signal"):
            if not self.running:
                raise SidecarUnreachable(f"{self.role} is not running")
            if not self.silent:
                self.reload()

    def follow(self, since: datetime | None = None, tail: int | None = None) -> FakeLines:
        """Its output so far, cut as asked, and what comes."""
        with self._call("follow"):
            known = [line for moment, line in self.log if since is None or moment >= since]
            backlog = known if tail is None else known[len(known) - min(tail, len(known)) :]
            lines = FakeLines(self, backlog)
            self.listeners.add(lines)
            return lines

    def run(self, argv: list[str], stdin: bytes = b"", timeout: float = 15.0) -> Ran:
        """A command of `python -m sidecar_addon`; others are not found."""
        with self._call("run " + " ".join(argv[:4])):
            if not self.running:
                raise SidecarUnreachable(f"{self.role} is not running")
            if argv[1:3] == ["-m", "sidecar_addon"] and argv[0].rpartition("/")[2].startswith("python"):
                return self.command(argv[3:], stdin)
            return Ran(127, b"", b"not found")

    def restart(self) -> None:
        """Stop and start."""
        with self._call("restart"):
            self.stop()
            self.running = True
            if not self.silent:
                self.started()

    def state(self) -> SidecarState:
        """up, down or unknown."""
        if self.unreachable:
            return "unknown"
        return "up" if self.running else "down"

    def stop(self) -> None:
        """The process ends, and so does every stream of its output."""
        self.running = False
        for lines in list(self.listeners):
            lines.feed(None)
        self.listeners.clear()

    def say(self, event: Mapping[str, Any] | str) -> None:
        """One line on its output."""
        if self.mute:
            return
        line = event if isinstance(event, str) else json.dumps(event)
        self.log.append((self.runtime.clock.now(), line))
        for lines in list(self.listeners):
            lines.feed(line)

    def reload(self) -> None:
        """What a signal does."""

    def started(self) -> None:
        """What a start does."""

    def command(self, words: list[str], stdin: bytes) -> Ran:
        """What `python -m sidecar_addon …` does inside."""
        return Ran(2, b"", b"no such command here")

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        with self.runtime.wire.step(f"{self.role}: {name}"):
            if self.unreachable:
                raise SidecarUnreachable(f"{self.role} does not answer; is its container running?")
            yield


class FakeGate(FakeSidecar):
    """The egress sidecar: the real table, the real matcher, the contract's control verbs."""

    def __init__(self, runtime: "FakeRuntime") -> None:
        super().__init__(runtime, "egress")
        self.table: Table | None = None
        self.error: str | None = None
        self.generation = 0
        self.slots: dict[str, tuple[str, str]] = {}
        """slot → (fingerprint, value)."""
        self.in_flight: dict[str, int] = {}
        self.uses: dict[str, int] = {}
        self.lies: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None
        """Changes the answers of `decide`: a gate that does not do what it said."""

    def started(self) -> None:
        self.table = None
        self.reload()
        self.say({"event": "gate_ready", "digest": self.table and self.table.digest, "generation": self.generation})

    def reload(self) -> None:
        data = self.files.get(ROUTES, b"")
        try:
            table = parse(data)
            self._check(table)
        except TableError as error:
            self.error = str(error)
            apply = _apply_of(data)
            self.say({"event": "routes_rejected", "apply": apply, "digest": digest_of(data), "error": str(error)})
            return
        cut = self._cut(table)
        if self.table is None or self.table.digest != table.digest:
            self.generation += 1
        self.table, self.error = table, None
        self.say(
            {
                "event": "routes_loaded",
                "apply": table.apply,
                "digest": table.digest,
                "generation": self.generation,
                "routes": len(table.routes),
                "cut": cut,
                "in_flight": sum(self.in_flight.values()),
            }
        )

    def command(self, words: list[str], stdin: bytes) -> Ran:
        if words[:1] == ["put-token"] and len(words) == 2:
            return self._put_token(words[1], stdin)
        if words[:1] == ["control"] and len(words) == 2:
            return _printed(self._control(json.loads(words[1])))
        return super().command(words, stdin)

    def _check(self, table: Table) -> None:
        if self.rejects is not None:
            raise TableError(self.rejects)
        live = self.table
        if live is not None and table.base is not None and table.digest != live.digest and table.base != live.digest:
            raise TableError(f"base {table.base} is not what is loaded ({live.digest})")

    def _cut(self, table: Table) -> int:
        """Streams whose grant is gone; a fake stream stands for its host."""
        cut = 0
        for host in list(self.in_flight):
            route = table.route_for(host)
            if table.quarantined or route is None or not route.grants:
                cut += self.in_flight.pop(host)
        return cut

    def _put_token(self, slot: str, stdin: bytes) -> Ran:
        value = json.loads(stdin)
        if not SLOT.match(slot) or not value.get("value"):
            return Ran(1, b"", b"the slot must be named like EGRESS_TOKEN_0")
        self.slots[slot] = (value["fingerprint"], value["value"])
        self.say({"event": "token_loaded", "slot": slot, "fingerprint": value["fingerprint"]})
        return _printed({"slot": slot, "fingerprint": value["fingerprint"]})

    def _control(self, wish: dict[str, Any]) -> dict[str, Any]:
        verb = wish.get("verb")
        if verb == "status":
            return self._status()
        if verb == "decide":
            answers = [self._answer(request) for request in wish["requests"]]
            digest = self.table.digest if self.table else None
            shown = self.lies(answers) if self.lies else answers
            return {"digest": digest, "generation": self.generation, "answers": shown}
        if verb == "in_flight":
            return {"streams": sum(self.in_flight.get(host, 0) for host in wish["hosts"])}
        return {} if verb == "scan_stats" else {"error": f"unknown verb {verb!r}"}

    def _status(self) -> dict[str, Any]:
        table = self.table or Table()
        return {
            "digest": self.table.digest if self.table else None,
            "generation": self.generation,
            "apply": table.apply,
            "quarantined": table.quarantined,
            "hold_until": iso(table.hold_until),
            "time": iso(self.runtime.clock.now()),
            "slots": {slot: kept[0] for slot, kept in self.slots.items()},
            "in_flight": dict(self.in_flight),
            "uses": dict(self.uses),
            "routes_error": self.error,
        }

    def _answer(self, wish: dict[str, Any]) -> dict[str, Any]:
        url = urlsplit(wish["url"])
        scheme = url.scheme
        port = url.port or (443 if scheme == "https" else 80)
        request = Request(wish["method"], scheme, url.hostname or "", port, url.path or "/")
        conditions = Conditions(
            now=self.runtime.clock.now(),
            uses_left=lambda grant: (grant.uses or 0) - self.uses.get(grant.id, 0),
            tokens_ready=lambda route: self._ready(route.token_env, route.token_fingerprint),
        )
        decision = decide(self.table or Table(), request, conditions)
        route, grant = decision.route, decision.grant
        return {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "route": route_as_data(route) if route else None,
            "grant": grant_as_data(grant) if grant else None,
            "scan": route.pipelock if route else None,
            "token_ready": route is None or not route.has_auth or self._ready(route.token_env, route.token_fingerprint),
        }

    def _ready(self, slot: str | None, fingerprint: str | None) -> bool:
        kept = self.slots.get(slot or "")
        return kept is not None and fingerprint in (None, kept[0])


class FakePipelock(FakeSidecar):
    """Pipelock: acks a reload by the file's hash, and takes less scanning only at a restart."""

    def __init__(self, runtime: "FakeRuntime") -> None:
        super().__init__(runtime, "pipelock")
        self.config: bytes | None = None

    @property
    def live(self) -> mirror.Mirrored:
        """What it enforces."""
        return mirror.read(self.config) if self.config is not None else mirror.Mirrored()

    def started(self) -> None:
        data = self.files.get(CONFIG, b"")
        if self._refused(data, starting=True):
            self.running = False
            return
        self.config = data
        self.say({"level": "info", "component": "pipelock", "event": "startup", "config_hash": _hash(data)})

    def reload(self) -> None:
        data = self.files.get(CONFIG, b"")
        if self._refused(data, starting=False):
            return
        self.config = data
        self.say(
            {
                "level": "info",
                "component": "pipelock",
                "event": "config_reload",
                "status": "success",
                "config_hash": _hash(data),
            }
        )

    def _refused(self, data: bytes, *, starting: bool) -> bool:
        try:
            wanted = mirror.read(data)
        except InvalidFile as error:
            self.say(f"pipelock: config reload failed: {error}")
            return True
        weaker = set(wanted.passthrough) - set(self.live.passthrough)
        if self.rejects is None and (starting or not weaker):
            return False
        why = self.rejects or "rejected: security downgrade from strict mode"
        self.say({"level": "error", "event": "error", "method": "CONFIG_RELOAD", "resource": CONFIG, "error": why})
        return True


class FakeSupervise(FakeSidecar):
    """The queue's sidecar: takes decisions, and lets a test file proposals as an agent would."""

    def __init__(self, runtime: "FakeRuntime") -> None:
        super().__init__(runtime, "supervise")
        self.loaded: dict[str, bytes] = {}
        self._filed = 0

    def file(self, tool: str, **args: Any) -> str:
        """A proposal of the agent; its id."""
        self._filed += 1
        now = self.runtime.clock.now()
        identity = proposals.new_id(int(now.timestamp() * 1000), self._filed.to_bytes(10))
        args = {"justification": "needed for the task", **args}
        data = proposals.render(proposals.Proposal(identity, tool, "agent", now, args))
        self.files[f"{QUEUE}/proposals/{identity}.json"] = data
        self.say({"event": "proposal_filed", "id": identity, "digest": digest_of(data)})
        return identity

    def decision(self, identity: str) -> proposals.Decision | None:
        """What the agent would be answered."""
        data = self.loaded.get(f"{identity}.json")
        return proposals.parse_decision(data) if data is not None else None

    def reload(self) -> None:
        prefix = f"{QUEUE}/decisions/"
        for path, data in self.files.items():
            name = path.removeprefix(prefix)
            if path.startswith(prefix) and self.loaded.get(name) != data:
                self.loaded[name] = data
                self.say(_loaded(name, data))


def _loaded(name: str, data: bytes) -> dict[str, Any]:
    if name == "state.json":
        return {"event": "state_loaded", "digest": digest_of(data)}
    try:
        decision = proposals.parse_decision(data)
    except proposals.ProposalError as error:
        return {"event": "file_rejected", "name": f"decisions/{name}", "error": str(error)}
    return {"event": "decision_loaded", "id": decision.id, "digest": digest_of(data), "status": decision.status}


class FakeRuntime:
    """`ports.Runtime` in memory; one set of sidecars for each bottle launched."""

    name = "fake"

    def __init__(self, clock: FakeClock | None = None, *, patience: float = 0.0, wire: Tripwire | None = None) -> None:
        self.clock = clock or FakeClock()
        self.patience = patience
        """Real seconds to wait for each second of a time-out: 0 for services' tests, 1 for a dashboard's."""
        self.wire = wire or Tripwire()
        self.bottles: dict[str, dict[Role, FakeSidecar]] = {}
        self.isolated: set[str] = set()
        self.down = False
        self._lock = threading.Lock()

    def waited(self, seconds: float) -> None:
        """Somebody waited in vain."""
        if self.patience == 0:
            self.clock.advance(seconds)

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

    def found(self) -> dict[str, str]:
        """slug → running or stopped."""
        return {
            slug: "running" if any(sidecar.running for sidecar in sidecars.values()) else "stopped"
            for slug, sidecars in self.bottles.items()
        }

    def sidecar(self, recorded: Recorded, role: Role) -> FakeSidecar:
        """The recorded sidecar."""
        return self.bottles[recorded.slug][role]

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
        self.isolated.discard(slug)
        return []

    def isolate(self, recorded: Recorded) -> None:
        """Cut egress off."""
        with self.wire.step("isolate"):
            self.check()
            self.isolated.add(recorded.slug)

    def rejoin(self, recorded: Recorded) -> None:
        """Undo that."""
        with self.wire.step("rejoin"):
            self.check()
            self.isolated.discard(recorded.slug)

    def attach(self, recorded: Recorded, argv: list[str] | None = None) -> int:
        """There is nobody to talk to."""
        return 0


@dataclass
class TrippedBottleHome:
    """A bottle's folder on which every write is counted by a tripwire."""

    inner: BottleHome
    wire: Tripwire

    @property
    def slug(self) -> str:
        """As the folder's."""
        return self.inner.slug

    @property
    def path(self) -> Path:
        """As the folder's."""
        return self.inner.path

    def exists(self) -> bool:
        """As the folder's."""
        return self.inner.exists()

    def read(self, name: str) -> bytes | None:
        """As the folder's."""
        return self.inner.read(name)

    def write(self, name: str, data: bytes, mode: int = 0o600) -> None:
        """Counted."""
        with self.wire.step("home: write " + name):
            self.inner.write(name, data, mode)

    def append(self, name: str, line: bytes) -> None:
        """Counted."""
        with self.wire.step("home: append " + name):
            self.inner.append(name, line)

    def delete(self, name: str) -> None:
        """Counted."""
        with self.wire.step("home: delete " + name):
            self.inner.delete(name)

    def names(self, folder: str) -> list[str]:
        """As the folder's."""
        return self.inner.names(folder)

    def lock(self, timeout: float = 30.0) -> AbstractContextManager[None]:
        """As the folder's."""
        return self.inner.lock(timeout)


@dataclass
class TrippedHome:
    """A home whose bottles' writes are counted."""

    inner: Home
    wire: Tripwire

    @property
    def root(self) -> Path:
        """As the home's."""
        return self.inner.root

    def slugs(self) -> list[str]:
        """As the home's."""
        return self.inner.slugs()

    def bottle(self, slug: str) -> TrippedBottleHome:
        """Counted."""
        return TrippedBottleHome(self.inner.bottle(slug), self.wire)


def _apply_of(data: bytes) -> str | None:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value.get("apply") if isinstance(value, dict) else None


def _hash(data: bytes) -> str:
    return mirror.config_hash(data)


def _printed(value: dict[str, Any]) -> Ran:
    return Ran(0, json.dumps(value).encode() + b"\n", b"")
