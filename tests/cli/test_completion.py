"""Completion: what may stand where the cursor is, asked directly and through the real shells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bottle_tui.adapters.home import DiskHome
from bottle_tui.cli.completing import FILES, SCRIPTS, candidates
from bottle_tui.cli.parser import SHELLS

BIN = Path(sys.executable).parent


def words(*typed: str, home: DiskHome) -> list[str]:
    return [word for word, _ in candidates(typed, home)]


@pytest.fixture
def box(shell, monkeypatch: pytest.MonkeyPatch):
    """A bottle `box` with one proposal that waits and one that was rejected."""
    monkeypatch.setenv("BOTTLE_TUI_HOME", str(shell.world.home.root))
    shell.up()
    shell.waits = shell.runtime.supervise("box").file("egress-block", host="api.example.com")
    shell.refused = shell.runtime.supervise("box").file("egress-block", host="files.example.net")
    shell("proposals")
    shell("reject", shell.refused, "--reason", "no")
    return shell


def test_commands_and_their_verbs_come_from_the_parser(tmp_path: Path) -> None:
    home = DiskHome(tmp_path)
    assert {"run", "up", "approve", "completion"} <= set(words("", home=home))
    assert words("ap", home=home) == ["approve"]
    assert {"show", "edit", "add", "revoke", "remove"} <= set(words("routes", "", home=home))
    assert words("logs", "box", "", home=home) == ["egress", "pipelock", "supervise"]
    assert words("run", "cl", home=home) == ["claude"]


def test_options_are_those_of_the_command_and_their_values_follow(tmp_path: Path) -> None:
    home = DiskHome(tmp_path)
    assert "--digest" in words("approve", "--", home=home)
    assert "--digest" not in words("reject", "--", home=home)
    assert words("--runtime", "l", home=home) == ["local"]
    assert "approve" in words("--runtime", "local", "", home=home)
    assert words("approve", "--for", "", home=home)[0] == "once"
    assert words("up", "-f", "", home=home) == [FILES]
    assert words("approve", "--digest", "", home=home) == []


def test_slugs_come_from_the_state_folder(box) -> None:
    home = box.world.home
    assert words("stop", "", home=home) == ["box"]
    assert words("routes", "show", "b", home=home) == ["box"]
    assert words("routes", "show", "box", "", home=home) == []


def test_ids_are_those_that_the_command_takes_found_by_any_part(box) -> None:
    home = box.world.home
    assert words("approve", "", home=home) == [box.waits]
    assert words("reopen", "", home=home) == [box.refused]
    assert set(words("show", "", home=home)) == {box.waits, box.refused}
    assert words("show", box.refused[-4:].lower(), home=home) == [box.refused]
    assert words("approve", "--for", "1h", "", home=home) == [box.waits]


def test_a_damaged_decision_is_left_out(box) -> None:
    path = box.world.home.bottle("box").path / f"queue/{box.refused}.decision.json"
    path.write_text("[")
    assert words("show", "", home=box.world.home) == [box.waits]


def test_the_command_prints_candidates_whatever_the_words_are(box) -> None:
    assert box("completion", "candidates", "--", "ps", "--json", "--js") == 0
    assert box.out == "--json\n"
    assert box("completion", "candidates", "--", "no-such-command", "--x", "") == 0
    assert box.out == ""
    assert box("completion", "candidates") == 0
    assert "approve\tgrant it" in box.out


@pytest.mark.parametrize("shell_name", SHELLS)
def test_every_shell_has_its_script(shell, shell_name: str) -> None:
    assert shell("completion", shell_name) == 0
    assert shell.out == SCRIPTS[shell_name]


def ran(*argv: str) -> list[str]:
    """What a real shell printed, with our command on its PATH."""
    program = shutil.which(argv[0])
    if program is None:
        pytest.skip(f"{argv[0]} is not installed here")
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run([program, *argv[1:]], capture_output=True, text=True, env=env, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes(box, tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(SCRIPTS["bash"])
    program = (
        f'source {script}; ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bottle_tui bottle-tui;'
        ' printf "%s\\n" "${COMPREPLY[@]}"; }; ask bottle-tui approve ""; ask bottle-tui stop b; ask bottle-tui ap'
    )
    assert ran("bash", "--norc", "-c", program) == [box.waits, "box", "approve"]


def test_zsh_completes(box, tmp_path: Path) -> None:
    script = tmp_path / "completion.zsh"
    script.write_text(SCRIPTS["zsh"])
    # What the line editor would do with the candidates is zsh's own; here they are printed.
    program = (
        'compdef() { :; }; compadd() { print -rl -- "${values[@]}"; }; source "$1";'
        ' ask() { words=("$@"); CURRENT=$#; _bottle_tui; };'
        ' ask bottle-tui approve ""; ask bottle-tui stop b; ask bottle-tui ap'
    )
    assert ran("zsh", "-f", "-c", program, "zsh", str(script)) == [box.waits, "box", "approve"]


def test_fish_completes(box, tmp_path: Path) -> None:
    script = tmp_path / "completion.fish"
    script.write_text(SCRIPTS["fish"])
    asked = " ".join(f"complete -C {line!r};" for line in ("bottle-tui approve ", "bottle-tui stop b", "bottle-tui ap"))
    printed = ran("fish", "--no-config", "-c", f"source {script}; {asked}")
    assert [word for word in printed if word in (box.waits, "box", "approve")] == [box.waits, "box", "approve"]
