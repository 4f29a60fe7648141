"""Tokens: the upstream sees them; nobody on the agent's side, no log and no disk of the host ever does."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

TOKEN = "e2e-token-that-nobody-may-see-3f9c1a77d2"
OTHER = "e2e-token-for-a-grant-91b2aa40fe"
ROLES = ("agent", "egress", "pipelock", "supervise")
ROUTE = {
    "host": "api.example.com",
    "path_allowlist": ["/v1/", "/reflect"],
    "auth": {"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"},
}


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    grantable = [{"token_ref": "OTHER_TOKEN", "hosts": ["files.example.net"]}]
    return make_bottle(
        "auth",
        egress={"routes": [ROUTE], "allowlist": ["other.example.net"]},
        supervise={"grantable_tokens": grantable},
        environ={"EXAMPLE_TOKEN": TOKEN, "OTHER_TOKEN": OTHER},
    )


def digest(value: str) -> str:
    """A credential as the outside echoes it."""
    return hashlib.sha256(value.encode()).hexdigest()


def seen_authorization(bottle: Bottle, url: str, *options: str) -> list[str]:
    reply = bottle.curl(url, *options)
    assert reply.status == 200, reply
    return [value for name, value in reply.json()["headers"] if name.lower() == "authorization"]


def test_the_upstream_sees_the_real_header_and_not_what_the_agent_sent(bottle: Bottle) -> None:
    sent = ("-H", "Authorization: Bearer of-the-agent", "-H", "Cookie: session=of-the-agent", "-H", "X-Api-Key: mine")
    reply = bottle.curl("https://api.example.com/v1/a?api_key=mine", *sent)
    assert reply.status == 200, reply
    headers = {name.lower(): value for name, value in reply.json()["headers"]}
    assert headers["authorization"] == digest(f"Bearer {TOKEN}")
    assert "of-the-agent" not in reply.body and "mine" not in reply.json()["path"]
    assert "x-api-key" not in headers and "cookie" not in headers


def test_a_token_goes_nowhere_but_to_its_host_and_its_paths(bottle: Bottle) -> None:
    assert seen_authorization(bottle, "https://other.example.net/a") == []
    assert bottle.curl("https://api.example.com/v2/a").reason == "path_not_allowed"
    assert bottle.curl("http://api.example.com/v1/a").status == 403


def test_a_response_that_contains_the_token_is_cut(bottle: Bottle) -> None:
    before = len(bottle.events("egress", "finished"))
    for url in ("https://api.example.com/reflect", "https://api.example.com/reflect?in=header"):
        reply = bottle.curl(url)
        assert TOKEN not in reply.body + json.dumps(reply.headers)
    cuts = [event.get("cut") for event in bottle.events("egress", "finished")[before:]]
    assert "token_reflected" in cuts


def test_an_ask_with_a_token_that_may_be_granted_gets_it_and_another_host_does_not(bottle: Bottle) -> None:
    auth = {"scheme": "Bearer", "token_ref": "OTHER_TOKEN"}
    refused = bottle.call("egress-block", {"host": "control.example.com", "auth": auth, "justification": "x"}).answer()
    assert refused["error"] and "OTHER_TOKEN" in refused["text"]
    bottle.grant(host="files.example.net", path_allowlist=["/v1/"], auth=auth)
    assert seen_authorization(bottle, "https://files.example.net/v1/a") == [digest(f"Bearer {OTHER}")]


def places_of(text: str, folder: Path) -> list[str]:
    needle = text.encode()
    return [str(path) for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


@pytest.mark.parametrize("token", [TOKEN, OTHER])
def test_no_container_log_environment_or_file_holds_a_token(bottle: Bottle, token: str) -> None:
    seen_authorization(bottle, "https://api.example.com/v1/look")
    for role in ROLES:
        name = bottle.container(role)
        assert token not in engine.docker("inspect", name), role
        logs = engine.run(("docker", "logs", name))
        assert token not in logs.out + logs.err, role
        assert token.encode() not in files_of(name), role
    assert token not in bottle.agent("env").out
    processes = bottle.agent(
        "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    ).out
    assert token not in processes
    assert places_of(token, bottle.folder) == []


def files_of(container: str) -> bytes:
    """What is on a container's disk beside its image, volumes included (a tmpfs is no disk)."""
    mounts = json.loads(engine.docker("inspect", "--format", "{{json .Mounts}}", container))
    found = b""
    for place in [mount["Destination"] for mount in mounts if mount["Type"] == "volume"]:
        found += subprocess.run(("docker", "cp", f"{container}:{place}", "-"), capture_output=True, check=True).stdout
    return found


@pytest.fixture
def restarted(bottle: Bottle) -> Iterator[Bottle]:
    engine.docker("restart", "--time", "2", bottle.container("egress"))
    lines = bottle.follow("egress")
    try:
        lines.event("gate_ready")
        lines.event("gate_ready")
    finally:
        lines.close()
    yield bottle
    bottle.up()


def test_after_a_restart_of_egress_the_bottle_needs_tokens_and_gets_them_back(restarted: Bottle) -> None:
    assert restarted.state()["state"] == "needs_tokens"
    assert restarted.curl("https://api.example.com/v1/a").reason == "token_missing"
    assert restarted.curl("https://other.example.net/a").status == 200
    assert restarted.up().code == 0
    assert restarted.state()["state"] == "running"
    assert seen_authorization(restarted, "https://api.example.com/v1/a") == [digest(f"Bearer {TOKEN}")]


def test_an_unset_token_stops_the_launch_and_names_variable_and_route(new_bottle: MakeBottle) -> None:
    bottle = new_bottle("unset", egress={"routes": [ROUTE]}, environ={"EXAMPLE_TOKEN": ""})
    done = bottle.up()
    assert done.code == 1 and "EXAMPLE_TOKEN" in done.err and "api.example.com" in done.err
    assert engine.docker("ps", "--all", "--quiet", "--filter", f"name=bottle-{bottle.slug}-") == ""
