"""Where the engine is looked for, and what is said when there is none."""

import socket
from pathlib import Path

import pytest

from bottle_tui.adapters.docker.engine import Engine, explanation, translated
from bottle_tui.adapters.docker.runtime import DockerRuntime
from bottle_tui.errors import EngineUnavailable, SidecarUnreachable


def said(address: str) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        DockerRuntime({"DOCKER_HOST": address}).check()
    return caught.value.message


def test_an_engine_that_is_not_there_is_said_in_one_line_with_what_starts_one(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/absent.sock"
    message = said(address)
    start = f"no container engine answers at {address} (DOCKER_HOST): its socket is not there; start Docker"
    assert message.startswith(start)
    assert "\n" not in message


def test_a_socket_that_nobody_serves_is_said(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    assert "nobody listens at its address" in said(f"unix://{path}")


def test_an_address_that_is_none_is_said() -> None:
    assert said("nonsense://x").startswith("no container engine answers at nonsense://x (DOCKER_HOST): ")


def test_a_context_that_does_not_exist_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(EngineUnavailable):
        DockerRuntime({"DOCKER_CONTEXT": "no-such-context", "DOCKER_CONFIG": str(tmp_path)}).check()


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("", False),
        ("unix:///var/run/docker.sock", False),
        ("ssh://box.test", True),
        ("tcp://192.0.2.1:2376", True),
    ],
)
def test_folders_of_this_machine_mean_nothing_to_an_engine_on_another(address: str, remote: bool) -> None:
    assert Engine({"DOCKER_HOST": address}).remote is remote


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("", "docker here"),
        ("unix:///var/run/docker.sock", "docker here"),
        ("ssh://box.test", "docker: ssh://box.test"),
        ("tcp://192.0.2.1:2376", "docker: tcp://192.0.2.1:2376"),
    ],
)
def test_the_title_never_calls_an_engine_local_which_is_the_runtime_that_contains_nothing(
    address: str, title: str
) -> None:
    assert DockerRuntime({"DOCKER_HOST": address}).describe() == title


def test_foreign_errors_become_ours_with_the_remedy() -> None:
    with (
        pytest.raises(SidecarUnreachable, match="reading: disk on fire; call somebody"),
        translated(SidecarUnreachable, "reading", "call somebody"),
    ):
        raise OSError("disk on fire")


def test_our_own_errors_pass_as_they_are() -> None:
    with pytest.raises(EngineUnavailable, match=r"^as it is$"), translated(SidecarUnreachable, "reading"):
        raise EngineUnavailable("as it is")


def test_an_explanation_is_one_line_of_bounded_length() -> None:
    assert explanation(ValueError("a\n  b")) == "a b"
    assert len(explanation(ValueError("x" * 5000))) <= 600
    assert explanation(ValueError()) == "ValueError"
