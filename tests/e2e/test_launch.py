"""Launching in containers: what stands after `up`, what an `up` that failed leaves, and what the agent cannot do."""

import fcntl
import itertools
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.adapters.clock import SystemClock
from bottle_tui.adapters.docker import images, names, probing
from bottle_tui.adapters.docker.engine import Engine
from bottle_tui.adapters.docker.making import Workshop
from bottle_tui.adapters.docker.runtime import DockerRuntime
from bottle_tui.adapters.home import DiskHome
from bottle_tui.errors import LaunchFailed
from bottle_tui.ports import Recorded, World
from bottle_tui.services import lookup, start, status, stop
from tests.e2e.parts import engine as parts
from tests.e2e.parts.bottle import COMMAND

TOKEN = "value-of-the-example-token"
NUMBER = itertools.count(1)
SLEEPER = "debian:bookworm-slim"


class Place:
    """A manifest, a home and an engine; what it makes is always taken down."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.slug = f"rt-{os.getpid()}-{next(NUMBER)}"
        self.folder = folder
        self.environ = {**os.environ, "EXAMPLE_TOKEN": TOKEN, **parts.stand_in(), **environ}
        self.said: list[str] = []
        self.runtime = DockerRuntime(self.environ)
        self.api = Engine(self.environ).api
        home = DiskHome(folder / "home")
        self.world = World(home, {"docker": self.runtime}, SystemClock(), self.environ, "op", CertificateAuthorities())
        self.manifest = folder / "project" / "bottle.yaml"
        self.manifest.parent.mkdir()
        self.write()

    def write(self, agent: str = f'image: "{SLEEPER}", command: [sleep, "600"]', more: str = "") -> None:
        self.manifest.write_text(
            f"name: {self.slug}\nagent: {{{agent}, provider: none}}\n"
            "egress:\n  routes:\n    - {host: api.example.com, path_allowlist: [/v1/],\n"
            f"       auth: {{scheme: Bearer, token_ref: EXAMPLE_TOKEN}}}}\n{more}"
        )

    def up(self) -> Recorded:
        start.up(self.world, self.manifest, runtime="docker", progress=self.said.append)
        return self.recorded

    @property
    def recorded(self) -> Recorded:
        return lookup.recorded(self.world, self.slug)

    def things(self) -> dict[str, list[str]]:
        """What the engine has with this bottle's label, by kind."""
        label = {"label": f"{names.SLUG}={self.slug}"}
        return {
            "containers": [each["Id"] for each in self.api.containers(all=True, filters=label)],
            "networks": [each["Name"] for each in self.api.networks(filters=label)],
            "volumes": [each["Name"] for each in self.api.volumes(filters=label)["Volumes"] or []],
        }

    def inside(self, role: str, *argv: str, user: str = "") -> tuple[int, str]:
        made = self.api.exec_create(self.recorded.containers[role], list(argv), user=user)["Id"]
        said = self.api.exec_start(made).decode("utf-8", "replace")
        return self.api.exec_inspect(made)["ExitCode"], said

    def close(self) -> None:
        if self.world.home.bottle(self.slug).exists():
            stop.down(self.world, self.slug, purge=True)
        assert self.things() == NOTHING


