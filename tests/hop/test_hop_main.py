"""The hop as a process of its own: its signals."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sidecar_addon.hop import main
from sidecar_addon.hop.events import Events
from sidecar_addon.hop.proxy import Hop


@pytest.fixture
def ignored() -> Iterator[None]:
    """As `main` leaves it before the loop runs: an early signal ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    whole = {
        "version": 1,
        "mode": "strict",
        "enforce": True,
        "api_allowlist": ["localhost"],
        "fetch_proxy": {"listen": f"127.0.0.1:{port}"},
        "forward_proxy": {"enabled": True},
    }
    (tmp_path / "pipelock.yaml").write_text(yaml.safe_dump(whole))
    return tmp_path / "pipelock.yaml"


def test_a_reload_that_comes_with_the_startup_line_is_not_lost(ignored: None, path: Path) -> None:
    seen: list[str] = []

    def emit(line: str) -> None:
        event = json.loads(line)["event"]
        seen.append(event)
        if event == "startup":
            os.kill(os.getpid(), signal.SIGHUP)
        if event == "config_reload":
            os.kill(os.getpid(), signal.SIGTERM)

    hop = Hop(path, Events(emit, seen.append))
    asyncio.run(asyncio.wait_for(main._run(hop), 10))
    assert seen == ["startup", "config_reload", "shutdown"]
