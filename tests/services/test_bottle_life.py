"""up, stop, down, ps: what they do to a bottle, on a runtime in memory and a home on disk."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.adapters.fakes import FakeClock, FakeRuntime
from bottle_tui.adapters.home import DiskHome
from bottle_tui.core import slots
from bottle_tui.errors import (
    BottleError,
    Conflict,
    EngineUnavailable,
    InvalidFile,
    InvalidManifest,
    LaunchFailed,
    NeedsAcceptance,
    NotFound,
    TokenUnset,
    UsageError,
)
from bottle_tui.ports import Launch, Recorded, Role, World
from bottle_tui.services import audit, decide, lookup, muting, pipelock, review, start, status, stop, tokens
from bottle_tui.services.start import UpResult
from sidecar_addon import proposals
from sidecar_addon.table_parser import parse

TOKEN = "value-of-the-example-token"
MANIFEST = """\
name: box
agent: {image: my-agent:latest, command: [sh], provider: none}
egress:
  allowlist: [docs.example.com]
  routes:
    - host: api.example.com
      path_allowlist: [/v1/]
      methods: [GET]
      auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}
"""


class ScriptedRuntime(FakeRuntime):
    """A runtime whose sidecars can be spoiled before they start, and whose launch can fail."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.spoil: Callable[[ScriptedRuntime, str], None] = lambda runtime, slug: None
        self.fails: str | None = None
        self.leftovers: list[str] = []
        self.launched: list[Launch] = []

    def launch(self, launch: Launch, progress: Callable[[str], None]) -> Recorded:
        self.launched.append(launch)
        if self.fails:
            raise LaunchFailed(self.fails)
        return super().launch(launch, progress)

    def start(self, recorded: Recorded, launch: Launch, progress: Callable[[str], None]) -> Recorded:
        self.launched.append(launch)
        return super().start(recorded, launch, progress)

    def _begin(self, recorded: Recorded, launch: Launch) -> None:
        self.spoil(self, recorded.slug)
        super()._begin(recorded, launch)

    def remove(self, slug: str, recorded: Recorded | None, *, purge: bool) -> list[str]:
        return self.leftovers or super().remove(slug, recorded, purge=purge)


@dataclass
class Place:
    """A folder with a manifest, a home, a runtime and an environment."""

    world: World
    runtime: ScriptedRuntime
    manifest: Path
    environ: dict[str, str]
    said: list[str]

    def up(self, **options: object) -> UpResult:
        self.said.clear()
        return start.up(self.world, self.manifest, runtime="fake", progress=self.said.append, **options)  # type: ignore[arg-type]

    def write(self, text: str) -> None:
        self.manifest.write_text(text)

    def accepted_up(self) -> UpResult:
        """`up` by a person who says yes."""
        return self.up(ask=lambda text: True)

    @property
    def home(self) -> Path:
        return self.world.home.bottle("box").path

    def state(self) -> str:
        return status.bottle(self.world, "box").state

    def hosts_in_force(self) -> list[str]:
        table = self.runtime.gate("box").table
        assert table is not None
        return [route.host for route in table.routes]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    runtime = ScriptedRuntime()
    environ = {"EXAMPLE_TOKEN": TOKEN, "OTHER_TOKEN": "another-value"}
    home = DiskHome(tmp_path / "home")
    world = World(home, {"fake": runtime}, runtime.clock, environ, "op", CertificateAuthorities())
    manifest = tmp_path / "project" / "bottle.yaml"
    manifest.parent.mkdir()
    manifest.write_text(MANIFEST)
    return Place(world, runtime, manifest, environ, [])


# up


def test_up_returns_a_running_bottle_and_keeps_what_was_confirmed(place: Place) -> None:
    result = place.up()
    assert result.status.state == "running"
    assert result.status.proxy_url == "http://egress:9099"
    assert parse((place.home / "table.yaml").read_bytes()) == place.runtime.gate("box").table
    assert (place.home / "pipelock.yaml").read_bytes() == place.runtime.pipelock("box").config
    assert slots.parse((place.home / "slots.json").read_bytes()).refs == {"EGRESS_TOKEN_0": "EXAMPLE_TOKEN"}


