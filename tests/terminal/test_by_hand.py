"""The installed command on a real terminal, against a local bottle: read and pressed as an operator does."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bottle_tui.demo import agent
from tests.terminal.screen import PATIENCE, Terminal

pytestmark = pytest.mark.timeout(300)
COMMAND = str(Path(sys.executable).with_name("bottle-tui"))
SLUG = "hand"
PROSE = (
    "Have a look at the api first, please; really, X-ray every assumption you make.\r",
    "note: approve nothing yet\r",
    "yes, I am sure you are right: reject what you don't understand, undo it, Ask again.\r",
)


@dataclass
class Bottle:
    """A running local bottle whose agent has asked for one route."""

    env: dict[str, str]
    agent: "subprocess.Popen[str]"

    def run(self, *words: str) -> Any:
        """A command with --json; what it prints."""
        done = subprocess.run([COMMAND, *words], env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def step(self, name: str) -> dict[str, Any]:
        """The agent's next step of that name."""
        assert self.agent.stdout is not None
        for line in self.agent.stdout:
            value: dict[str, Any] = json.loads(line)
            if value["step"] == name:
                return value
        raise AssertionError(f"the agent ended before {name!r}")

    def statuses(self) -> list[str]:
        """Of every proposal."""
        return [card["status"] for card in self.run("proposals", "--all", "--json")]

    def dashboard(self, size: tuple[int, int]) -> Terminal:
        """`bottle-tui` as typed."""
        return Terminal([COMMAND], self.env, size)


@pytest.fixture
def bottle(tmp_path: Path) -> Iterator[Bottle]:
    env = {**os.environ, "HOME": str(tmp_path), "BOTTLE_TUI_HOME": str(tmp_path / "state")}
    manifest = tmp_path / "bottle.yaml"
    command = json.dumps([sys.executable, agent.__file__])
    manifest.write_text(f"name: {SLUG}\nagent: {{command: {command}, provider: none}}\negress: {{routes: []}}\n")
    up = [COMMAND, "up", "--runtime", "local", "-f", str(manifest)]
    subprocess.run(up, env=env, check=True, capture_output=True, timeout=PATIENCE)
    attached = subprocess.Popen(
        [COMMAND, "attach", SLUG], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    made = Bottle(env, attached)
    try:
        made.step("ask")
        yield made
    finally:
        subprocess.run([COMMAND, "down", SLUG], env=env, check=True, capture_output=True, timeout=PATIENCE)
        attached.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("size", [(80, 24), (60, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_one_key_on_the_card_that_was_read_approves_it(bottle: Bottle, size: tuple[int, int]) -> None:
    with bottle.dashboard(size) as terminal:
        terminal.until(agent.HOST, "/v1/", "+ ")
        terminal.until("in force, proven", press="a")
        answer = bottle.step("answer")
        assert (answer["status"], answer["in_force"]) == ("approved", True)
        assert terminal.leave("q") == 0
    assert bottle.statuses() == ["approved"]


def test_prose_typed_into_the_wrong_split_decides_nothing(bottle: Bottle) -> None:
    with bottle.dashboard((80, 24)) as terminal:
        terminal.until(agent.HOST, "/v1/")
        terminal.watch(1.0)
        for line in PROSE:
            for character in line:
                terminal.type(character)
                terminal.watch(0.05)
        terminal.type("\x1b[200~" + "a" + "\x1b[201~")
        terminal.watch(1.0)
        assert bottle.statuses() == ["pending"]
        assert bottle.run("routes", "show", SLUG, "--json")["routes"] == []