NOTHING: dict[str, list[str]] = {"containers": [], "networks": [], "volumes": []}
type Make = Callable[..., Place]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Place] = []

    def build(**environ: str) -> Place:
        folder = tmp_path / f"place{len(made)}"
        folder.mkdir()
        made.append(Place(folder, **environ))
        return made[-1]

    yield build
    for place in made:
        place.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One bottle for every test that only looks."""
    place = Place(tmp_path_factory.mktemp("running"))
    (place.manifest.parent / "build").mkdir()
    place.write(agent=f'image: "{SLEEPER}", command: [sleep, "600"], mounts: [".:/work"], user: "12345:12345"')
    place.manifest.parent.chmod(0o777)
    place.up()
    yield place
    place.close()


# what stands after `up`


def test_the_sidecars_are_hardened_as_the_engine_sees_it(running: Place) -> None:
    for role in ("egress", "pipelock", "supervise"):
        found = running.api.inspect_container(running.recorded.containers[role])
        host = found["HostConfig"]
        assert found["Config"]["User"] not in ("", "0", "root", "0:0")
        assert host["CapDrop"] == ["ALL"]
        assert host["ReadonlyRootfs"] is True
        assert "no-new-privileges" in host["SecurityOpt"]
        assert host["Sysctls"]["net.ipv4.ip_forward"] == "0"
        assert not host["PortBindings"]


def test_no_process_of_the_bottle_has_a_capability(running: Place) -> None:
    for role in ("agent", "egress", "supervise"):
        _, said = running.inside(role, "grep", "-E", "^(Cap(Eff|Prm|Bnd)|NoNewPrivs)", "/proc/1/status")
        values = {line.split()[0]: line.split()[1] for line in said.splitlines()}
        assert {values["CapEff:"], values["CapPrm:"], values["CapBnd:"]} == {"0" * 16}
        assert values["NoNewPrivs:"] == "1"


def test_the_token_is_on_no_disk_of_the_engines_and_in_nothing_it_tells(running: Place) -> None:
    for role, container in running.recorded.containers.items():
        assert TOKEN not in json.dumps(running.api.inspect_container(container)), role
        assert TOKEN not in running.api.logs(container).decode("utf-8", "replace"), role
    assert TOKEN not in running.inside("agent", "env")[1]
    _, said = running.inside("egress", "grep", "-rls", TOKEN, "/etc", "/opt", "/run", "/tmp")
    assert said.split() == ["/run/tokens/EGRESS_TOKEN_0.json"]


def test_keys_are_readable_by_their_sidecar_alone_and_never_in_the_agent(running: Place) -> None:
    assert running.inside("egress", "stat", "-c", "%a %u", "/etc/egress/ca/mitmproxy-ca.pem")[1].split() == [
        "400",
        "10001",
    ]
    code, _ = running.inside("agent", "grep", "-rlsI", "PRIVATE KEY", "/etc/bottle", user="0")
    assert code == 1


def test_the_agent_cannot_rewrite_its_manifest_but_can_write_its_folder(running: Place) -> None:
    assert running.inside("agent", "sh", "-c", "echo x > /work/new && cat /work/new")[1].strip() == "x"
    for attempt in ("echo x >> /work/bottle.yaml", "rm /work/bottle.yaml", "mv /work/bottle.yaml /work/other.yaml"):
        code, _ = running.inside("agent", "sh", "-c", attempt, user="0")
        assert code != 0, attempt


def test_the_agent_reads_its_files_and_cannot_change_them(running: Place) -> None:
    assert running.inside("agent", "cat", "/etc/bottle/current-config/Dockerfile")[1].strip() == f"FROM {SLEEPER}"
    code, _ = running.inside("agent", "sh", "-c", "echo x >> /etc/bottle/ca-bundle.pem")
    assert code != 0
    code, said = running.inside("agent", "sh", "-c", "touch $HOME/x && id -u && stat -c %u $HOME")
    assert (code, said.split()) == (0, ["12345", "12345"])


def test_the_systems_own_bundle_in_the_agent_trusts_the_gate_too(tmp_path: Path, running: Place) -> None:
    code, _ = running.inside("egress", "test", "-f", "/etc/ssl/certs/ca-certificates.crt")
    said = [line for line in running.said if "no system root bundle" in line]
    code, _ = running.inside("agent", "test", "-f", "/etc/ssl/certs/ca-certificates.crt")
    assert bool(said) is (code != 0)


@pytest.mark.parametrize("role", ["egress", "supervise"])
def test_a_sidecar_reaches_neither_the_host_nor_a_name_outside(running: Place, role: str) -> None:
    gateway = running.api.inspect_network("bridge")["IPAM"]["Config"][0].get("Gateway", "172.17.0.1")
    question = json.dumps({"targets": [[gateway, 1], ["203.0.113.1", 9]], "names": ["example.com"]})
    code, said = running.inside(role, "python", "-m", "sidecar_addon", "probe", question)
    assert code == 0
    assert json.loads(said) == {"reached": [], "resolved": [], "tried": 2}


def test_isolating_cuts_the_chain_at_once_and_rejoining_mends_it(running: Place) -> None:
    question = json.dumps({"targets": [["pipelock", 8888]], "names": []})

    def reaches() -> list[str]:
        found = json.loads(running.inside("egress", "python", "-m", "sidecar_addon", "probe", question)[1])
        return list(found["reached"])

    assert reaches() == ["pipelock:8888"]
    running.runtime.isolate(running.recorded)
    assert reaches() == []
    running.runtime.rejoin(running.recorded)
    assert reaches() == ["pipelock:8888"]


def test_a_file_that_a_sidecar_replaced_by_a_link_is_not_followed(running: Place) -> None:
    supervise = running.runtime.sidecar(running.recorded, "supervise")
    folder = "/var/lib/supervise/proposals"
    running.inside("supervise", "sh", "-c", f"ln -s /etc/passwd {folder}/evil.json; mkfifo {folder}/pipe.json")
    assert supervise.read(f"{folder}/evil.json") is None
    assert not {"evil.json", "pipe.json"} & set(supervise.read_folder(folder))
    running.inside("supervise", "sh", "-c", f"rm {folder}/evil.json {folder}/pipe.json")


def test_what_carries_the_label_but_is_not_recorded_is_foreign_and_left_alone(running: Place) -> None:
    labels = {names.SLUG: running.slug, names.ROLE: "egress", names.UID: "99999"}
    foreign = running.api.create_container(SLEEPER, ["sleep", "600"], labels=labels, network_disabled=True)["Id"]
    other = {names.SLUG: "rt-nobodys", names.ROLE: "egress"}
    stray = running.api.create_container(SLEEPER, ["sleep", "600"], labels=other, network_disabled=True)["Id"]
    try:
        running.api.start(foreign)
        assert status.bottle(running.world, running.slug).state == "running"
        assert running.recorded.containers["egress"] != foreign
        listed = {each.slug: each.state for each in status.bottles(running.world)}
        assert listed["rt-nobodys"] == "foreign"
        assert running.runtime.remove("rt-nobodys", None, purge=True) == []
        assert running.api.inspect_container(stray)["Id"] == stray
    finally:
        running.api.remove_container(foreign, force=True)
        running.api.remove_container(stray, force=True)


# an `up` that fails


BROKEN: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "an agent image nobody has": ({}, {"agent": "image: registry.invalid/nobody:1"}, "not on this engine"),
    "a pipelock that ends": ({}, {"more": f'pipelock: {{image: "{SLEEPER}"}}\n'}, "pipelock ended before it was ready"),
    "an egress that ends": ({"BOTTLE_TUI_EGRESS_IMAGE": SLEEPER}, {}, "probe|egress|pipelock did not start"),
    "a supervise that ends": ({"BOTTLE_TUI_SUPERVISE_IMAGE": SLEEPER}, {}, "supervise"),
    "a user the image does not know": ({}, {"agent": f'image: "{SLEEPER}", user: ghost'}, "no user 'ghost'"),
    "a command the image does not have": (
        {},
        {"agent": f'image: "{SLEEPER}", command: [/no/such/program]'},
        "the agent did not start",
    ),
}


ONLY_REAL = pytest.param("a pipelock that ends", marks=pytest.mark.real_pipelock)
"""Where the hop stands in, no image of pipelock's own is used."""