def test_the_gate_holds_the_token_and_no_file_on_the_host_does(place: Place) -> None:
    place.up()
    assert place.runtime.gate("box").slots["EGRESS_TOKEN_0"][1] == TOKEN
    kept = [path for path in place.home.parent.parent.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_the_agents_environment_leads_through_the_gate_and_holds_no_token(place: Place) -> None:
    place.up()
    env = place.runtime.launched[0].agent_env
    assert env["HTTPS_PROXY"] == env["https_proxy"] == "http://egress:9099"
    assert env["SSL_CERT_FILE"] == "/etc/bottle/ca-bundle.pem"
    assert TOKEN not in json.dumps(dict(env))
    assert "EXAMPLE_TOKEN" not in env


def test_the_agent_gets_the_gates_certificate_and_never_a_key(place: Place) -> None:
    place.up()
    files = place.runtime.launched[0].files["agent"]
    assert b"-----BEGIN CERTIFICATE-----" in files["/etc/bottle/gate-ca.pem"]
    assert files["/etc/bottle/ca-bundle.pem"].endswith(files["/etc/bottle/gate-ca.pem"])
    assert files["/etc/bottle/current-config/Dockerfile"] == b"FROM my-agent:latest\n"
    assert not [path for path, data in files.items() if b"PRIVATE KEY" in data]
    assert "agent" not in place.runtime.launched[0].private_files


def test_keys_are_kept_for_this_account_only_and_go_with_the_bottle(place: Place) -> None:
    place.up()
    keys = sorted((place.home / "ca").iterdir())
    assert [path.name for path in keys] == ["gate-cert.pem", "gate.pem", "pipelock-cert.pem", "pipelock.pem"]
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
    stop.down(place.world, "box")
    assert not (place.home / "ca").exists()


def test_a_missing_token_stops_the_launch_before_anything_is_made(place: Place) -> None:
    del place.environ["EXAMPLE_TOKEN"]
    with pytest.raises(TokenUnset, match=r"EXAMPLE_TOKEN .* api\.example\.com"):
        place.up()
    assert place.runtime.launched == []
    place.environ["EXAMPLE_TOKEN"] = ""
    with pytest.raises(TokenUnset):
        place.up()


def test_a_token_with_a_line_break_is_refused_without_being_shown(place: Place) -> None:
    place.environ["EXAMPLE_TOKEN"] = "secret\nHeader: x"
    with pytest.raises(TokenUnset) as caught:
        place.up()
    assert "secret" not in str(caught.value)
    assert place.runtime.launched == []


def test_no_engine_is_said_before_anything_else(place: Place) -> None:
    place.runtime.down = True
    with pytest.raises(EngineUnavailable):
        place.up()


def test_an_agent_without_an_image_is_refused_with_its_line_before_anything_starts(place: Place) -> None:
    place.manifest.write_text(MANIFEST.replace("image: my-agent:latest, ", ""))
    with pytest.raises(InvalidManifest, match="image") as caught:
        place.up()
    assert caught.value.exit_code == 2
    assert "bottle.yaml:2 (agent)" in str(caught.value)
    assert place.runtime.launched == [] and place.said == []


def test_an_up_that_failed_pins_nothing_so_its_correction_is_not_asked_about(place: Place) -> None:
    place.runtime.fails = "no such image"
    with pytest.raises(LaunchFailed):
        place.up()
    assert not (place.home / "accepted.json").exists()
    place.runtime.fails = None
    place.manifest.write_text(MANIFEST.replace("my-agent:latest", "my-agent:1"))
    assert place.up().status.state == "running"
    assert (place.home / "accepted.json").exists()


def test_a_manifest_that_is_not_there_is_a_usage_error(place: Place) -> None:
    place.manifest.unlink()
    with pytest.raises(UsageError, match="bottle-tui init"):
        place.up()


def test_up_again_on_an_identical_running_bottle_changes_nothing_and_needs_no_token(place: Place) -> None:
    place.up()
    generation = place.runtime.gate("box").generation
    del place.environ["EXAMPLE_TOKEN"]
    assert place.up().status.state == "running"
    assert place.runtime.gate("box").generation == generation
    assert len(place.runtime.launched) == 1


def test_another_runtime_than_the_bottles_is_a_conflict(place: Place) -> None:
    place.up()
    place.world = replace(place.world, runtimes={"fake": place.runtime, "other": place.runtime})
    with pytest.raises(Conflict, match="--runtime fake"):
        start.up(place.world, place.manifest, runtime="other")


# what goes wrong at a launch


def test_a_launch_that_fails_leaves_no_record_and_no_keys(place: Place) -> None:
    place.runtime.fails = "pipelock did not start"
    with pytest.raises(LaunchFailed, match="pipelock did not start"):
        place.up()
    assert lookup.find(place.world, "box") is None
    assert not (place.home / "ca").exists()


@pytest.mark.parametrize("role", ["egress", "pipelock"])
def test_a_sidecar_that_never_says_what_it_loaded_undoes_the_launch(place: Place, role: Role) -> None:
    def mute(runtime: ScriptedRuntime, slug: str) -> None:
        runtime.bottles[slug][role].mute = True

    place.runtime.spoil = mute
    with pytest.raises(LaunchFailed, match=f"{role} runs, but has not said"):
        place.up()
    assert place.runtime.bottles == {}
    assert lookup.find(place.world, "box") is None


def test_a_table_that_the_gate_refuses_undoes_the_launch(place: Place) -> None:
    def reject(runtime: ScriptedRuntime, slug: str) -> None:
        runtime.gate(slug).rejects = "no such thing"

    place.runtime.spoil = reject
    with pytest.raises(LaunchFailed, match="egress refused its file: no such thing"):
        place.up()
    assert place.runtime.bottles == {}


def test_a_dead_up_is_shown_as_starting_and_cleaned_away_by_the_next(place: Place) -> None:
    place.up()
    record = lookup.recorded(place.world, "box")
    lookup.save(place.world, replace(record, containers={}, details={"starting": True}))
    assert place.state() == "starting"
    assert place.up().status.state == "running"
    assert lookup.recorded(place.world, "box").incarnation != record.incarnation


def test_what_a_dead_up_left_and_nobody_can_remove_is_named(place: Place) -> None:
    place.up()
    record = lookup.recorded(place.world, "box")
    lookup.save(place.world, replace(record, details={"starting": True}))
    place.runtime.leftovers = ["`docker rm -f bottle-box-egress` (busy)"]
    with pytest.raises(LaunchFailed, match="docker rm -f bottle-box-egress"):
        place.up()


# a changed manifest


def test_a_changed_manifest_is_refused_until_it_is_accepted(place: Place) -> None:
    place.up()
    place.write(MANIFEST.replace("docs.example.com", '"*.example.org"'))
    with pytest.raises(NeedsAcceptance) as caught:
        place.up()
    assert "+ route *.example.org" in caught.value.message
    digest = caught.value.message.rpartition("--accept ")[2].strip("`")
    assert "*.example.org" not in place.hosts_in_force()
    assert place.up(accept=digest).status.state == "running"
    assert "*.example.org" in place.hosts_in_force()


def test_accepting_another_digest_than_what_stands_there_is_refused(place: Place) -> None:
    place.up()
    place.write(MANIFEST.replace("/v1/", "/v2/"))
    with pytest.raises(NeedsAcceptance, match="look at it again"):
        place.up(accept="sha256:" + "0" * 64)


def test_a_person_who_says_no_changes_nothing(place: Place) -> None:
    place.up()
    place.write(MANIFEST.replace("/v1/", "/v2/"))
    shown: list[str] = []

    def no(text: str) -> bool:
        shown.append(text)
        return False

    with pytest.raises(NeedsAcceptance, match="not accepted"):
        place.up(ask=no)
    assert "/v1/ GET port 443 (scanned) → /v2/ GET port 443 (scanned)" in shown[0]


def test_a_running_bottle_takes_over_routes_tokens_and_what_supervise_offers(place: Place) -> None:
    place.up()
    gate = place.runtime.gate("box")
    place.write(
        MANIFEST.replace("docs.example.com", "files.example.net")
        + "    - {host: other.example.com, auth: {scheme: Bearer, token_ref: OTHER_TOKEN}}\n"
        + "supervise: {wait_seconds: 7}\n"
    )
    lines = place.accepted_up().lines
    assert place.runtime.gate("box") is gate, "nothing was restarted"
    assert place.hosts_in_force() == ["api.example.com", "other.example.com", "files.example.net"]
    assert gate.slots["EGRESS_TOKEN_1"][1] == "another-value"
    assert "in force: files.example.net: every path" in lines
    assert "no longer: docs.example.com: every path" in lines
    state = place.runtime.supervise("box").files["/var/lib/supervise/decisions/state.json"]
    assert json.loads(state)["wait_seconds"] == 7
    assert parse((place.home / "table.yaml").read_bytes()).digest == gate.table.digest  # type: ignore[union-attr]
    assert place.up().lines == ()


def test_a_new_token_that_is_unset_leaves_the_running_bottle_as_it_is(place: Place) -> None:
    place.up()
    before = place.runtime.gate("box").table
    place.write(MANIFEST + "    - {host: other.example.com, auth: {scheme: Bearer, token_ref: UNSET_TOKEN}}\n")
    with pytest.raises(TokenUnset, match=r"UNSET_TOKEN .* other\.example\.com"):
        place.accepted_up()
    assert place.runtime.gate("box").table == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("my-agent:latest", "another:latest"),
        ("command: [sh]", "command: [bash]"),
        ("provider: none", "provider: none, limits: {memory: 1g}"),
        ("egress:", "pipelock: {scan_limit_mb: 3}\negress:"),
    ],
    ids=["image", "command", "limits", "pipelock"],
)
def test_what_cannot_change_under_a_running_agent_needs_down_and_up(place: Place, old: str, new: str) -> None:
    place.up()
    place.write(MANIFEST.replace(old, new))
    with pytest.raises(Conflict, match="needs down and up"):
        place.accepted_up()
    assert len(place.runtime.launched) == 1
    stop.down(place.world, "box")
    assert place.accepted_up().status.state == "running"


