"""Requests per second: the gate against the same mitmproxy without it, behind the hop and behind the real pipelock.

Everything runs in containers of one bottle: the load in the agent's, and beside the gate a bare `mitmdump` of the same
image, on the same networks, in upstream mode to the same parent.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.bottles import bottle
from tests.bench.report import Row
from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle

LOAD = (engine.CHECKOUT / "tests" / "bench" / "load.py").read_bytes()
HOST = "api.example.com"
ROUTE = {"host": HOST, "ports": [80, 443]}
REQUESTS = 400
ROUNDS = 3


def _per_second(bottle: Bottle, proxy: str, url: str, connections: int = 8, requests: int = REQUESTS) -> float:
    order = {"proxy": [proxy, 9099], "url": url, "connections": connections, "requests": requests}
    words = ("exec", "-i", bottle.container("agent"), "python", "-", json.dumps(order))
    said = json.loads(engine.docker(*words, stdin=LOAD, timeout=120))
    # Behind pipelock a bare mitmproxy now and then answers 502 on a connection that pipelock has just closed.
    assert said["failed"] <= (requests // 50 if proxy == "bare" else 0), said
    return float(said["per_second"])


@contextmanager
def _bare(bottle: Bottle) -> Iterator[str]:
    """A bare mitmdump beside the gate; its name on the agent's network."""
    gate = bottle.container("egress")
    image = engine.docker("inspect", "--format", "{{.Image}}", gate)
    name = f"{bottle.slug}-bare"
    words = ["create", "--name", name, "--network", f"bottle-{bottle.slug}-chain", "--entrypoint", "mitmdump"]
    words += ["--tmpfs", "/tmp", "--env", "HOME=/tmp", "--user", "10001:10001", image]
    words += ["-q", "--listen-port", "9099", "--mode", "upstream:http://pipelock:8888"]
    words += ["--set", "confdir=/tmp/mitm", "--set", "connection_strategy=lazy"]
    words += ["--set", "ssl_verify_upstream_trusted_ca=/srv/trust.pem"]
    trust = engine.fetch_file(gate, "/etc/egress/trust/pipelock.pem") + bottle.outside.authority
    engine.docker(*words)
    try:
        engine.put_file(name, "/srv/trust.pem", trust)
        engine.docker("network", "connect", "--alias", "bare", f"bottle-{bottle.slug}-agent", name)
        engine.docker("start", name)
        wait = "import socket\nwhile 1:\n try: socket.create_connection(('bare', 9099), 1); break\n except OSError: 0"
        engine.docker("exec", bottle.container("agent"), "python", "-c", wait, timeout=30)
        yield "bare"
    finally:
        engine.run(("docker", "rm", "--force", name))


def _ratio(ours: list[float], other: list[float]) -> tuple[float, str]:
    a, b = max(ours), max(other)  # whatever else runs only ever slows them down
    return a / b, f"{a:.0f} against {b:.0f} requests/s"


def _against_bare(bottle: Bottle, url: str, connections: int = 8, requests: int = REQUESTS) -> tuple[float, str]:
    ours, other = [], []
    with _bare(bottle) as bare:
        for _ in range(ROUNDS):
            other.append(_per_second(bottle, bare, url, connections, requests))
            ours.append(_per_second(bottle, "egress", url, connections, requests))
    return _ratio(ours, other)


def _behind_the_hop() -> list[Row]:
    found = []
    for size in (10, 10_000):
        hosts = [f"h{number}.bulk.test" for number in range(size - 1)]
        with bottle("bench", hop=True, egress={"routes": [ROUTE], "allowlist": hosts}) as running:
            for name, url in (("HTTP", f"http://{HOST}/bench"), ("intercepted TLS", f"https://{HOST}/bench")):
                ratio, measured = _against_bare(running, url)
                found.append(
                    Row(f"gate with {size:,} routes, {name}, against bare mitmproxy", ratio, measured, "higher")
                )
    return found


def _behind_pipelock() -> list[Row]:
    if not engine.has_real_pipelock():
        return []
    found = []
    with bottle("bench", egress={"routes": [ROUTE]}) as running:
        for connections in (1, 16):
            ratio, measured = _against_bare(running, f"https://{HOST}/bench", connections, 200)
            what = f"chain gate → pipelock, {connections} HTTP/1.1 connections, against bare mitmproxy → pipelock"
            found.append(Row(what, ratio, measured, "higher"))
    return found


def rows() -> list[Row]:
    """Both chains."""
    return _behind_the_hop() + _behind_pipelock()
