"""Errors: one clear line for people, one document for scripts, the exit code of the family."""

import json

import pytest

from bottle_tui import errors
from bottle_tui.cli import main as entry


def test_a_usage_error_is_two_and_one_line_on_standard_error(shell) -> None:
    assert shell("frobnicate") == 2
    assert shell.out == ""
    assert shell.err.startswith("bottle-tui: ")
    assert shell.err.count("\n") == 1


def test_with_json_an_error_is_the_only_thing_on_standard_output(shell) -> None:
    document = shell.json("show", "nope")
    assert document["error"]["code"] == "not_found"
    assert set(document["error"]) == {"code", "message", "file", "place"}
    assert shell.err == ""


def test_usage_errors_are_documents_too_wherever_json_stands(shell) -> None:
    assert shell("--json", "approve") == 2
    assert json.loads(shell.out)["error"]["code"] == "usage"
    assert shell("approve", "--json") == 2
    assert json.loads(shell.out)["error"]["code"] == "usage"


def test_an_invalid_manifest_names_file_line_and_key_and_is_two(shell) -> None:
    (shell.folder / "bottle.yaml").write_text("name: box\nagent: {imgae: x}\n")
    assert shell("up") == 2
    assert "bottle.yaml:2 (agent.imgae): unknown key" in shell.err
    error = shell.json("up")["error"]
    assert error["code"] == "invalid_manifest"
    assert error["file"].endswith("bottle.yaml")
    assert error["place"] == "2 (agent.imgae)"
    assert shell.runtime.bottles == {}


def test_a_slug_never_seen_is_three(shell) -> None:
    for words in (("stop", "nope"), ("down", "nope"), ("attach", "nope"), ("audit", "verify", "nope")):
        assert shell(*words) == 3, words


def test_no_engine_is_one(shell) -> None:
    (shell.folder / "bottle.yaml").write_text("name: box\nagent: {image: x}\n")
    shell.runtime.down = True
    assert shell("up") == 1
    assert shell.json("up")["error"]["code"] == "no_engine"


def test_an_unset_variable_is_one_and_names_variable_and_route(shell) -> None:
    (shell.folder / "bottle.yaml").write_text(
        "name: box\nagent: {image: x}\negress:\n  routes:\n"
        "    - {host: api.example.com, auth: {scheme: Bearer, token_ref: NOT_SET}}\n"
    )
    assert shell("up") == 1
    assert "NOT_SET" in shell.err
    assert "api.example.com" in shell.err
    assert shell.runtime.bottles == {}


def test_every_error_has_the_exit_code_that_the_design_names() -> None:
    named = {
        errors.BottleError: 1,
        errors.EngineUnavailable: 1,
        errors.TokenUnset: 1,
        errors.LedgerBroken: 1,
        errors.UsageError: 2,
        errors.InvalidManifest: 2,
        errors.NotFound: 3,
        errors.Stale: 4,
        errors.AlreadyDecided: 4,
        errors.NeedsAcceptance: 4,
        errors.NotApplied: 5,
        errors.StateUnknown: 6,
    }
    assert {error: error.exit_code for error in named} == named