# stop, start again, down


def test_a_stopped_bottle_is_started_again_with_the_same_authorities(place: Place) -> None:
    place.up()
    certificate = place.runtime.launched[0].files["agent"]["/etc/bottle/gate-ca.pem"]
    stop.stop(place.world, "box")
    assert place.state() == "stopped"
    assert place.up().status.state == "running"
    assert place.runtime.launched[1].files["agent"]["/etc/bottle/gate-ca.pem"] == certificate
    assert place.runtime.gate("box").slots["EGRESS_TOKEN_0"][1] == TOKEN


def test_what_was_taken_away_until_the_bottle_stops_is_named_when_it_comes_back(place: Place) -> None:
    place.up()
    table = parse((place.home / "table.yaml").read_bytes())
    (place.home / "table.yaml").write_bytes(replace(table, routes=table.routes[:1], source=None).data)
    stop.stop(place.world, "box")
    place.up()
    assert "the manifest brings back docs.example.com: every path" in place.said


def test_stop_and_down_may_be_asked_again(place: Place) -> None:
    place.up()
    stop.stop(place.world, "box")
    stop.stop(place.world, "box")
    assert stop.down(place.world, "box") == []
    assert stop.down(place.world, "box") == []
    stop.stop(place.world, "box")


@pytest.mark.parametrize("verb", [stop.stop, stop.down])
def test_a_slug_never_seen_is_not_found(place: Place, verb: Callable[[World, str], object]) -> None:
    with pytest.raises(NotFound, match="no bottle is called ghost"):
        verb(place.world, "ghost")


