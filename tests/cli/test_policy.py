"""A running bottle's policy from the command line: routes, pipelock's hosts, revoking, quarantine."""

import sys
from pathlib import Path

import pytest


def hosts(shell) -> list[str]:
    return [route.host for route in shell.runtime.gate("box").table.routes]


def editor(shell, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """An editor that runs `change` on the text of the file it is given."""
    script = Path(shell.folder) / "editor.py"
    lines = ("import pathlib, sys", "path = pathlib.Path(sys.argv[1])", "text = path.read_text()", change)
    script.write_text("\n".join((*lines, "path.write_text(text)")))
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")


def test_routes_have_the_promised_shape(shell) -> None:
    shell.up()
    document = shell.json("routes", "show", "box")
    assert set(document) >= {"slug", "digest", "generation", "in_force", "routes"}
    assert document["in_force"] is True
    (route,) = document["routes"]
    assert (route["host"], route["pipelock"]) == ("docs.example.com", "scanned")
    assert route["scan"] == {"requests": 0, "bytes": 0, "ms": 0}
    assert shell("routes", "show", "box") == 0
    assert "docs.example.com" in shell.out
    assert "in force" in shell.out


def test_one_route_can_be_shown_alone(shell) -> None:
    shell.up()
    assert len(shell.json("routes", "show", "box", "DOCS.example.com")["routes"]) == 1
    assert shell("routes", "show", "box", "nope.test") == 3


def test_a_silent_gate_is_never_said_to_enforce(shell) -> None:
    shell.up()
    shell.runtime.gate("box").running = False
    assert shell.json("routes", "show", "box")["in_force"] is False
    assert shell("routes", "show", "box") == 0
    assert "NOT KNOWN" in shell.out


def test_an_added_route_is_shown_bound_to_and_in_force(shell) -> None:
    shell.up()
    assert shell("routes", "add", "box", "api.example.com", "--path", "/v1/", "--method", "get") == 0, shell.err
    assert "+- host: api.example.com" in shell.out
    (grant,) = shell.runtime.gate("box").table.route_for("api.example.com").grants
    assert (grant.path_allowlist, grant.methods) == (("/v1/",), ("GET",))


def test_a_route_with_a_credential_gets_a_slot_and_its_value_goes_to_the_gate_only(shell) -> None:
    shell.up()
    words = (
        "routes",
        "add",
        "box",
        "api.example.com",
        "--path",
        "/v1/",
        "--method",
        "GET",
        "--token-ref",
        "EXAMPLE_TOKEN",
    )
    assert shell(*words) == 4
    assert "EXAMPLE_TOKEN" in shell.err
    assert "api.example.com" in shell.err
    assert "proposed by op" in shell.out and "asked by the agent" not in shell.out
    digest = shell.err.rsplit("--digest ", 1)[1].strip()
    assert shell(*words, "--digest", digest) == 0, shell.err
    assert shell.runtime.gate("box").slots["EGRESS_TOKEN_0"][1] == "value-of-the-token"
    assert "value-of-the-token" not in shell.out + shell.err
    assert shell("routes", "show", "box", "api.example.com") == 0
    assert "Bearer EXAMPLE_TOKEN" in shell.out and "EGRESS_TOKEN" not in shell.out
    (route,) = shell.json("routes", "show", "box", "api.example.com")["routes"]
    assert (route["token_env"], route["token_ref"]) == ("EGRESS_TOKEN_0", "EXAMPLE_TOKEN")
    assert "value-of-the-token" not in shell.out


def test_a_journal_that_cannot_be_read_is_said_beside_the_routes(shell) -> None:
    shell.up()
    journal = shell.world.home.bottle("box").path / "apply.json"
    journal.write_bytes(b"{")
    assert shell("routes", "show", "box") == 0
    assert "apply.json" in shell.err


def test_a_digest_of_another_change_is_four(shell) -> None:
    shell.up()
    assert shell("routes", "add", "box", "api.example.com", "--digest", "sha256:" + "0" * 64) == 4
    assert hosts(shell) == ["docs.example.com"]


def test_the_digest_that_was_refused_with_is_the_one_that_goes_through(shell) -> None:
    shell.up()
    assert shell("routes", "add", "box", "*.github.io") == 4
    digest = shell.err.rsplit("--digest ", 1)[1].strip()
    assert shell("routes", "add", "box", "*.github.io", "--digest", digest) == 0, shell.err
    assert "*.github.io" in hosts(shell)


def test_revoking_and_removing(shell) -> None:
    shell.up()
    assert shell("revoke", "box") == 2
    assert shell("revoke", "box", "docs.example.com") == 0, shell.err
    assert shell.runtime.gate("box").table.route_for("docs.example.com").grants == ()
    assert shell("routes", "revoke", "box", "--grant", "nope") == 3
    assert shell("routes", "remove", "box", "docs.example.com") == 0, shell.err
    assert hosts(shell) == []


def test_always_comes_back_with_the_next_up(shell) -> None:
    shell.up()
    assert shell("routes", "add", "box", "kept.example.com", "--always") == 0, shell.err
    assert shell("routes", "add", "box", "lost.example.com") == 0, shell.err
    assert shell("down", "box") == 0
    assert shell("up") == 0, shell.err
    assert hosts(shell) == ["docs.example.com", "kept.example.com"]
    assert "grants.yaml brings back kept.example.com" in shell.err


def test_routes_go_through_the_editor_and_are_shown_before_they_are_in_force(
    shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.up()
    editor(shell, monkeypatch, "text = text.replace('docs.example.com', 'docs.example.org')")
    assert shell("routes", "edit", "box") == 0, shell.err
    assert hosts(shell) == ["docs.example.org"]
    assert "-- host: docs.example.com" in shell.out


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("text += 'nonsense: true\\n'", 2),
        ("text = text.replace('docs.example.com', 'ix.io')", 4),
    ],
)
def test_a_text_that_does_not_come_into_force_is_kept_and_said_where(
    shell, monkeypatch: pytest.MonkeyPatch, change: str, code: int
) -> None:
    shell.up()
    editor(shell, monkeypatch, change)
    assert shell("routes", "edit", "box") == code, shell.err
    kept = shell.world.home.bottle("box").path / "edited.yaml"
    assert f"your text is kept in {kept}" in shell.err
    assert "ix.io" in kept.read_text() or "nonsense: true" in kept.read_text()
    assert hosts(shell) == ["docs.example.com"]


