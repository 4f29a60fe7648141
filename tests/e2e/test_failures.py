"""Whatever breaks, less gets through: sidecars killed, silent, refusing; and what is said afterwards is true."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

OPEN = "https://api.example.com/"


@pytest.fixture(scope="module")
def shared(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("fail", egress={"allowlist": ["api.example.com"]}, supervise={"wait_seconds": 5})


@pytest.fixture
def bottle(shared: Bottle) -> Iterator[Bottle]:
    """The bottle, whole before and after each test."""
    yield shared
    for role in ("egress", "pipelock", "supervise"):
        engine.run(("docker", "kill", "--signal", "CONT", shared.container(role)))
    done = shared.up()
    assert done.code == 0, done
    assert shared.curl(OPEN).status == 200


@pytest.mark.parametrize("role", ["egress", "pipelock"])
def test_with_a_killed_proxy_the_agent_gets_nothing_out(bottle: Bottle, role: str) -> None:
    before = len(bottle.outside.requests("api.example.com"))
    bottle.signal(role, "KILL")
    reply = bottle.curl(OPEN)
    assert reply.status in (0, 502, 403), reply
    assert len(bottle.outside.requests("api.example.com")) == before
    row = bottle.state()
    assert (row["state"], row["sidecars"][role]) == ("degraded", "down")


def test_with_supervise_killed_the_loop_resumes_after_its_restart_and_nothing_is_lost(bottle: Bottle) -> None:
    ask = {"host": "files.example.net", "path_allowlist": ["/kept/"]}
    _, id = bottle.ask(seconds=3, **ask)
    assert id in [row["id"] for row in bottle.ok("proposals")]
    bottle.signal("supervise", "KILL")
    assert bottle.curl(OPEN).status == 200
    assert id in [row["id"] for row in bottle.ok("proposals")]
    engine.docker("start", bottle.container("supervise"))
    lines = bottle.follow("supervise")
    try:
        lines.event("supervise_ready")
        lines.event("supervise_ready")
    finally:
        lines.close()
    done = bottle.approve(id)
    assert done.code == 0, done
    assert bottle.call("proposal-status", {"id": id}).answer()["structured"]["status"] == "approved"
    assert bottle.curl("https://files.example.net/kept/a").status == 200


def test_quarantine_works_with_the_gate_stopped(bottle: Bottle) -> None:
    bottle.signal("egress", "STOP")
    bottle.cli("quarantine", bottle.slug)
    networks = engine.docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", bottle.container("egress"))
    assert f"bottle-{bottle.slug}-chain" not in json.loads(networks)
    before = len(bottle.outside.requests("api.example.com"))
    bottle.signal("egress", "CONT")
    assert bottle.curl(OPEN).status in (0, 403, 502)
    assert bottle.state()["state"] == "quarantined"
    assert len(bottle.outside.requests("api.example.com")) == before
    released = bottle.cli("release", bottle.slug)
    assert released.code == 0, released
    assert bottle.curl(OPEN).status == 200


def test_quarantine_denies_and_release_brings_everything_back(bottle: Bottle) -> None:
    assert bottle.cli("quarantine", bottle.slug).code == 0
    reply = bottle.curl(OPEN)
    assert reply.reason == "quarantined" or (reply.status == 0 and "403" in reply.error), reply
    assert bottle.cli("release", bottle.slug).code == 0
    assert bottle.curl(OPEN).status == 200


def test_a_silent_pipelock_leaves_egress_untouched_and_the_message_says_so(bottle: Bottle) -> None:
    before = bottle.routes()["digest"]
    _, id = bottle.ask(seconds=3, host="other.example.net", path_allowlist=["/silent/"])
    bottle.signal("pipelock", "STOP")
    done = bottle.approve(id)
    bottle.signal("pipelock", "CONT")
    assert done.code == 5, done
    assert "pipelock" in done.out + done.err
    assert bottle.control({"verb": "status"})["digest"] == before
    assert bottle.curl("https://other.example.net/silent/a").reason == "host_not_allowed"
    told = bottle.call("proposal-status", {"id": id}).answer()["structured"]
    assert told.get("in_force") is not True
    retried = bottle.approve(id)
    assert retried.code == 0, retried
    assert bottle.curl("https://other.example.net/silent/a").status == 200


def test_a_pipelock_that_hangs_is_not_called_up_and_is_again_once_it_answers(bottle: Bottle) -> None:
    def told(word: str) -> dict[str, Any]:
        end = time.monotonic() + 60
        while (row := bottle.state())["sidecars"]["pipelock"] != word:
            assert time.monotonic() < end, row
        return row

    bottle.signal("pipelock", "STOP")
    row = told("unknown")
    assert row["state"] == "degraded"
    assert "pipelock hangs: nothing passes" in row["note"]
    bottle.signal("pipelock", "CONT")
    assert told("up")["state"] == "running"


@pytest.mark.parametrize("role", ["pipelock", "supervise"])
def test_a_paused_container_is_not_called_up_and_up_has_it_run_again(bottle: Bottle, role: str) -> None:
    engine.docker("pause", bottle.container(role))
    row = bottle.state()
    assert (row["state"], row["sidecars"][role]) == ("degraded", "down")
    assert bottle.up().code == 0
    assert bottle.state()["state"] == "running"


def test_a_gate_that_cannot_read_the_new_table_keeps_the_old_one_and_both_are_restored(bottle: Bottle) -> None:
    gate = bottle.container("egress")
    before = bottle.routes()["digest"]
    hosts = bottle.ok("pipelock", "show", bottle.slug)["hosts"]
    _, id = bottle.ask(seconds=3, host="control.example.com", path_allowlist=["/rejected/"])
    engine.docker("exec", gate, "chmod", "000", "/etc/egress")
    try:
        done = bottle.approve(id)
    finally:
        engine.docker("exec", gate, "chmod", "755", "/etc/egress")
    assert done.code == 5, done
    assert bottle.control({"verb": "status"})["digest"] == before
    assert bottle.ok("pipelock", "show", bottle.slug)["hosts"] == hosts
    assert bottle.curl("https://control.example.com/rejected/a").reason == "host_not_allowed"
    assert "not in force" in done.out + done.err


def test_a_stopped_gate_means_that_nobody_knows_and_quarantine_is_advised(bottle: Bottle) -> None:
    _, id = bottle.ask(seconds=3, host="barktree.test", path_allowlist=["/unknown/"])
    bottle.signal("egress", "STOP")
    done = bottle.approve(id)
    bottle.signal("egress", "CONT")
    assert done.code == 6, done
    assert "quarantine" in done.out + done.err
    said = bottle.routes()
    reply = bottle.curl("https://barktree.test/unknown/a")
    assert (reply.status == 200) == any(route["host"] == "barktree.test" for route in said["routes"])


def test_a_table_changed_by_hand_under_the_gate_is_not_overwritten_in_silence(bottle: Bottle) -> None:
    gate = bottle.container("egress")
    engine.docker("exec", gate, "sh", "-c", "rm -f /etc/egress/routes.yaml; echo '{broken' > /etc/egress/routes.yaml")
    bottle.signal("egress", "HUP")
    lines = bottle.follow("egress")
    try:
        lines.event("routes_rejected")
    finally:
        lines.close()
    assert bottle.curl(OPEN).status == 200
    assert bottle.routes()["in_force"] is True


def test_a_restarted_gate_with_a_broken_table_denies_everything(bottle: Bottle) -> None:
    gate = bottle.container("egress")
    engine.docker("exec", gate, "sh", "-c", "rm -f /etc/egress/routes.yaml; echo '{broken' > /etc/egress/routes.yaml")
    engine.docker("restart", "--time", "2", gate)
    before = len(bottle.outside.requests("api.example.com"))
    reply = bottle.curl(OPEN, "--retry", "5", "--retry-connrefused", "--retry-delay", "1")
    assert "CONNECT tunnel failed, response 403" in reply.error, reply
    assert len(bottle.outside.requests("api.example.com")) == before