def test_down_keeps_the_ledger_the_traffic_what_is_always_granted_and_what_was_accepted(place: Place) -> None:
    place.up()
    home = place.world.home.bottle("box")
    home.append("audit.jsonl", b"{}")
    home.write("grants.yaml", b"grants: []\n")
    stop.down(place.world, "box")
    assert {path.name for path in place.home.iterdir()} == {
        "audit.jsonl",
        "grants.yaml",
        "accepted.json",
        "runtime",
        "traffic",
        "lock",
    }
    stop.down(place.world, "box", purge=True)
    assert {path.name for path in place.home.iterdir()} <= {"lock"}


def test_what_down_could_not_remove_is_returned_and_the_record_stays(place: Place) -> None:
    place.up()
    place.runtime.leftovers = ["`docker network rm bottle-box-chain` (in use)"]
    assert stop.down(place.world, "box") == ["`docker network rm bottle-box-chain` (in use)"]
    assert lookup.find(place.world, "box") is not None
    assert stop.down(place.world, "box") == ["`docker network rm bottle-box-chain` (in use)"], "it is still there"
    place.runtime.leftovers = []
    assert stop.down(place.world, "box") == []
    assert lookup.find(place.world, "box") is None


def test_up_after_a_down_that_left_something_names_it_or_starts_anew(place: Place) -> None:
    place.up()
    before = lookup.recorded(place.world, "box").incarnation
    place.runtime.leftovers = ["`docker network rm bottle-box-outside` (in use)"]
    stop.down(place.world, "box")
    shown = status.bottle(place.world, "box")
    assert (shown.state, shown.note) == ("stopped", "removed in part: `bottle-tui down box` names what is left")
    with pytest.raises(LaunchFailed, match="docker network rm bottle-box-outside"):
        place.up()
    place.runtime.leftovers = []
    assert place.up().status.state == "running"
    assert lookup.recorded(place.world, "box").incarnation != before