@pytest.mark.parametrize("case", [ONLY_REAL if case == ONLY_REAL.values[0] else case for case in BROKEN])
def test_a_step_that_fails_undoes_everything_and_says_why(make: Make, case: str) -> None:
    environ, text, why = BROKEN[case]
    place = make(**environ)
    place.write(**text)
    with pytest.raises(LaunchFailed, match=why) as caught:
        place.up()
    assert TOKEN not in str(caught.value)
    assert place.things() == NOTHING
    assert lookup.find(place.world, place.slug) is None
    assert stop.down(place.world, place.slug) == []


def test_a_name_that_somebody_else_has_is_named_and_left_to_them(make: Make) -> None:
    place = make()
    theirs = names.container(place.slug, "supervise")
    foreign = place.api.create_container(SLEEPER, ["sleep", "600"], name=theirs, network_disabled=True)["Id"]
    try:
        with pytest.raises(LaunchFailed, match=f"docker rm -f {theirs}"):
            place.up()
        assert place.things() == NOTHING
        assert place.api.inspect_container(foreign)["Id"] == foreign
    finally:
        place.api.remove_container(foreign, force=True)


def test_a_pool_that_is_used_up_is_named(make: Make) -> None:
    place = make(BOTTLE_TUI_SUBNET="10.214.77.0/26")
    taken = place.api.create_network(
        f"{place.slug}-taken", ipam={"Driver": "default", "Config": [{"Subnet": "10.214.77.0/27"}]}
    )["Id"]
    try:
        with pytest.raises(LaunchFailed, match="BOTTLE_TUI_SUBNET"):
            place.up()
        assert place.things() == NOTHING
    finally:
        place.api.remove_network(taken)


