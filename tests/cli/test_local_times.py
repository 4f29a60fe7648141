"""Whoever reads a command's text has a clock on the wall: times are local; documents stay UTC."""

import time

import pytest

from tests.cli.conftest import Shell

KATHMANDU = "NPT-5:45"
DENIED = {"event": "denied", "id": "1", "method": "GET", "host": "evil.test", "path": "/", "reason": "host_not_allowed"}


@pytest.fixture
def abroad(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A bottle whose operator sits 5 h 45 min east of UTC, where it is 17:45."""
    monkeypatch.setenv("TZ", KATHMANDU)
    time.tzset()
    shell.up()
    shell.runtime.gate("box").say({**DENIED, "time": "2026-01-01T11:58:05.678Z"})
    return shell


def test_the_card_says_since_when_on_the_readers_clock(abroad: Shell) -> None:
    identity = abroad.runtime.supervise("box").file("egress-block", host="evil.test", path_allowlist=["/"])
    assert abroad("show", identity) == 0
    assert "since 17:43" in abroad.out and "last 114 s ago" in abroad.out
    assert abroad.json("show", identity)["evidence"]["replay"]["since"].startswith("2026-01-01T11:58:05")


def test_the_ledger_is_on_the_readers_clock(abroad: Shell) -> None:
    assert abroad("routes", "add", "box", "api.example.com", "--for", "15m") == 0, abroad.err
    assert abroad("audit", "show", "box") == 0
    assert "2026-01-01 17:45" in abroad.out and " 12:00" not in abroad.out
    assert {record["time"][:13] for record in abroad.json("audit", "show", "box")} == {"2026-01-01T12"}
    assert abroad("routes", "show", "box") == 0
    assert "2026-01-01 18:00:0" in abroad.out


def test_traffic_uses_and_log_lines_are_on_the_readers_clock(abroad: Shell) -> None:
    grant = abroad.json("routes", "show", "box")["routes"][0]["grants"][0]["id"]
    passed = {"event": "allowed", "id": "2", "method": "GET", "host": "docs.example.com", "path": "/a", "grant": grant}
    abroad.runtime.gate("box").say({**passed, "time": "2026-01-01T11:59:00.000Z"})
    assert abroad("routes", "show", "box") == 0
    assert "used 1×, last 01-01 17:44" in abroad.out
    assert abroad("traffic", "box", "--host", "evil.test") == 0
    assert "01-01 17:43" in abroad.out
    assert abroad("logs", "box", "egress") == 0
    assert "17:43:05" in abroad.out and "11:58:05" not in abroad.out
