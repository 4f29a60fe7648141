"""A pane beside this one: the words for each terminal, and tmux for real."""

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from bottle_tui.cli import splitting
from tests.terminal.screen import Terminal

WORDS = ["bottle-tui"]


@pytest.mark.parametrize(
    ("environ", "program"),
    [
        ({"TMUX": "/tmp/x,1,0"}, "tmux"),
        ({"ZELLIJ": "0"}, "zellij"),
        ({"WEZTERM_PANE": "3"}, "wezterm"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
    ],
)
def test_each_terminal_is_asked_in_its_own_words(environ: dict[str, str], program: str) -> None:
    found = splitting.commands(WORDS, environ)
    assert found is not None
    assert {command[0] for command in found} == {program}
    assert "bottle-tui" in [command[-1] for command in found]


def test_a_multiplexer_inside_another_terminal_comes_first() -> None:
    found = splitting.commands(WORDS, {"KITTY_WINDOW_ID": "1", "TMUX": "x"})
    assert found is not None
    assert found[0][0] == "tmux"


def test_kitty_is_told_the_one_layout_in_which_a_pane_can_be_on_the_right() -> None:
    layout, launch = splitting.commands(WORDS, {"KITTY_WINDOW_ID": "1"}) or []
    assert layout == ["kitty", "@", "goto-layout", "splits"]
    assert "--location=vsplit" in launch and "--keep-focus" in launch


def test_elsewhere_there_is_no_pane() -> None:
    assert splitting.commands(WORDS, {"TERM": "xterm"}) is None


def test_the_pane_gets_our_variables_and_nothing_that_may_be_a_credential() -> None:
    environ = {"TMUX": "x", "BOTTLE_TUI_HOME": "/h h", "DOCKER_HOST": "unix:///d", "EXAMPLE_TOKEN": "secret-value"}
    text = " ".join(splitting.commands(WORDS, environ)[0])
    assert "BOTTLE_TUI_HOME=/h h" in text
    assert "DOCKER_HOST=unix:///d" in text
    assert "secret-value" not in text
    assert splitting.line(["attach", "box"], {"BOTTLE_TUI_HOME": "/h h"}).startswith("BOTTLE_TUI_HOME='/h h' ")


def test_a_terminal_that_refuses_is_said_and_the_line_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "tmux"
    refusing.write_text("#!/bin/sh\necho no server >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    said: list[str] = []
    assert splitting.beside([], {"TMUX": "x"}, said.append) is False
    assert "no server" in said[0]
    assert said[1].startswith("in a second terminal:")


def test_where_two_panes_would_be_too_narrow_none_is_opened() -> None:
    program = "from bottle_tui.cli import splitting; splitting.beside([], {'TMUX': 'x'}, print); input()"
    with Terminal([sys.executable, "-c", program], dict(os.environ)) as terminal:
        terminal.until("need 121×24, this terminal is 80×24", "in a second terminal:")


def test_tmux_opens_a_pane_on_the_right_that_runs_our_command(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed here")
    done, name = f"done-{uuid.uuid4().hex}", f"bottle-{uuid.uuid4().hex[:8]}"
    program = f"""
import os, subprocess
from bottle_tui.cli import splitting
splitting.OURS = ("sh", "-c", "env > '$0'; tmux wait-for -S {done}; exec cat".replace("$0", {str(tmp_path / "env")!r}))
assert splitting.beside([], os.environ, print)
"""
    script = tmp_path / "split.py"
    script.write_text(program)
    tmux = ["tmux", "-L", name, "-f", "/dev/null"]
    env = {key: value for key, value in os.environ.items() if key != "TMUX"} | {"TMUX_TMPDIR": str(tmp_path)}

    def ran(*words: str) -> str:
        return subprocess.run([*tmux, *words], env=env, check=True, capture_output=True, text=True, timeout=30).stdout

    command = f"BOTTLE_TUI_HOME='{tmp_path}/a b' {sys.executable} {script} 2>{tmp_path}/err; exec cat"
    try:
        ran("new-session", "-d", "-x", "160", "-y", "45", "-s", "s", command)
        ran("wait-for", done)
        panes = ran("list-panes", "-t", "s", "-F", "#{pane_left} #{pane_active}").splitlines()
        assert len(panes) == 2
        assert panes[0] == "0 1", "the keyboard stays here"
        assert int(panes[1].split()[0]) > 60
        assert f"BOTTLE_TUI_HOME={tmp_path}/a b" in (tmp_path / "env").read_text().splitlines()
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, check=False, capture_output=True)
