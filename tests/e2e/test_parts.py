"""The tests' own parts work without the product: what the outside says, and what the agent's tools see of it."""

import json
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
