"""From the operator's decision to the agent's passing retry, against the least that any way could take.

The floor: two copies, two signals, two acks. The other: restarting pipelock for every route.
"""

import hashlib
import json
import statistics
import time
from datetime import UTC, datetime

from bottle_tui.cli.world import build_world
from bottle_tui.ports import Sidecar
from bottle_tui.services import decide, lookup, review
from tests.bench.bottles import bottle
from tests.bench.report import Row
from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle

HOSTS = ("files.example.net", "other.example.net", "pinned.example.org", "stream.example.org", "socket.example.org")
TABLE, CONFIG = "/etc/egress/routes.yaml", "/etc/pipelock/pipelock.yaml"


def _ack(sidecar: Sidecar, path: str, data: bytes, name: str, **facts: str) -> None:
    """Copy, signal, wait for the line that says so."""
    lines = sidecar.follow(since=datetime.now(UTC))
    try:
        sidecar.put(path, data)
        sidecar.signal()
        while line := lines.next(10):
            event = engine.as_event(line)
            if event.get("event") == name and facts.items() <= event.items():
                return
        raise AssertionError(f"no {name}")
    finally:
        lines.close()


def _floor(running: Bottle, gate: Sidecar, pipelock: Sidecar) -> tuple[list[float], list[float]]:
    """Seconds of the bare mechanics, hot and with a restart of pipelock."""
    table = json.loads(gate.read(TABLE) or b"{}")
    config = pipelock.read(CONFIG) or b""
    digest = running.control({"verb": "status"})["digest"]
    hot, cold = [], []
    for number in range(2 * len(HOSTS)):
        table |= {"apply": f"01ARZ3NDEKTSV4RRFFQ69G5{number:03d}", "base": digest}
        data = json.dumps(table).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        written = config + f"# bench {number}\n".encode()
        start = time.perf_counter()
        if number % 2:
            pipelock.put(CONFIG, written)
            pipelock.restart()
            lines = running.follow("pipelock")
            lines.event("startup", config_hash=hashlib.sha256(written).hexdigest())
            lines.close()
        else:
            _ack(pipelock, CONFIG, written, "config_reload", config_hash=hashlib.sha256(written).hexdigest())
        _ack(gate, TABLE, data, "routes_loaded", apply=str(table["apply"]))
        (cold if number % 2 else hot).append(time.perf_counter() - start)
    return hot, cold


def _approvals(running: Bottle) -> tuple[list[float], list[float]]:
    """Seconds of each approval, and from the key to the passed retry."""
    world = build_world(running.environment())
    decided, passed = [], []
    for host in HOSTS:
        call, id = running.ask(host=host, path_allowlist=["/bench/"])
        card = review.card(world, id)
        assert card.change, card.problem
        start = time.perf_counter()
        outcome = decide.approve(world, id, card.change.digest, acknowledged=True)
        decided.append(time.perf_counter() - start)
        assert outcome.in_force, outcome
        assert running.curl(f"https://{host}/bench/a").status == 200
        passed.append(time.perf_counter() - start)
        call.answer()
    return decided, passed


def rows() -> list[Row]:
    """Ours against the floor and against restarts."""
    with bottle("apply", egress={"allowlist": ["api.example.com"]}) as running:
        decided, passed = (statistics.median(seconds) for seconds in _approvals(running))
        world = build_world(running.environment())
        recorded = lookup.recorded(world, running.slug)
        runtime = world.runtimes[recorded.runtime]
        sidecars = runtime.sidecar(recorded, "egress"), runtime.sidecar(recorded, "pipelock")
        hot, cold = (statistics.median(seconds) for seconds in _floor(running, *sidecars))
    return [
        Row(
            "approve, against two copies, two signals, two acks", decided / hot, f"{decided:.2f} s against {hot:.2f} s"
        ),
        Row("approve → retry passes, against the same floor", passed / hot, f"{passed:.2f} s against {hot:.2f} s"),
        Row(
            "approve, against restarting pipelock for the route",
            decided / cold,
            f"{decided:.2f} s against {cold:.2f} s",
        ),
    ]
