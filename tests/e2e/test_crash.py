"""The decider killed with -9 in the middle: whoever comes next finishes or rolls back, and all records agree."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import COMMAND, Bottle, MakeBottle


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("crash", egress={"allowlist": ["api.example.com"]}, supervise={"wait_seconds": 5})


def wait_for_file(path: Path, process: subprocess.Popen[bytes], seconds: float = 20) -> bytes:
    """The journal, as soon as the decider has written it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if path.exists():
            return path.read_bytes()
    raise AssertionError(f"no journal at {path}; the decider ended with {process.poll()}")


def kill_in_apply(bottle: Bottle, id: str, held: str | None) -> None:
    """Starts an approval, kills it once its journal is there (and, with `held`, once it waits for that sidecar)."""
    digest = bottle.show(id)["digest"]
    if held:
        bottle.signal(held, "STOP")
    words = (COMMAND, "approve", id, "--digest", digest)
    decider = subprocess.Popen(words, env=bottle.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        journal = bottle.home / "apply.json"
        wait_for_file(journal, decider)
        if held:
            with pytest.raises(subprocess.TimeoutExpired):
                decider.wait(1.5)
    finally:
        decider.kill()
        decider.wait()
        if held:
            bottle.signal(held, "CONT")


def told_by(bottle: Bottle, host: str, id: str) -> dict[str, bool]:
    """Whether each place holds the approval to be in force."""
    reply = bottle.curl(f"https://{host}/")
    shown = bottle.show(id)
    agent = bottle.call("proposal-status", {"id": id}).answer()["structured"]
    return {
        "the agent's request": reply.status == 200,
        "the gate's table": any(route["host"] == host for route in bottle.routes()["routes"]),
        "pipelock's list": host in bottle.ok("pipelock", "show", bottle.slug)["hosts"],
        "the proposal": shown["status"] == "approved" and shown["in_force"],
        "the agent's answer": agent["status"] == "approved" and agent.get("in_force") is True,
    }


@pytest.mark.parametrize(
    ("host", "held"),
    [
        ("files.example.net", "pipelock"),
        ("other.example.net", "egress"),
        ("control.example.com", "supervise"),
        ("model.example.com", None),
        ("barktree.test", None),
    ],
)
def test_after_a_kill_in_the_middle_of_apply_everybody_agrees(bottle: Bottle, host: str, held: str | None) -> None:
    _, id = bottle.ask(seconds=3, host=host)
    kill_in_apply(bottle, id, held)
    said = bottle.cli("proposals", "--all", "--json")
    assert said.code == 0, said
    verdicts = told_by(bottle, host, id)
    if len(set(verdicts.values())) != 1:
        taken = bottle.approve(id)
        raise AssertionError(f"{verdicts}; journal left: {(bottle.home / 'apply.json').exists()}; then {taken}")
    if not verdicts["the proposal"]:
        done = bottle.approve(id)
        assert done.code == 0, done
        assert set(told_by(bottle, host, id).values()) == {True}
    assert bottle.cli("audit", "verify", bottle.slug).code == 0
    records = json.dumps(bottle.ok("audit", "show", bottle.slug))
    assert id in records
    assert engine.events(bottle.container("egress"))
