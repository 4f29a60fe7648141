"""What the command hands to the dashboard."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from bottle_tui.core.settings import Settings


@pytest.fixture
def opened(shell, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """How the dashboard was opened, each time; the terminal is said to be there."""
    calls: list[dict[str, object]] = []
    monkeypatch.setattr("bottle_tui.tui.app.run", lambda world, **how: calls.append(how) or 0)
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("bottle_tui.cli.dashboard.sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    shell.world.environ["BOTTLE_TUI_SETTINGS"] = str(shell.folder / "settings.yaml")
    Path(shell.folder / "settings.yaml").write_text("")
    return calls


def test_read_only_reaches_it_from_the_command_line_and_from_the_settings(shell, opened) -> None:
    assert shell() == 0, shell.err
    assert shell("--read-only") == 0
    (shell.folder / "settings.yaml").write_text("read_only: true\n")
    assert shell() == 0
    assert [how["read_only"] for how in opened] == [False, True, True]


def test_the_settings_reach_it(shell, opened) -> None:
    (shell.folder / "settings.yaml").write_text("theme: light\nkeys: {quit: Q}\n")
    assert shell() == 0
    assert opened[0]["likes"] == Settings(theme="light", keys={"quit": "Q"})


def test_broken_settings_are_one_line_on_standard_error_and_it_opens_all_the_same(shell, opened) -> None:
    (shell.folder / "settings.yaml").write_text("theme: dark\nkeys: {approve: [x]}\n")
    assert shell() == 0
    assert shell.err.count("\n") == 1
    assert "keys.approve" in shell.err
    assert len(opened) == 1


def test_keys_that_cannot_be_are_said_before_it_opens_and_in_it(shell, opened) -> None:
    (shell.folder / "settings.yaml").write_text("theme: light\nkeys:\n  quarantin: ctrl+x\n")
    assert shell() == 0
    assert "settings.yaml:3 (keys.quarantin): no action has this id; perhaps quarantine" in shell.err
    assert opened[0]["likes"] == Settings(theme="light")
    assert f"bottle-tui: {opened[0]['trouble']}\n" == shell.err


def test_settings_without_a_mistake_say_nothing(shell, opened) -> None:
    (shell.folder / "settings.yaml").write_text("keys: {quarantine: ctrl+x}\n")
    assert shell() == 0
    assert opened[0]["trouble"] is None and shell.err == ""


def test_no_command_is_silently_read_only(shell) -> None:
    shell.up()
    assert shell("--read-only", "quarantine", "box") == 2
    assert "dashboard" in shell.err
    assert shell.runtime.cut_off == set()
