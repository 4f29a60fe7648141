"""What services rely on in a runtime, checked against containers and against plain processes alike."""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.adapters.clock import SystemClock
from bottle_tui.adapters.fakes import FakeRuntime
from bottle_tui.adapters.home import DiskHome
from bottle_tui.core import mirror
from bottle_tui.errors import BottleError, OutputEnded, SidecarUnreachable
from bottle_tui.ports import SIDECARS, EventLines, Recorded, Role, Runtime, Sidecar, World
from bottle_tui.services import backlog, gate, lookup, rounds, start, status, stop, tokens
from sidecar_addon.table import Table
from sidecar_addon.table_parser import parse
from tests.e2e.parts import engine

SLUG = f"rt-contract-{os.getpid()}"
TOKEN = "value-of-the-example-token"
MANIFEST = f"""\
name: {SLUG}
agent: {{image: "debian:bookworm-slim", command: [sleep, "600"], provider: none}}
egress:
  routes:
    - host: api.example.com
      path_allowlist: [/v1/]
      auth: {{scheme: Bearer, token_ref: EXAMPLE_TOKEN}}
"""
ROUTES = "/etc/egress/routes.yaml"
CONFIG = "/etc/pipelock/pipelock.yaml"
DECISIONS = "/var/lib/supervise/decisions"


@dataclass
class Place:
    """A running bottle of one runtime."""

    world: World
    runtime: Runtime
    manifest: Path

    @property
    def recorded(self) -> Recorded:
        return lookup.recorded(self.world, SLUG)

    def sidecar(self, role: Role) -> Sidecar:
        return self.runtime.sidecar(self.recorded, role)

    def up(self) -> None:
        start.up(self.world, self.manifest, runtime=self.runtime.name)

    def next_table(self, apply: str) -> Table:
        """The live table under another apply."""
        data = self.sidecar("egress").read(ROUTES)
        assert data is not None
        live = parse(data)
        return live.with_routes(live.routes, apply=apply, base=live.digest)


def docker_runtime(environ: dict[str, str]) -> Runtime:
    from bottle_tui.adapters.docker.runtime import DockerRuntime

    runtime = DockerRuntime(environ)
    try:
        runtime.check()
    except BottleError as error:
        if os.environ.get("CI") == "true" or os.environ.get("BOTTLE_TUI_E2E") == "1":
            raise
        pytest.skip(f"needs a Docker engine: {error.message}")
    environ.update(engine.stand_in())
    return runtime


def local_runtime(home: DiskHome, environ: dict[str, str]) -> Runtime:
    from bottle_tui.adapters.local import LocalRuntime

    return LocalRuntime(home, environ)


@pytest.fixture(
    scope="module",
    # The first bottle on an engine builds the images.
    params=["fake", "local", pytest.param("docker", marks=[pytest.mark.e2e, pytest.mark.timeout(300)])],
)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp(request.param)
    home = DiskHome(folder / "home")
    environ = {**os.environ, "EXAMPLE_TOKEN": TOKEN}
    made: Runtime
    if request.param == "fake":
        made = FakeRuntime(patience=1)
    else:
        made = docker_runtime(environ) if request.param == "docker" else local_runtime(home, environ)
    world = World(home, {made.name: made}, SystemClock(), environ, "op", CertificateAuthorities())
    manifest = folder / "bottle.yaml"
    manifest.write_text(MANIFEST)
    found = Place(world, made, manifest)
    try:
        found.up()
        yield found
    finally:
        if world.home.bottle(SLUG).exists():
            assert stop.down(world, SLUG, purge=True) == []


def until(lines: EventLines, **wanted: object) -> dict[str, object]:
    """The first event line with these fields; fails after 30 s."""
    deadline = time.monotonic() + 30
    seen = []
    while (left := deadline - time.monotonic()) > 0:
        line = lines.next(left)
        if line is None:
            continue
        seen.append(line)
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and all(event.get(key) == value for key, value in wanted.items()):
            return event
    raise AssertionError(f"no line with {wanted}; seen: {seen}")


def rest(lines: EventLines) -> list[str]:
    """Every line up to the end; fails when there is none."""
    found = []
    try:
        while True:
            line = lines.next(5)
            assert line is not None, f"no end after {len(found)} lines"
            found.append(line)
    except OutputEnded:
        return found
    finally:
        lines.close()


def said(sidecar: Sidecar, event: str) -> int:
    """How often it has said that so far."""
    events = backlog.read(SystemClock(), sidecar, limit=5_000, seconds=5).events
    return sum(each.get("event") == event for each in events)


