"""The decider killed with -9 in the middle: whoever comes next finishes or rolls back, and all records agree."""

import itertools
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.parts.bottle import COMMAND, Bottle, MakeBottle
from tests.terminal.screen import Terminal

STEPS = ("prepared", "pipelock", "egress", "prove", "kept", "recorded")
TRIES = 4
HOSTS = (f"h{number}.crash.test" for number in itertools.count())


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("crash", egress={"allowlist": ["api.example.com"]}, supervise={"wait_seconds": 2})


def step_of(journal: Path) -> str | None:
    """The step that the journal names, None when there is no journal."""
    try:
        return str(json.loads(journal.read_bytes())["step"])
    except FileNotFoundError:
        return None


class Command:
    """`bottle-tui approve` as the decider."""

    def __init__(self, bottle: Bottle, host: str, id: str) -> None:
        words = (COMMAND, "approve", id, "--digest", bottle.show(id)["digest"])
        self._process = subprocess.Popen(
            words, env=bottle.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def runs(self) -> bool:
        """Whether it still does."""
        return self._process.poll() is None

    @property
    def screen(self) -> str:
        """It has none."""
        return ""

    def kill(self) -> None:
        """With -9."""
        self._process.kill()
        self._process.wait()


class Dashboard:
    """The dashboard as the decider, on a terminal, by its key."""

    def __init__(self, bottle: Bottle, host: str, id: str) -> None:
        env = {name: value for name, value in bottle.environment().items() if name not in ("COLUMNS", "LINES")}
        self._terminal = Terminal([COMMAND], env)
        self._terminal.until(host)
        self._terminal.until_lit("a approve", like="q quit")
        self._terminal.type("a")

    def runs(self) -> bool:
        """Whether it has not closed its terminal; takes in what it draws."""
        return self._terminal.drain()

    @property
    def screen(self) -> str:
        """What stands on it."""
        return self._terminal.text

    def kill(self) -> None:
        """With -9."""
        self._terminal.kill()
        self._terminal.close()


type Decider = type[Command] | type[Dashboard]


def kill_at(by: Decider, bottle: Bottle, host: str, id: str, step: str, held: str | None = None) -> str | None:
    """Starts an approval and kills the decider once its journal names the step; the step at which it died."""
    journal = bottle.home / "apply.json"
    assert not journal.exists()
    if held:
        bottle.signal(held, "STOP")
    decider = by(bottle, host, id)
    reached = range(STEPS.index(step), len(STEPS))
    end = time.monotonic() + 30
    try:
        while decider.runs():
            assert time.monotonic() < end, f"it never came to {step}:\n{decider.screen}"
            found = step_of(journal)
            if found in STEPS and STEPS.index(found) in reached:
                break
    finally:
        decider.kill()
        if held:
            bottle.signal(held, "CONT")
    return step_of(journal)


def told_by(bottle: Bottle, host: str, id: str) -> dict[str, bool]:
    """Whether each place holds the approval to be in force."""
    shown = bottle.show(id)
    agent = bottle.call("proposal-status", {"id": id}).answer()["structured"]
    gate = bottle.control({"verb": "decide", "requests": [{"method": "GET", "url": f"https://{host}/"}]})
    results = [record for record in bottle.ok("audit", "show", bottle.slug) if record.get("proposal") == id]
    return {
        "the running gate": gate["answers"][0]["allowed"],
        "the agent's request": bottle.curl(f"https://{host}/").reason != "host_not_allowed",
        "the kept table": any(route["host"] == host for route in bottle.routes()["routes"]),
        "pipelock's list": host in bottle.ok("pipelock", "show", bottle.slug)["hosts"],
        "the proposal": shown["status"] == "approved" and shown["in_force"],
        "the agent's answer": agent["status"] == "approved" and agent.get("in_force") is True,
        "the ledger": bool(results) and results[-1].get("in_force") is True,
    }


def agreed(bottle: Bottle, host: str, id: str) -> bool:
    """What everybody says; fails when they do not say the same."""
    verdicts = told_by(bottle, host, id)
    assert len(set(verdicts.values())) == 1, json.dumps(verdicts)
    return verdicts["the proposal"]


def records(bottle: Bottle) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bottle.ok("audit", "show", bottle.slug)
    return found


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("by", [Command, Dashboard])
def test_after_a_kill_at_any_step_of_apply_everybody_agrees(bottle: Bottle, by: Decider, step: str) -> None:
    for _ in range(TRIES):
        host = next(HOSTS)
        _, id = bottle.ask(seconds=30, host=host)
        died_at = kill_at(by, bottle, host, id, step)
        if died_at == step:
            break
        assert bottle.up().code == 0  # it died later than wanted: settle that before the next try
    assert died_at == step, f"never caught it at {step}"
    following = bottle.up()
    assert following.code == 0, following
    assert not (bottle.home / "apply.json").exists()
    if not agreed(bottle, host, id):
        done = bottle.approve(id)
        assert done.code == 0, done
        assert agreed(bottle, host, id)
    assert bottle.cli("audit", "verify", bottle.slug).code == 0


def test_after_a_kill_while_pipelock_is_silent_the_next_command_waits_for_nobody(bottle: Bottle) -> None:
    host = next(HOSTS)
    _, id = bottle.ask(seconds=30, host=host)
    assert kill_at(Command, bottle, host, id, "pipelock", held="pipelock") == "pipelock"
    done = bottle.approve(id)
    assert done.code == 0, done
    assert agreed(bottle, host, id)


def test_a_kill_in_the_middle_of_a_revoke_ends_in_a_revoke(bottle: Bottle) -> None:
    host = next(HOSTS)
    bottle.grant(host=host)
    words = (COMMAND, "routes", "revoke", bottle.slug, host)
    journal = bottle.home / "apply.json"
    decider = subprocess.Popen(words, env=bottle.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while decider.poll() is None and step_of(journal) not in ("prove", "pipelock") and time.monotonic() < end:
        pass
    decider.kill()
    decider.wait()
    assert bottle.cli("proposals", "--all").code == 0
    assert bottle.cli("routes", "revoke", bottle.slug, host).code in (0, 3, 4)
    gate = bottle.control({"verb": "decide", "requests": [{"method": "GET", "url": f"https://{host}/"}]})
    assert gate["answers"][0]["allowed"] is False
    assert not journal.exists()
    assert bottle.cli("audit", "verify", bottle.slug).code == 0
    assert records(bottle)
