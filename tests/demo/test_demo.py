"""The demo is a claim: it exits 0 only if the loop closed, and leaves nothing behind but its ledger."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bottle_tui.adapters.home import DiskHome
from bottle_tui.cli.main import main
from bottle_tui.demo import demo, stage
from bottle_tui.demo.watch import Watched, described
from bottle_tui.demo.worlds import local_theatre
from bottle_tui.errors import UsageError
from bottle_tui.ports import Recorded
from bottle_tui.services import lookup
from bottle_tui.tui.wiring.wired import wired
from tests.e2e.parts import engine


def run(runtime: str, home: Path) -> tuple[int, list[str]]:
    lines: list[str] = []
    environ = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
    more = {"BOTTLE_TUI_OPERATOR": "somebody", "BOTTLE_TUI_BUILD_NETWORK": "host"}
    if runtime == "docker":
        more |= engine.stand_in()
    code = demo(runtime, DiskHome(home), False, lines.append, environ | more)
    return code, lines


@pytest.mark.timeout(300)
@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.e2e)])
def test_the_loop_closes_and_nothing_but_the_ledger_stays(runtime: str, tmp_path: Path) -> None:
    code, lines = run(runtime, tmp_path)
    said = "\n".join(lines)
    assert code == 0, said
    assert lines[-1] == "before 403, after 200: the loop closed"
    assert "GET https://api.example.com/v1/greeting → 403 host_not_allowed" in said
    assert "in force, proven" in said
    assert "danger" not in said, "its ask carries no !!"
    assert said.index("→ 403") < said.index("in force, proven") < said.index("→ 200")
    left = {path.name for path in (tmp_path / "bottles/demo").iterdir()}
    assert "audit.jsonl" in left
    assert not left & {"bottle.json", "local.json", "local", "ca", "queue", "agent-home"}
    if runtime == "docker":
        assert engine.docker("volume", "ls", "--quiet", "--filter", "name=bottle-demo-").strip() == ""


def test_bottles_of_another_runtime_in_the_same_home_do_not_stop_it(tmp_path: Path) -> None:
    home = DiskHome(tmp_path)
    with local_theatre(home, os.environ, tmp_path) as theatre:
        other = Recorded("other", "docker", "0" * 32, theatre.world.clock.now(), {}, {}, {}, "", "", "", {})
        lookup.save(replace(theatre.world, home=home), other)
        services = wired(theatre.world)
        assert services.bottles() == []
        assert services.cards() == []


def test_as_json_it_is_one_document_and_the_words_are_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOTTLE_TUI_HOME", str(tmp_path / "home"))
    assert main(["demo", "--json"]) == 0
    said = capfd.readouterr()
    document = json.loads(said.out)
    assert document["before"] == 403
    assert document["after"] == 200
    assert document["closed"] is True
    assert document["runtime"] == "local"
    assert "unbroken" in document["ledger"]
    assert "in force, proven" in said.err


def test_as_json_a_loop_that_did_not_close_is_a_document_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent.py").write_text("pass")
    monkeypatch.setattr(stage, "HERE", tmp_path)
    monkeypatch.setenv("BOTTLE_TUI_HOME", str(tmp_path / "home"))
    assert main(["--json", "demo"]) == 1
    document = json.loads(capfd.readouterr().out)
    assert (document["before"], document["after"], document["closed"]) == (None, None, False)


def test_it_can_be_played_again_in_the_same_home(tmp_path: Path) -> None:
    (tmp_path / "bottles/demo").mkdir(parents=True)
    (tmp_path / "bottles/demo/accepted.json").write_text("{}")
    (tmp_path / "bottles/demo/grants.yaml").write_text("from an earlier one, and unreadable")
    assert run("local", tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("pass", "before none, after none: the loop did NOT close"),
        ('print(\'{"step": "request", "host": "x", "path": "/", "status": 200}\')', "before 200, after none: the loop"),
    ],
)
def test_an_agent_that_never_asks_is_no_success(
    program: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent.py").write_text(program)
    monkeypatch.setattr(stage, "HERE", tmp_path)
    code, lines = run("local", tmp_path / "home")
    assert code == 1
    assert lines[-1].startswith(verdict)


def test_a_runtime_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="local or docker"):
        run("podman", tmp_path)


@pytest.mark.parametrize(
    ("statuses", "closed"), [([403, 200], True), ([200, 200], False), ([403], False), ([403, 403], False), ([], False)]
)
def test_only_refused_and_then_answered_counts(statuses: list[int], closed: bool) -> None:
    lines = [f'{{"step": "request", "host": "h", "path": "/p", "status": {each}}}' for each in statuses]
    watched = Watched(lines, lambda line: None)
    assert watched.over.wait(30)
    assert watched.closed is closed


def test_what_the_agent_prints_besides_is_shown_as_it_is() -> None:
    assert described("Traceback …\n") == "Traceback …"
    assert described('{"step": "answer", "status": "rejected", "reason": "no"}') == "is told: rejected, reason: no"