def test_a_launched_bottle_is_up_in_all_its_parts(place: Place) -> None:
    states = place.runtime.states(place.recorded)
    assert {role: states[role] for role in SIDECARS} == dict.fromkeys(SIDECARS, "up")
    assert place.runtime.survey([]).found[SLUG] == "running"
    assert status.bottle(place.world, SLUG).state == "running"


def test_one_look_tells_of_all_or_leaves_the_bottle_to_be_asked_for_itself(place: Place) -> None:
    survey = place.runtime.survey([place.recorded])
    assert survey.states.get(SLUG, place.runtime.states(place.recorded)) == place.runtime.states(place.recorded)


def test_the_gate_answers_question_after_question_and_after_a_restart(place: Place) -> None:
    egress = place.sidecar("egress")
    first = gate.status(egress)
    assert (gate.status(egress).digest, gate.decide(egress, [("GET", "https://no.example.net/")]).digest) == (
        first.digest,
        first.digest,
    )
    with pytest.raises(SidecarUnreachable, match=r"nonsense|verb must be one of"):
        gate._ask(egress, {"verb": "nonsense"})
    before = said(egress, "gate_ready")
    egress.restart()
    lines = egress.follow()
    for _ in range(before + 1):
        until(lines, event="gate_ready")
    lines.close()
    assert gate.status(egress).digest == first.digest
    tokens.deliver(place.world, SLUG)


def test_many_questions_at_the_same_time_are_all_answered(place: Place) -> None:
    egress = place.sidecar("egress")
    found = rounds.once({str(number): partial(gate.status, egress) for number in range(8)}, 30)
    assert len({each.digest for each in found.values()}) == 1
    assert len(found) == 8


def test_the_record_names_every_sidecar_and_how_the_agent_reaches_them(place: Place) -> None:
    recorded = place.recorded
    assert set(SIDECARS) <= set(recorded.containers)
    assert recorded.proxy_url.startswith("http://")
    assert recorded.mcp_url.startswith("http://")
    assert recorded.ca_file.startswith("/")


def test_what_is_put_is_read_back(place: Place) -> None:
    supervise = place.sidecar("supervise")
    supervise.put(f"{DECISIONS}/note.txt", b"\x00\xff whole")
    assert supervise.read(f"{DECISIONS}/note.txt") == b"\x00\xff whole"
    supervise.put(f"{DECISIONS}/note.txt", b"another")
    assert supervise.read(f"{DECISIONS}/note.txt") == b"another"


def test_a_file_that_is_not_there_reads_as_none_and_a_folder_as_empty(place: Place) -> None:
    supervise = place.sidecar("supervise")
    assert supervise.read(f"{DECISIONS}/absent.json") is None
    assert supervise.read_folder("/var/lib/supervise/absent") == {}


def test_a_folder_is_no_file(place: Place) -> None:
    assert place.sidecar("supervise").read(DECISIONS) is None


def test_a_folder_is_read_with_its_direct_files(place: Place) -> None:
    supervise = place.sidecar("supervise")
    supervise.put(f"{DECISIONS}/one.txt", b"1")
    found = supervise.read_folder(DECISIONS)
    assert found["one.txt"] == b"1"
    assert "state.json" in found


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/egress/../passwd", "/run/tokens/EGRESS_TOKEN_0.json"])
def test_nothing_is_put_outside_a_sidecars_volume(place: Place, path: str) -> None:
    with pytest.raises(SidecarUnreachable):
        place.sidecar("egress").put(path, b"x")


def test_a_table_and_a_signal_are_answered_by_the_event_that_names_its_apply(place: Place) -> None:
    egress = place.sidecar("egress")
    table = place.next_table("01CONTRACT0000000000000001")
    lines = egress.follow(tail=0)
    try:
        egress.put(ROUTES, table.data)
        egress.signal()
        event = until(lines, event="routes_loaded", apply=table.apply)
    finally:
        lines.close()
    assert event["digest"] == table.digest


def test_a_table_that_is_none_is_rejected_and_the_old_one_stays(place: Place) -> None:
    egress = place.sidecar("egress")
    good = egress.read(ROUTES)
    assert good is not None
    lines = egress.follow(tail=0)
    try:
        egress.put(ROUTES, b"routes: nonsense\n")
        egress.signal()
        until(lines, event="routes_rejected")
        egress.put(ROUTES, good)
        egress.signal()
        until(lines, event="routes_loaded", digest=parse(good).digest)
    finally:
        lines.close()


def test_pipelock_answers_a_reload_with_the_hash_of_its_file(place: Place) -> None:
    pipelock = place.sidecar("pipelock")
    before = pipelock.read(CONFIG)
    assert before is not None
    config = mirror.rewrite(before, mirror.Mirrored(("docs.example.com",)), "01CONTRACT0000000000000002")
    lines = pipelock.follow(tail=0)
    try:
        pipelock.put(CONFIG, config)
        pipelock.signal()
        until(lines, event="config_reload", status="success", config_hash=mirror.config_hash(config))
    finally:
        lines.close()


