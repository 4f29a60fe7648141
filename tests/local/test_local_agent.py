"""The agent's command on the local runtime, where it cannot be run."""

from pathlib import Path

import pytest

from bottle_tui.adapters.local import agent
from bottle_tui.errors import BottleError


def test_a_program_that_is_not_here_is_one_line_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    agent.keep(tmp_path, ("no-such-agent",), {}, str(tmp_path))
    with pytest.raises(BottleError, match="'no-such-agent' cannot be run") as caught:
        agent.start(tmp_path, None, {"PATH": "/usr/bin:/bin"})
    assert "install it on this host" in caught.value.message
    assert "agent.command" in caught.value.message


def test_a_folder_that_is_gone_is_named_and_not_the_program(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    agent.keep(tmp_path, ("true",), {}, str(tmp_path / "gone"))
    with pytest.raises(BottleError, match="gone"):
        agent.start(tmp_path, None, {"PATH": "/usr/bin:/bin"})