def test_an_up_that_was_killed_is_taken_down_whole(make: Make) -> None:
    place = make()
    code = (
        "import sys; from pathlib import Path; from bottle_tui.cli.world import build_world;"
        "from bottle_tui.services import start;"
        "start.up(build_world(), Path(sys.argv[1]), runtime='docker', progress=lambda line: print(line, flush=True))"
    )
    environ = {**place.environ, "BOTTLE_TUI_HOME": str(place.world.home.root)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(place.manifest)], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any("starting supervise" in line for line in process.stdout)
        process.send_signal(signal.SIGKILL)
    assert place.things()["containers"]
    assert status.bottle(place.world, place.slug).state == "starting"
    assert stop.down(place.world, place.slug) == []
    assert place.things() == NOTHING


# the probe


def test_the_probe_tells_an_open_network_from_a_closed_one(make: Make) -> None:
    place = make()
    engine = Engine(place.environ)
    image = images.ensure(engine, "egress", place.environ, place.said.append)
    with ExitStack() as undo:
        workshop = Workshop(engine, place.slug, os.getuid(), "probe", undo)
        for kind in names.NETWORKS:
            workshop.network(kind, None)
        closed = probing.look(workshop, names.network(place.slug, "agent"), image, forbidden=[])
        opened = probing.look(workshop, names.network(place.slug, "outside"), image, forbidden=[])
        assert probing.verdict(closed) == []
        assert any("it reaches" in problem for problem in probing.verdict(opened))
        with pytest.raises(LaunchFailed, match="not closed: it reaches"):
            probing.check(workshop, names.network(place.slug, "outside"), image, forbidden=[])
        workshop.wait()


# stopping and going


def test_the_agents_home_outlives_the_bottle_until_it_is_purged(make: Make) -> None:
    place = make()
    place.up()
    assert place.inside("agent", "sh", "-c", "echo kept > $HOME/note")[0] == 0
    assert stop.down(place.world, place.slug) == []
    assert place.things() == NOTHING | {"volumes": [names.volume(place.slug, "home")]}
    place.up()
    assert place.inside("agent", "sh", "-c", "cat $HOME/note")[1].strip() == "kept"
    assert stop.down(place.world, place.slug, purge=True) == []
    assert place.things() == NOTHING


def test_a_gate_that_restarted_needs_tokens_until_up_delivers_them(make: Make) -> None:
    place = make()
    place.up()
    place.runtime.sidecar(place.recorded, "egress").restart()
    lines = place.runtime.sidecar(place.recorded, "egress").follow(tail=1)
    try:
        while "gate_ready" not in (lines.next(10) or "gate_ready"):
            pass
    finally:
        lines.close()
    assert status.bottle(place.world, place.slug).state == "needs_tokens"
    place.up()
    assert status.bottle(place.world, place.slug).state == "running"