def test_a_restarted_sidecar_says_what_it_starts_with(place: Place) -> None:
    pipelock = place.sidecar("pipelock")
    config = pipelock.read(CONFIG)
    assert config is not None
    pipelock.restart()
    assert pipelock.state() == "up"
    lines = pipelock.follow(tail=50)
    try:
        until(lines, event="startup", config_hash=mirror.config_hash(config))
    finally:
        lines.close()


def test_the_running_gate_answers_questions(place: Place) -> None:
    ran = place.sidecar("egress").run(["python", "-m", "sidecar_addon", "control", '{"verb": "status"}'])
    assert ran.code == 0
    assert "EGRESS_TOKEN_0" in json.loads(ran.stdout)["slots"]


def test_a_command_reads_its_standard_input_to_the_end(place: Place) -> None:
    handed = json.dumps({"fingerprint": "0123456789abcdef", "value": "x" * 5000}).encode()
    egress = place.sidecar("egress")
    ran = egress.run(["python", "-m", "sidecar_addon", "put-token", "EGRESS_TOKEN_7"], stdin=handed)
    assert ran.code == 0, ran.stderr
    assert json.loads(ran.stdout)["slot"] == "EGRESS_TOKEN_7"


def test_a_command_that_fails_says_so_by_its_code(place: Place) -> None:
    ran = place.sidecar("egress").run(["python", "-m", "sidecar_addon", "control", '{"verb": "nonsense"}'])
    assert ran.code != 0 or "error" in json.loads(ran.stdout)


def test_only_the_last_lines_are_given_where_only_they_are_asked_for(place: Place) -> None:
    egress = place.sidecar("egress")
    egress.signal()
    lines = egress.follow(tail=1)
    try:
        first = lines.next(5)
    finally:
        lines.close()
    assert first is not None


def test_what_was_said_ends_with_the_newest_line_while_the_sidecar_runs_on(place: Place) -> None:
    egress = place.sidecar("egress")
    table = place.next_table("01CONTRACT0000000000000003")
    lines = egress.follow(tail=0)
    try:
        egress.put(ROUTES, table.data)
        egress.signal()
        until(lines, event="routes_loaded", apply=table.apply)
    finally:
        lines.close()
    said = rest(egress.said())
    assert [line for line in said if table.digest in line and "routes_loaded" in line]
    assert rest(egress.said(tail=1)) == said[-1:]


def test_a_closed_stream_ends_for_whoever_waits_on_it(place: Place) -> None:
    lines = place.sidecar("supervise").follow(tail=0)
    closer = threading.Timer(0.05, lines.close)
    closer.start()
    with pytest.raises(SidecarUnreachable):
        while True:
            lines.next(5)
    closer.join()


def test_isolating_may_be_asked_again_and_so_may_rejoining(place: Place) -> None:
    runtime = place.runtime
    for verb, cut in (
        (runtime.isolate, True),
        (runtime.isolate, True),
        (runtime.rejoin, False),
        (runtime.rejoin, False),
    ):
        verb(place.recorded)
        assert runtime.isolated(place.recorded) is cut
    assert place.sidecar("egress").state() == "up"


def test_a_stopped_bottle_is_down_says_so_and_starts_again_with_its_tokens(place: Place) -> None:
    stop.stop(place.world, SLUG)
    states = place.runtime.states(place.recorded)
    assert {role: states[role] for role in SIDECARS} == dict.fromkeys(SIDECARS, "down")
    assert place.runtime.survey([]).found.get(SLUG) == "stopped"
    with pytest.raises(SidecarUnreachable):
        place.sidecar("egress").signal()
    place.runtime.stop(place.recorded)
    place.up()
    assert status.bottle(place.world, SLUG).state == "running"


def test_a_removed_bottle_is_gone_and_removing_it_again_is_fine(place: Place) -> None:
    recorded = place.recorded
    assert place.runtime.remove(SLUG, recorded, purge=False) == []
    assert SLUG not in place.runtime.survey([]).found
    with pytest.raises(SidecarUnreachable):
        place.runtime.sidecar(recorded, "egress").put(ROUTES, b"x")
    with pytest.raises(SidecarUnreachable):
        place.runtime.sidecar(recorded, "egress").follow(tail=1).next(1)
    assert place.runtime.sidecar(recorded, "egress").state() == "down"
    assert place.runtime.remove(SLUG, recorded, purge=False) == []
    assert place.runtime.remove(SLUG, None, purge=True) == []
