"""A command line whose engine is in memory: `main(words)` on a home in tmp_path, with the fake runtime as docker."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bottle_tui.adapters.ca import CertificateAuthorities
from bottle_tui.adapters.fakes import FakeClock, FakeRuntime
from bottle_tui.adapters.home import DiskHome
from bottle_tui.cli.main import main
from bottle_tui.ports import World

MANIFEST = """\
name: box
agent: {image: agent:test, command: [bash]}
egress:
  allowlist: [docs.example.com]
supervise:
  grantable_tokens: [{token_ref: EXAMPLE_TOKEN, hosts: [api.example.com]}]
"""


@dataclass
class Shell:
    """Runs commands and keeps what they printed."""

    capture: pytest.CaptureFixture[str]
    runtime: FakeRuntime
    world: World
    folder: Path
    out: str = ""
    err: str = ""

    def __call__(self, *words: str) -> int:
        """The exit code of `bottle-tui words…`."""
        self.capture.readouterr()
        code = main(list(words))
        self.out, self.err = self.capture.readouterr()
        return code

    def json(self, *words: str) -> Any:
        """The document that a command prints with --json."""
        self(*words, "--json")
        return json.loads(self.out)

    def up(self, manifest: str = MANIFEST) -> None:
        """A running bottle `box`."""
        (self.folder / "bottle.yaml").write_text(manifest)
        assert self("up") == 0, self.err


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    clock = FakeClock()
    runtime = FakeRuntime(clock)
    runtime.name = "docker"
    world = World(
        home=DiskHome(tmp_path / "home"),
        runtimes={"docker": runtime},
        clock=clock,
        environ={"EXAMPLE_TOKEN": "value-of-the-token"},
        operator="op",
        authorities=CertificateAuthorities(),
    )
    make: Callable[[], World] = lambda: world  # noqa: E731
    monkeypatch.setattr("bottle_tui.cli.context.build_world", make)
    panes = ("TMUX", "ZELLIJ", "WEZTERM_PANE", "KITTY_WINDOW_ID")
    for name in ("BOTTLE_TUI_RUNTIME", "BOTTLE_TUI_DEBUG", "VISUAL", "EDITOR", *panes):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Shell(capsys, runtime, world, folder)