def test_two_ups_at_once_make_one_bottle(make: Make) -> None:
    place = make()
    errors: list[BaseException] = []

    def up() -> None:
        try:
            place.up()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(place.things()["containers"]) == 4


# joining the agent


class Terminal:
    """A real terminal with a program in it: what is typed goes in, what is drawn comes out."""

    def __init__(self, argv: list[str], environ: dict[str, str]) -> None:
        self.process, self._screen = pty.fork()
        if self.process == 0:
            os.execve(argv[0], argv, environ)
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def until(self, text: str, seconds: float = 60) -> str:
        while text not in self.seen:
            ready, _, _ = select.select([self._screen], [], [], seconds)
            assert ready, f"{text!r} did not come; seen: {self.seen!r}"
            try:
                data = os.read(self._screen, 65536)
            except OSError:  # the far end of a terminal that is gone
                data = b""
            assert data, f"it ended before {text!r}; seen: {self.seen!r}"
            self.seen += data.decode("utf-8", "replace")
        return self.seen

    def echoes(self) -> bool:
        """Whether the terminal itself shows what is typed, as at rest."""
        return bool(termios.tcgetattr(self._screen)[3] & termios.ECHO)

    def ended(self) -> int:
        try:
            while select.select([self._screen], [], [], 60)[0] and os.read(self._screen, 65536):
                pass
        except OSError:
            pass
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


ATTACH = (
    "import sys; from bottle_tui.cli.world import build_world; from bottle_tui.services import lookup;"
    "w = build_world(); r = lookup.recorded(w, sys.argv[1]);"
    "sys.exit(w.runtimes[r.runtime].attach(r, sys.argv[2:] or None))"
)

DASHBOARD = (
    "import sys; from bottle_tui.cli.world import build_world; from bottle_tui.tui import app;"
    "sys.exit(app.run(build_world()))"
)


def attached(place: Place, *argv: str) -> Terminal:
    environ = {**place.environ, "BOTTLE_TUI_HOME": str(place.world.home.root), "TERM": "xterm"}
    return Terminal([sys.executable, "-c", ATTACH, place.slug, *argv], environ)


def test_attaching_joins_the_agents_terminal_leaves_it_running_and_starts_it_again(make: Make) -> None:
    place = make()
    place.write(agent=f'image: "{SLEEPER}", command: [sh]')
    place.up()
    terminal = attached(place)
    terminal.type("echo joined-$((40+2)); stty size\r")
    terminal.until("joined-42")
    terminal.until("33 77")
    terminal.type("\x10\x11")
    assert terminal.ended() == 0
    assert place.runtime.states(place.recorded)["agent"] == "up"
    again = attached(place)
    again.type("exit 7\r")
    assert again.ended() == 7
    assert place.runtime.states(place.recorded)["agent"] == "down"
    assert status.bottle(place.world, place.slug).state == "running"
    third = attached(place)
    third.type("echo back-$((1+1))\r")
    third.until("back-2")
    third.type("\x10\x11")
    assert third.ended() == 0


@pytest.mark.parametrize(("key", "typed"), [("\r", "the agent goes on"), ("S", "$ ")])
def test_a_dashboard_told_to_end_while_another_has_its_terminal_ends_and_the_agent_goes_on(
    make: Make, key: str, typed: str
) -> None:
    place = make()
    place.write(agent=f'image: "{SLEEPER}", command: [sh]')
    place.up()
    environ = {**place.environ, "BOTTLE_TUI_HOME": str(place.world.home.root), "TERM": "xterm"}
    terminal = Terminal([sys.executable, "-c", DASHBOARD], environ)
    terminal.until(place.slug)
    terminal.type("2")
    terminal.until("shell")
    terminal.type(key)
    terminal.until(typed)
    terminal.type("echo joined-$((40+2))\r")
    terminal.until("joined-42")
    os.kill(terminal.process, signal.SIGTERM)
    assert terminal.ended() == 0
    assert place.runtime.states(place.recorded)["agent"] == "up"