@pytest.mark.parametrize(
    ("raised", "code"), [(KeyboardInterrupt(), 130), (ZeroDivisionError("x"), 1), (BrokenPipeError(), 141)]
)
def test_nothing_gets_out_of_main_but_an_exit_code(
    shell, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    def explode(*_: object) -> int:
        raise raised

    monkeypatch.setattr(entry, "_run", explode)
    monkeypatch.setattr(entry, "_swallow_the_rest", lambda: None)
    assert shell("ps") == code
    assert "Traceback" not in shell.err


def test_a_file_in_an_error_cannot_draw_on_the_terminal(shell) -> None:
    assert shell("up", "-f", "x\x1b]0;owned\x07.yaml") == 2
    assert "\x1b" not in shell.err
    assert "␛]0;owned␇" in shell.err


def test_no_words_without_a_terminal_is_a_line_that_says_what_to_do(shell) -> None:
    assert shell() == 2
    assert "bottle-tui --help" in shell.err


def test_help_and_version_are_zero(shell) -> None:
    assert shell("--version") == 0
    assert shell.out.startswith("bottle-tui ")
    assert shell("--help") == 0
    for name in ("run", "up", "approve", "quarantine", "doctor", "demo"):
        assert f"    {name} " in shell.out


def test_an_unknown_runtime_in_the_environment_is_named(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTLE_TUI_RUNTIME", "podman")
    assert shell("up") == 2
    assert "docker or local" in shell.err


def test_a_runtime_from_the_environment_is_checked_by_every_command(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTLE_TUI_RUNTIME", "podman")
    assert shell("ps") == 2
    assert "BOTTLE_TUI_RUNTIME='podman'" in shell.err
    assert shell("ps", "--runtime", "docker") == 0


def test_traffic_since_no_time_names_times_and_no_grants(shell) -> None:
    shell.up()
    for since in ("yesterday", "always"):
        assert shell("traffic", "box", "--since", since) == 2
        assert "write a time such as 15m, 1h, 7d" in shell.err
        assert "once" not in shell.err


NEEDS_A_BOTTLE = (
    ("routes", "show"), ("routes", "edit"), ("routes", "add", "SLUG", "a.test"), ("routes", "remove", "SLUG", "a.test"),
    ("routes", "save"), ("routes", "revoke", "SLUG", "a.test"), ("revoke", "SLUG", "a.test"), ("pipelock", "show"),
    ("pipelock", "edit"), ("quarantine",), ("release",), ("traffic",), ("audit", "show"), ("audit", "verify"),
    ("logs", "SLUG", "egress"), ("stop",), ("down",), ("attach",), ("proposals",),
)  # fmt: skip


@pytest.mark.parametrize(("slug", "exit_code", "code"), [("nope", 3, "not_found"), ("No!", 2, "usage")])
@pytest.mark.parametrize("words", NEEDS_A_BOTTLE, ids=" ".join)
def test_a_bottle_that_there_is_not_is_the_same_document_from_every_command(
    shell, words: tuple[str, ...], slug: str, exit_code: int, code: str
) -> None:
    named = [slug if word == "SLUG" else word for word in words]
    assert shell(*named, *(() if "SLUG" in words else (slug,)), "--json") == exit_code
    error = json.loads(shell.out)["error"]
    assert set(error) == {"code", "message", "file", "place"}
    assert error["code"] == code
    assert error["message"]
    assert shell.err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("show",), ("approve",), ("reject", "x"), ("reopen",), ("routes",), ("routes", "show"),
        ("pipelock",), ("audit",), ("audit", "show"), ("logs", "box"), ("logs", "box", "agent"), ("traffic",),
        ("ps", "x"), ("frobnicate",), ("init", "nope"), ("run", "nope"), ("up", "-f", "nope.yaml"), ("schema", "x"),
        ("demo", "--runtime", "podman"), ("--read-only", "ps"), ("routes", "add", "box", "a.test", "--port", "x"),
        ("routes", "add", "box"), ("stop",), (),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_words_are_a_document_and_two_from_every_command(shell, words: tuple[str, ...]) -> None:
    assert shell(*words, "--json") == 2
    error = json.loads(shell.out)["error"]
    assert set(error) == {"code", "message", "file", "place"}
    assert error["code"] == "usage"
    assert shell.err == ""


def test_ps_ends_with_one_when_an_engine_does_not_answer(shell) -> None:
    shell.up()
    for sidecar in shell.runtime.bottles["box"].values():
        sidecar.unreachable = True
    assert shell("ps") == 1
    assert "not known" in shell.out
    assert shell.json("ps")[0]["state"] == "unknown"


def test_a_command_that_is_nearly_one_is_guessed(shell) -> None:
    assert shell("quarantin", "box") == 2
    assert "did you mean quarantine?" in shell.err
    assert len(shell.err.splitlines()) == 1
    assert shell("routes", "shwo", "box") == 2
    assert "did you mean show?" in shell.err
