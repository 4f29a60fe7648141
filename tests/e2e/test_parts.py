"""The tests' own parts work without the product: what the outside says, and what the agent's tools see of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.outside import Outside


@pytest.fixture(scope="module")
def network(outside: Outside) -> Iterator[str]:
    name = f"{outside_name(outside)}-net"
    engine.docker("network", "create", name)
    outside.join(name)
    yield name
    outside.leave(name)
    engine.docker("network", "rm", name)


def outside_name(outside: Outside) -> str:
    return engine.docker("inspect", "--format", "{{.Name}}", outside.container).lstrip("/")


def in_agent(image: str, network: str, *words: str, env: str = "X=1") -> str:
    return engine.docker("run", "--rm", "--network", network, "--env", env, image, *words)


def test_the_outside_echoes_what_it_saw_and_keeps_a_record(outside: Outside, network: str, agent_image: str) -> None:
    seen = json.loads(in_agent(agent_image, network, "curl", "-sSk", "-d", "four", "https://api.example.com/parts?q=1"))
    assert (seen["method"], seen["path"], seen["server_name"], seen["bytes"]) == ("POST", "/parts?q=1", seen["host"], 4)
    assert [request["method"] for request in outside.requests("api.example.com", "/parts")] == ["POST"]


def test_the_outside_streams_events_and_large_bodies(network: str, agent_image: str) -> None:
    events = in_agent(agent_image, network, "curl", "-sSk", "https://stream.example.org/events?count=2&every=1")
    assert events.count("data: ") == 2
    size = in_agent(
        agent_image,
        network,
        "curl",
        "-sSk",
        "-o",
        "/dev/null",
        "-w",
        "%{size_download}",
        "http://tree.test/bytes/900001",
    )
    assert size == "900001"


def test_the_agent_can_look_around_below_http(network: str, agent_image: str) -> None:
    order = json.dumps({"reach": [["api.example.com", 443], ["api.example.com", 444]]})
    assert list(json.loads(in_agent(agent_image, network, "python", "/opt/parts/raw.py", order)).values()) == [
        "open",
        "Connection refused",
    ]


def left_by(run: str) -> tuple[str, str]:
    """A network and a volume that carry its label, as a run leaves them that was killed after its containers went."""
    label = ("--label", f"bottle-tui.slug={run}-box")
    names = (f"left-network-{os.getpid()}", f"left-volume-{os.getpid()}")
    for kind, name in zip(("network", "volume"), names, strict=True):
        engine.docker(kind, "create", *label, name)
    return names


def listed() -> set[str]:
    words = (("network", "ls", "--format", "{{.Name}}"), ("volume", "ls", "--format", "{{.Name}}"))
    return {name for each in words for name in engine.docker(*each).splitlines()}


def test_what_a_killed_run_left_is_known_by_its_label_and_goes() -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    run = f"e2e-p{dead.stdout.strip()}"
    left = left_by(run)
    try:
        assert run in engine.dead_runs()
        engine.sweep(run)
        assert not listed() & set(left)
    finally:
        engine.sweep(run)


def test_a_run_that_goes_on_is_not_taken_for_a_dead_one() -> None:
    run = f"e2e-p{os.getpid()}-swept"
    left = left_by(run)
    try:
        assert f"e2e-p{os.getpid()}" not in engine.dead_runs()
        engine.sweep(f"e2e-p{os.getpid()}-swe")
        assert set(left) <= listed()
    finally:
        engine.sweep(run)
