"""The probe must be able to say yes: everything here is reached on loopback."""

import json
import socket
import subprocess
import sys

import pytest

from sidecar_addon import probe


def test_a_port_that_listens_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = probe.answer({"targets": [["127.0.0.1", port]], "names": []})
    assert found == {"reached": [f"127.0.0.1:{port}"], "resolved": [], "tried": 1}


def test_a_refused_connection_has_met_a_host_and_counts_as_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert probe.reaches("127.0.0.1", port)


def test_a_name_that_resolves_is_told() -> None:
    found = probe.answer({"targets": [], "names": ["localhost", "no-such-name.invalid"]})
    assert found["resolved"] == ["localhost"]


def test_nothing_asked_is_nothing_tried() -> None:
    assert probe.answer({}) == {"reached": [], "resolved": [], "tried": 0}


def test_the_listener_says_where_it_listens_and_can_be_reached_there() -> None:
    words = [sys.executable, "-m", "sidecar_addon", "probe", "listen"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            where = json.loads(process.stdout.readline())
            assert probe.reaches("127.0.0.1", where["port"])
        finally:
            process.terminate()
    assert "127.0.0.1" not in where["addresses"]


def test_words_that_are_no_question_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main([]) == 2
    assert "listen" in capsys.readouterr().err


FIB = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.213.0.0/28 2 0 2
        |-- 10.213.0.0
           /28 link UNICAST
        |-- 10.213.0.1
           /32 host LOCAL
        |-- 10.213.0.15
           /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
"""


def test_the_hosts_own_addresses_are_read_from_the_kernels_tree() -> None:
    assert probe._ipv4(FIB.splitlines()) == {"10.213.0.1", "127.0.0.1"}


def test_global_addresses_of_the_newer_protocol_are_read_too() -> None:
    lines = [
        "fd000000000000000000000000000002 04 40 00 80     eth0",
        "fe800000000000000000000000000001 04 40 20 80     eth0",
        "nonsense",
    ]
    assert probe._ipv6(lines) == {"fd00::2"}


def test_a_listener_whose_launcher_died_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(probe, "LISTEN_SECONDS", 0.05)
    assert probe.main(["listen"]) == 0
    assert json.loads(capsys.readouterr().out)["port"]
