"""Where the settings come from, and what a broken file does."""

import os
from pathlib import Path

from bottle_tui.adapters import settings_file
from bottle_tui.core.settings import Settings


def test_the_variable_names_the_file_and_else_it_is_in_the_platforms_folder(tmp_path: Path) -> None:
    assert settings_file.path({"BOTTLE_TUI_SETTINGS": str(tmp_path / "mine.yaml")}) == tmp_path / "mine.yaml"
    assert settings_file.path({}).parts[-2:] == ("bottle-tui", "settings.yaml")


def test_what_the_file_says_is_read(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("theme: ansi\n")
    assert settings_file.read({"BOTTLE_TUI_SETTINGS": str(file)}) == (Settings(theme="ansi"), None)


def test_a_broken_file_is_one_line_that_names_the_key_and_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("keys: {approve: 7}\ntheme: light\n")
    found, problem = settings_file.read({"BOTTLE_TUI_SETTINGS": str(file)})
    assert found == Settings()
    assert problem is not None
    assert "keys.approve" in problem
    assert "\n" not in problem


def test_a_broken_file_that_asks_for_read_only_gets_it_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("theme: pink\nread_only: true\n")
    found, problem = settings_file.read({"BOTTLE_TUI_SETTINGS": str(file)})
    assert found.read_only
    assert "read-only" in str(problem)


def test_a_key_that_the_dashboard_refuses_is_named_by_file_line_and_key_and_costs_the_keys_alone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("theme: light\nkeys:\n  quit: Q\n  quarantin: ctrl+x\n")
    refused = ("quarantin", "no action has this id; perhaps quarantine")
    found, problem = settings_file.read({"BOTTLE_TUI_SETTINGS": str(file)}, lambda keys: refused)
    assert found == Settings(theme="light")
    assert problem == f"{file}:4 (keys.quarantin): {refused[1]}; the default keys are used"


def test_a_named_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    found, problem = settings_file.read({"BOTTLE_TUI_SETTINGS": str(tmp_path / "none.yaml")})
    assert found == Settings()
    assert "no such file" in str(problem)


def test_no_file_at_all_is_no_problem(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_file.read({}) == (Settings(), None)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found, problem = settings_file.read({"BOTTLE_TUI_SETTINGS": str(tmp_path / "pipe")})
    assert found == Settings()
    assert "regular file" in str(problem)