def test_attach_told_to_end_leaves_the_terminal_as_it_was_and_the_agent_running(make: Make) -> None:
    place = make()
    place.write(agent=f'image: "{SLEEPER}", command: [sh]')
    place.up()
    environ = {**place.environ, "BOTTLE_TUI_HOME": str(place.world.home.root), "TERM": "xterm"}
    terminal = Terminal([sys.executable, "-m", "bottle_tui", "attach", place.slug], environ)
    terminal.type("echo joined-$((40+2))\r")
    terminal.until("joined-42")
    assert not terminal.echoes()
    os.kill(terminal.process, signal.SIGTERM)
    os.waitid(os.P_PID, terminal.process, os.WEXITED | os.WNOWAIT)
    assert terminal.echoes()
    assert terminal.ended() == 128 + signal.SIGTERM
    assert place.runtime.states(place.recorded)["agent"] == "up"


def test_letting_go_works_in_other_encodings_of_keys_and_the_agent_draws_anew_for_who_joins(make: Make) -> None:
    drawing = "trap 'echo drawn-$((40+2))' WINCH; while :; do sleep 0.1; done"
    place = make()
    place.write(agent=f'image: "{SLEEPER}", command: [sh, -c, {json.dumps(drawing)}]')
    place.up()
    for keys in ("\x1b[112;5u\x1b[113;5u", "\x1d\x1d", "\x10\x11"):
        terminal = attached(place)
        terminal.until("drawn-42")
        terminal.type(keys)
        assert terminal.ended() == 0
        assert place.runtime.states(place.recorded)["agent"] == "up"


def test_who_joins_gets_what_the_agent_switched_on_at_its_start_and_loses_it_when_he_leaves(make: Make) -> None:
    drawing = "printf '\\033[?1049h\\033[?2004h\\033[?25l\\033[>1u\\n'; exec sleep 600"
    place = make()
    place.write(agent=f'image: "{SLEEPER}", command: [sh, -c, {json.dumps(drawing)}]')
    place.up()
    for _ in range(2):
        terminal = attached(place)
        terminal.until("\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[>1u")
        terminal.type("\x10\x11")
        terminal.until("\x1b[<1u\x1b[?25h\x1b[?2004l\x1b[?1049l")
        assert terminal.ended() == 0


def test_run_starts_the_agent_before_the_eyes_of_who_joins_it_so_that_nothing_of_its_start_is_lost(make: Make) -> None:
    asking = "printf '\\033[?2004h\\033[c'; IFS= read -r -t 9 -n 3 answer; echo answer-$answer; exec sleep 600"
    place = make()
    place.write(agent=f'image: "{SLEEPER}", command: [bash, -c, {json.dumps(asking)}]')
    environ = {**place.environ, "BOTTLE_TUI_HOME": str(place.world.home.root), "TERM": "xterm"}
    for _ in range(2):
        terminal = Terminal([COMMAND, "run", "-f", str(place.manifest)], environ)
        if not place.world.home.bottle(place.slug).exists():
            terminal.until("accept? type yes:")
            terminal.type("yes\r")
        terminal.until("\x1b[?2004h\x1b[c")
        terminal.type("it:")
        terminal.until("answer-it:")
        terminal.type("\x10\x11")
        assert terminal.ended() == 0
        stop.stop(place.world, place.slug)


def test_a_shell_runs_beside_the_agent(running: Place) -> None:
    said = r"printf '\033[?1000h'; echo ready; read word; stty size; id -u; exit 5"
    shell = attached(running, "sh", "-c", said)
    shell.until("ready")
    shell.type("on\r")
    shell.until("33 77")
    shell.until("12345")
    shell.until("\x1b[?1000l")  # what it has made of the terminal is taken back
    assert shell.ended() == 5