def test_an_edit_that_changes_nothing_does_nothing(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    editor(shell, monkeypatch, "pass")
    generation = shell.runtime.gate("box").generation
    assert shell("routes", "edit", "box") == 0
    assert shell.runtime.gate("box").generation == generation


def test_what_comes_back_broken_is_two_and_changes_nothing(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    editor(shell, monkeypatch, "text = 'routes: [{host: 10.0.0.1}]'")
    assert shell("routes", "edit", "box") == 2
    assert hosts(shell) == ["docs.example.com"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (None, 2),
        ("/nonexistent/editor", 2),
        ("vi '", 2),
        ("rm", 2),
        (f"{sys.executable} -c exit(3)", 1),
    ],
)
def test_without_an_editor_nothing_happens(
    shell, monkeypatch: pytest.MonkeyPatch, command: str | None, code: int
) -> None:
    shell.up()
    if command is not None:
        monkeypatch.setenv("EDITOR", command)
    assert shell("routes", "edit", "box") == code
    assert hosts(shell) == ["docs.example.com"]


def test_pipelocks_own_hosts_are_shown_and_edited(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    editor(shell, monkeypatch, "text = 'hosts: [extra.example.net]\\npassthrough: []\\n'")
    assert shell("pipelock", "edit", "box") == 0, shell.err
    document = shell.json("pipelock", "show", "box")
    assert "extra.example.net" in document["hosts"]
    assert document["config_hash"]
    assert shell("pipelock", "show", "box") == 0
    assert "by hand" in shell.out


def test_quarantine_and_release(shell) -> None:
    shell.up()
    assert shell("quarantine", "box") == 0, shell.err
    assert shell.runtime.cut_off == {"box"}
    assert shell.json("ps")[0]["state"] == "quarantined"
    assert shell.json("quarantine", "box")["lines"]
    assert shell("release", "box") == 0, shell.err
    assert shell.runtime.cut_off == set()
    assert shell("quarantine", "nope") == 3


def test_routes_of_a_stopped_bottle_are_those_that_come_back(shell) -> None:
    shell.up()
    assert shell("routes", "add", "box", "soon.example.org", "--for", "1h") == 0, shell.err
    assert shell("routes", "add", "box", "kept.example.org", "--always") == 0, shell.err
    assert shell("stop", "box") == 0
    assert shell("routes", "show", "box") == 0
    assert "stopped: nothing passes; comes back with:" in shell.out
    assert "docs.example.com" in shell.out
    assert "kept.example.org" in shell.out
    assert "soon.example.org" not in shell.out
    assert shell("up") == 0
    shown = shell.json("routes", "show", "box")
    assert not shown["stopped"]
    assert {route["host"] for route in shown["routes"]} == {"docs.example.com", "kept.example.org"}
