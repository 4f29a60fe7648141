"""Bottles from the command line: init, up, ps, stop, down, attach."""

from dataclasses import replace

import pytest

from bottle_tui.core.manifest import parse
from bottle_tui.services import lookup


def test_ps_of_nothing_is_an_empty_list(shell) -> None:
    assert shell("ps", "--json") == 0
    assert shell.out == "[]\n"
    assert shell("ps") == 0
    assert shell.out == ""
    assert "bottle-tui init" in shell.err


def test_up_starts_and_ps_has_the_promised_shape(shell) -> None:
    shell.up()
    assert shell.out == "box running  (fake: in memory)\n"
    (row,) = shell.json("ps")
    assert set(row) >= {"slug", "runtime", "state", "sidecars", "pending", "proxy_url", "mcp_url", "ca_file"}
    assert (row["slug"], row["runtime"], row["state"], row["pending"]) == ("box", "docker", "running", 0)
    assert row["sidecars"] == {"egress": "up", "pipelock": "up", "supervise": "up"}
    assert row["proxy_url"] == "http://egress:9099"


def test_ps_says_beneath_its_table_where_the_bottles_run_as_the_title_does(shell) -> None:
    shell.up()
    assert shell("ps") == 0
    assert shell.err == "fake: in memory\n"
    assert shell.json("ps")[0]["runtime"] == "docker"
    assert shell.err == ""


def test_up_again_on_an_identical_running_bottle_is_zero(shell) -> None:
    shell.up()
    gate = shell.runtime.gate("box")
    assert shell("up") == 0
    assert shell.runtime.gate("box") is gate


def test_up_as_json_prints_one_document_and_nothing_for_people(shell) -> None:
    shell.up()
    document = shell.json("up")
    assert document["slug"] == "box"
    assert isinstance(document["lines"], list)
    assert shell.err == ""


def test_a_changed_manifest_needs_acceptance_and_takes_it_by_digest(shell) -> None:
    shell.up()
    path = shell.folder / "bottle.yaml"
    path.write_text(path.read_text().replace("[docs.example.com]", "[docs.example.com, more.example.com]"))
    assert shell("up") == 4
    assert "more.example.com" in shell.err
    digest = shell.err.rsplit("--accept ", 1)[1].strip().strip("`")
    assert shell.json("up")["error"]["code"] == "needs_acceptance"
    assert shell("up", "--accept", "sha256:" + "0" * 64) == 4
    assert shell("up", "--accept", digest) == 0


def test_stop_and_down_of_what_is_gone_are_zero(shell) -> None:
    shell.up()
    assert shell("stop", "box") == 0
    assert shell("stop", "box") == 0
    assert shell.json("ps")[0]["state"] == "stopped"
    assert shell("down", "box") == 0
    assert shell("down", "box") == 0
    assert shell.json("ps") == []


def test_down_of_a_bottle_that_is_down_says_so(shell) -> None:
    shell.up()
    assert shell("down", "box") == 0
    assert "box removed" in shell.out
    assert shell("down", "box") == 0
    assert "box is down already" in shell.out
    assert shell.json("down", "box") == {"slug": "box", "lines": ["box is down already"], "left": []}


def test_up_of_a_bottle_in_quarantine_names_the_release(shell) -> None:
    shell.up()
    assert shell("quarantine", "box") == 0
    assert shell("up") == 0
    assert "bottle-tui release box" in shell.err
    shell("stop", "box")
    assert shell("up") == 0
    assert "bottle-tui release box" in shell.err
    manifest = shell.folder / "bottle.yaml"
    manifest.write_text(manifest.read_text().replace("docs.example.com", "docs.example.net"))
    shell("up")
    digest = shell.err.rsplit("--accept ", 1)[1].strip().strip("`")
    assert shell("up", "--accept", digest) == 4
    assert "box is in quarantine: `bottle-tui release box` first; nothing was changed" in shell.err


