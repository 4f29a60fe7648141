"""An engine behind ssh is reached through a socket that only this account can open."""

import socket
import stat
from pathlib import Path

import pytest

from bottle_tui.adapters.docker import ssh_bridge
from bottle_tui.adapters.docker.ssh_bridge import SshBridge, ssh_command


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ssh://box.test", ["--", "box.test"]),
        ("ssh://me@box.test:2222", ["-l", "me", "-p", "2222", "--", "box.test"]),
    ],
)
def test_the_systems_own_ssh_is_used(address: str, expected: list[str]) -> None:
    assert ssh_command(address) == ["ssh", "-T", *expected, "docker", "system", "dial-stdio"]


@pytest.mark.parametrize("address", ["ssh://", "ssh://-oProxyCommand=x", "ssh://-l@box.test", "ssh://box.test/socket"])
def test_an_address_that_could_be_an_option_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="ssh://"):
        ssh_command(address)


@pytest.fixture
def echoing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshBridge:
    """A bridge whose far end sends back what it gets, and a last word when the near end has finished sending."""
    script = tmp_path / "far-end"
    script.write_text("#!/bin/sh\ncat\necho end\n")
    script.chmod(0o700)
    monkeypatch.setattr(ssh_bridge, "ssh_command", lambda address: [str(script)])
    return SshBridge("ssh://box.test")


def connected(bridge: SshBridge) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(5)
    sock.connect(bridge.url.removeprefix("unix://"))
    return sock


def test_bytes_go_both_ways_and_a_half_close_reaches_the_far_end(echoing: SshBridge) -> None:
    with connected(echoing) as sock:
        sock.sendall(b"hello\n")
        assert sock.recv(100) == b"hello\n"
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b"end\n"
        assert sock.recv(100) == b""


def test_nobody_else_can_open_the_socket(echoing: SshBridge) -> None:
    folder = Path(echoing.url.removeprefix("unix://")).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_closing_takes_the_socket_away(echoing: SshBridge) -> None:
    path = Path(echoing.url.removeprefix("unix://"))
    echoing.close()
    assert not path.exists()