# how bottles are


def test_an_empty_slot_means_needs_tokens_until_they_are_delivered(place: Place) -> None:
    place.up()
    place.runtime.gate("box").slots.clear()
    assert place.state() == "needs_tokens"
    assert tokens.deliver(place.world, "box") == ["EGRESS_TOKEN_0: EXAMPLE_TOKEN delivered"]
    assert place.state() == "running"


def test_up_delivers_tokens_that_a_restart_of_the_gate_lost(place: Place) -> None:
    place.up()
    place.runtime.gate("box").slots.clear()
    assert place.up().status.state == "running"


@pytest.mark.parametrize("role", ["egress", "pipelock", "supervise"])
def test_a_sidecar_that_is_down_makes_the_bottle_degraded_and_up_starts_it(place: Place, role: Role) -> None:
    place.up()
    place.runtime.bottles["box"][role].stop()
    found = status.bottle(place.world, "box")
    assert (found.state, found.sidecars[role]) == ("degraded", "down")
    assert place.up().status.state == "running"


def test_what_the_runtime_does_not_know_is_never_called_running(place: Place) -> None:
    place.up()
    place.runtime.bottles["box"]["pipelock"].unreachable = True
    found = status.bottle(place.world, "box")
    assert (found.state, found.sidecars["pipelock"]) == ("degraded", "unknown")
    with pytest.raises(BottleError, match="does not say what runs"):
        place.up()


def test_a_gate_that_denies_everything_is_degraded_and_says_why(place: Place) -> None:
    place.up()
    place.runtime.gate("box").error = "routes must be a list"
    found = status.bottle(place.world, "box")
    assert found.state == "degraded"
    assert "routes must be a list" in found.note


def test_a_quarantine_that_the_gate_does_not_know_of_is_carried_out_by_the_look(place: Place) -> None:
    place.up()
    place.world.home.bottle("box").write("quarantined", b"")
    assert place.state() == "quarantined"


def test_a_quarantined_bottle_that_is_started_again_is_still_quarantined(place: Place) -> None:
    place.up()
    stop.stop(place.world, "box")
    place.world.home.bottle("box").write("quarantined", b"")
    place.up()
    table = place.runtime.gate("box").table
    assert table is not None
    assert table.quarantined


def test_what_waits_is_counted(place: Place) -> None:
    place.up()
    supervise = place.runtime.supervise("box")
    first = supervise.file("egress-block", host="a.example.net")
    supervise.file("egress-block", host="b.example.net")
    assert status.bottle(place.world, "box").pending == 2
    review.cards(place.world)
    assert status.bottle(place.world, "box").pending == 2
    decide.reject(place.world, first, "not needed")
    assert status.bottle(place.world, "box").pending == 1


def test_what_only_carries_our_label_is_foreign(place: Place) -> None:
    place.up()
    lookup.forget(place.world, "box")
    found = status.bottles(place.world)
    assert [(each.slug, each.state) for each in found] == [("box", "foreign")]


def test_a_bottle_of_an_engine_that_is_gone_is_still_listed(place: Place) -> None:
    place.up()
    for sidecar in place.runtime.bottles["box"].values():
        sidecar.unreachable = True
    assert [(each.slug, each.state) for each in status.bottles(place.world)] == [("box", "unknown")]