def test_what_down_could_not_remove_is_named_and_is_one(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    left = ["network bottle-box-agent: docker network rm bottle-box-agent"]
    monkeypatch.setattr(shell.runtime, "remove", lambda *_, **__: left)
    assert shell("down", "box") == 1
    assert "docker network rm bottle-box-agent" in shell.out
    assert shell.json("down", "box")["left"] == left


def test_attach_ends_with_the_agents_code(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    monkeypatch.setattr(shell.runtime, "attach", lambda *_: 7)
    assert shell("attach", "box") == 7


def test_a_stopped_bottle_is_not_attached_to(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    shell("stop", "box")
    monkeypatch.setattr(shell.runtime, "attach", lambda *_: pytest.fail("joined"))
    assert shell("attach", "box") == 4
    assert "bottle-tui up" in shell.err


@pytest.mark.parametrize("provider", ["claude", "codex", "opencode", "none"])
def test_init_writes_a_manifest_that_parses_and_a_dockerfile(shell, provider: str) -> None:
    assert shell("init", provider) == 0
    manifest = parse((shell.folder / "bottle.yaml").read_bytes(), "bottle.yaml")
    assert (manifest.name, manifest.agent.provider) == ("project", provider)
    assert (shell.folder / "agent" / "Dockerfile").read_text().startswith("FROM ")


def test_init_never_overwrites(shell) -> None:
    (shell.folder / "bottle.yaml").write_text("mine\n")
    assert shell("init", "none") == 4
    assert (shell.folder / "bottle.yaml").read_text() == "mine\n"
    (shell.folder / "bottle.yaml").unlink()
    (shell.folder / "agent").mkdir()
    (shell.folder / "agent" / "Dockerfile").write_text("FROM mine\n")
    assert shell("init", "none") == 0
    assert (shell.folder / "agent" / "Dockerfile").read_text() == "FROM mine\n"


def test_init_takes_the_provider_whose_program_is_here(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/bin/codex" if name == "codex" else None)
    assert shell("init") == 0
    assert "provider: codex" in (shell.folder / "bottle.yaml").read_text()


def test_run_writes_a_manifest_where_there_is_none_starts_it_and_attaches(
    shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[str] = []
    monkeypatch.setattr(shell.runtime, "attach", lambda recorded, *_: joined.append(recorded.slug) or 0)
    assert shell("run", "none") == 0, shell.err
    assert " running\n" in shell.err, "without a terminal it says what it has started before it joins"
    assert joined == ["project"]
    assert shell("run") == 0
    assert joined == ["project", "project"]


def test_run_with_another_provider_than_the_manifests_starts_nothing(shell) -> None:
    assert shell("init", "none") == 0
    assert shell("run", "claude") == 2
    assert "is for provider none, so this would not start claude" in shell.err


def test_run_with_a_manifest_that_cannot_be_read_says_so(shell) -> None:
    assert shell("run", "claude", "-f", ".") == 2
    assert "cannot be read" in shell.err


def test_up_says_what_a_person_does_next(shell) -> None:
    (shell.folder / "bottle.yaml").write_text("name: box\nagent: {image: x}\n")
    assert shell("up") == 0
    assert shell.out == "box running  (fake: in memory)\n"
    assert "bottle-tui attach box" in shell.err
    assert "dashboard" in shell.err
    assert "proxy" not in shell.err.rsplit("agent ", 1)[1], "inside a container it is set already"


def test_states_are_words(shell) -> None:
    shell.up()
    assert shell("routes", "add", "box", "api.example.com", "--token-ref", "EXAMPLE_TOKEN") == 4
    digest = shell.err.rsplit("--digest ", 1)[1].strip()
    assert shell("routes", "add", "box", "api.example.com", "--token-ref", "EXAMPLE_TOKEN", "--digest", digest) == 0
    shell.runtime.gate("box").slots.clear()
    assert shell("ps") == 0
    assert "needs tokens" in shell.out
    assert shell.json("ps")[0]["state"] == "needs_tokens"


@pytest.mark.parametrize(("runtime", "words"), [("docker", "ctrl-p ctrl-q"), ("local", "ends with it")])
def test_attach_says_how_to_leave_before_it_joins(
    shell, monkeypatch: pytest.MonkeyPatch, runtime: str, words: str
) -> None:
    shell.up()
    record = lookup.recorded(shell.world, "box")
    lookup.save(shell.world, replace(record, runtime=runtime))
    shell.world.runtimes["local"] = shell.runtime
    monkeypatch.setattr("bottle_tui.cli.output.Output.interactive", lambda _: True)
    monkeypatch.setattr(shell.runtime, "attach", lambda *_: print("JOINED") or 0)
    assert shell("attach", "box") == 0
    assert words in shell.err


def test_split_where_no_pane_can_be_opened_gives_the_line_and_goes_on(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.runtime, "attach", lambda *_: 0)
    (shell.folder / "bottle.yaml").write_text("name: box\nagent: {image: x}\n")
    assert shell("run", "--split") == 0
    assert "in a second terminal:" in shell.err
    assert shell("up", "--split") == 0
    assert "attach box" in shell.err.split("in a second terminal:")[1].splitlines()[0]