# records


def test_a_record_reads_back_as_it_was_written(place: Place) -> None:
    place.up()
    record = lookup.recorded(place.world, "box")
    assert lookup.parse(lookup.render(record), "box") == record


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"slug": "box"}', b"not json"])
def test_a_damaged_record_is_never_guessed_at(place: Place, data: bytes) -> None:
    with pytest.raises(InvalidFile, match="damaged"):
        lookup.parse(data, "box")


def test_the_record_of_another_bottle_is_refused(place: Place) -> None:
    place.up()
    data = lookup.render(lookup.recorded(place.world, "box"))
    with pytest.raises(InvalidFile, match="record of box"):
        lookup.parse(data, "other")


# what ends with a stop


def with_a_grant(place: Place) -> str:
    """An approved ask of the agent, in force until the bottle stops; its id."""
    identity = place.runtime.supervise("box").file("egress-block", host="files.example.net")
    card = review.card(place.world, identity)
    assert card.change is not None
    assert decide.approve(place.world, identity, card.change.digest).in_force
    return identity


def test_a_grant_until_the_bottle_stops_is_over_after_it_and_everybody_is_told(place: Place) -> None:
    place.up()
    identity = with_a_grant(place)
    assert "files.example.net" in place.hosts_in_force()
    stop.stop(place.world, "box")
    place.up()
    assert "files.example.net" not in place.hosts_in_force()
    assert "files.example.net" not in place.runtime.pipelock("box").live.hosts
    told = place.runtime.supervise("box").decision(identity)
    assert told is not None
    assert not told.in_force
    assert told.reason == "ended: the bottle was stopped"
    (ended,) = [each for each in audit.records(place.world, "box") if each.get("of") == "expire"]
    assert (ended["kind"], ended["in_force"], ended["grants"]) == ("result", False, [identity])


def test_a_grant_until_the_bottle_stops_outlives_a_gate_that_died_alone(place: Place) -> None:
    place.up()
    identity = with_a_grant(place)
    place.runtime.gate("box").stop()
    place.runtime.gate("box").slots.clear()
    assert place.up().status.state == "running"
    assert "files.example.net" in place.hosts_in_force()
    told = place.runtime.supervise("box").decision(identity)
    assert told is not None and told.in_force
    assert not [each for each in audit.records(place.world, "box") if each.get("of") == "expire"]


def test_a_grant_until_the_bottle_stops_outlives_another_manifest(place: Place) -> None:
    place.up()
    with_a_grant(place)
    place.write(MANIFEST.replace("docs.example.com", "more.example.com"))
    place.accepted_up()
    assert place.hosts_in_force() == ["api.example.com", "more.example.com", "files.example.net"]


def test_a_start_that_is_not_confirmed_is_stopped_again(place: Place) -> None:
    place.up()
    stop.stop(place.world, "box")

    def mute(runtime: ScriptedRuntime, slug: str) -> None:
        runtime.bottles[slug]["egress"].mute = True

    place.runtime.spoil = mute
    with pytest.raises(LaunchFailed, match="egress runs, but has not said"):
        place.up()
    assert place.state() == "stopped"


def test_what_the_operator_passes_through_unread_stays_so_under_another_manifest(place: Place) -> None:
    place.up()
    lists = "passthrough: [docs.example.com]\n"
    assert pipelock.edit(place.world, "box", lists, acknowledged=True).in_force
    place.write(MANIFEST.replace("[docs.example.com]", "[docs.example.com, more.example.com]"))
    place.accepted_up()
    assert "more.example.com" in place.hosts_in_force()
    assert place.runtime.gate("box").table.exact["docs.example.com"].pipelock == "passthrough"


def test_a_mute_lasts_over_stop_and_up_for_the_agent_as_for_every_dashboard(place: Place) -> None:
    place.up()
    end = place.world.clock.now() + timedelta(minutes=15)
    muting.mute(place.world, "box", end)
    stop.stop(place.world, "box")
    place.up()
    told = proposals.parse_state(place.runtime.supervise("box").files["/var/lib/supervise/decisions/state.json"])
    assert told.muted_until == end and muting.muted(place.world) == {"box": end}
