"""Bodies and streams: what is allowed flows at once, what ends is cut at once, what is denied costs nothing."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

PLAIN = "api.example.com"
FREE = "stream.example.org"
PASSTHROUGH = {"host": FREE, "pipelock": {"tls_passthrough": True}}


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("stream", egress={"allowlist": [PLAIN, "other.example.net"], "routes": [PASSTHROUGH]})


@pytest.fixture
def ended(bottle: Bottle) -> Iterator[list[engine.Lines]]:
    """Streams of a test, ended with it."""
    lines: list[engine.Lines] = []
    yield lines
    bottle.end_streams()
    for line in lines:
        line.close()


@pytest.mark.parametrize("host", [PLAIN, FREE])
def test_the_first_event_reaches_the_agent_while_the_stream_is_open(
    bottle: Bottle, ended: list[engine.Lines], host: str
) -> None:
    stream = bottle.stream(f"https://{host}/events?count=0&every=500")
    ended.append(stream)
    stream.wait_for(lambda line: '"number": 0' in line, "the first event")
    assert stream.process.poll() is None
    over = [event for event in engine.events(bottle.outside.container) if event.get("event") == "stream_ended"]
    assert not [event for event in over if (event["host"], event["path"]) == (host, "/events?count=0&every=500")]


def test_a_revoke_ends_a_running_stream_within_a_second(bottle: Bottle, ended: list[engine.Lines]) -> None:
    answer = bottle.grant(host="files.example.net", path_allowlist=["/events"])
    stream = bottle.stream("https://files.example.net/events?count=0&every=100")
    ended.append(stream)
    stream.wait_for(lambda line: '"number": 1' in line, "the second event")
    gate = bottle.follow("egress")
    ended.append(gate)
    done = bottle.cli("routes", "revoke", bottle.slug, "files.example.net", "--json")
    assert done.code == 0, done
    stream.rest(timeout=10)
    finished = gate.event("finished", host="files.example.net", cut="revoked")
    loaded = next(
        event
        for event in reversed(bottle.events("egress", "routes_loaded"))
        if event["digest"] == bottle.routes()["digest"]
    )
    assert loaded["cut"] == 1 and finished["bytes_down"] > 0
    assert answer["structured"]["status"] == "approved"
    assert bottle.curl("https://files.example.net/events?count=1").reason in ("host_not_allowed", "path_not_allowed")


def test_an_expiry_ends_a_running_stream_by_itself(bottle: Bottle, ended: list[engine.Lines]) -> None:
    call, id = bottle.ask(host="pinned.example.org", path_allowlist=["/events"])
    done = bottle.cli("approve", id, "--for", "8s")
    assert done.code == 0, done
    assert call.answer()["structured"]["expires_at"]
    stream = bottle.stream("https://pinned.example.org/events?count=0&every=100")
    ended.append(stream)
    stream.wait_for(lambda line: '"number": 1' in line, "the second event")
    gate = bottle.follow("egress")
    ended.append(gate)
    gate.event("finished", timeout=20, host="pinned.example.org", cut="expired")
    stream.rest(timeout=5)
    assert bottle.curl("https://pinned.example.org/events?count=1").reason == "expired"


def peak(bottle: Bottle, role: str) -> int:
    """The most memory that a sidecar's first process has had resident, in MiB."""
    status = engine.docker("exec", bottle.container(role), "cat", "/proc/1/status")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def test_a_denied_upload_of_a_gibibyte_gets_its_403_at_once_with_flat_memory(bottle: Bottle) -> None:
    before = peak(bottle, "egress")
    upload = (
        "head -c 1073741824 /dev/zero | curl -sS -i -T - -H 'Expect:' --suppress-connect-headers -w '%{size_upload}'"
    )
    done = bottle.agent("sh", "-c", f"{upload} https://control.example.com/upload", timeout=120)
    assert "HTTP/1.1 403" in done.out or "HTTP/2 403" in done.out, done
    assert "host_not_allowed" in done.out
    assert int(done.out.rsplit("}", 1)[-1].strip() or 0) < 64 << 20, done.out[-200:]
    assert peak(bottle, "egress") - before < 64
    assert bottle.outside.requests("control.example.com", "/upload") == []


def test_an_allowed_upload_streams_with_flat_memory(bottle: Bottle) -> None:
    before = peak(bottle, "egress")
    upload = f"head -c 209715200 /dev/zero | curl -sS -T - https://{FREE}/upload"
    seen = json.loads(bottle.agent("sh", "-c", upload, timeout=120).out)
    assert seen["bytes"] == 209715200
    assert peak(bottle, "egress") - before < 64


def test_fifty_megabytes_arrive_whole_from_a_passthrough_host(bottle: Bottle) -> None:
    done = bottle.agent(
        "curl", "-sS", f"https://{FREE}/bytes/52428800", "-o", "/dev/null", "-w", "%{size_download} %{http_code}"
    )
    assert done.out == "52428800 200", done


@pytest.mark.real_pipelock
def test_a_body_too_large_to_scan_is_refused_with_the_reason_and_the_way_out(bottle: Bottle) -> None:
    reply = bottle.curl(f"https://{PLAIN}/bytes/52428800", timeout=120)
    assert (reply.status, reply.reason) == (403, "pipelock"), reply.headers
    assert "too large for scanning" in reply.body
    assert "pipelock-block" in " ".join(reply.headers.values()), reply.headers


def test_a_websocket_passes_where_a_grant_names_it_on_a_passthrough_host(make_bottle: MakeBottle) -> None:
    route = {"host": "socket.example.org", "methods": ["GET", "WEBSOCKET"], "pipelock": {"tls_passthrough": True}}
    bottle = make_bottle("socket", egress={"routes": [route], "allowlist": [PLAIN]})
    head = (
        "GET /ws HTTP/1.1\r\nHost: socket.example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    frame = "\x81\x84\x00\x00\x00\x00four"
    answer = bottle.raw({"connect": "socket.example.org:443", "sni": "socket.example.org", "send": head + frame})
    assert " 101 " in answer["received"].splitlines()[0] and "four" in answer["received"], answer


class Load(threading.Thread):
    """The agent fetches one address over and over, `workers` at a time, until `stop`; counts what came back."""

    def __init__(self, bottle: Bottle, url: str, workers: int = 2) -> None:
        super().__init__(daemon=True)
        self.bottle, self.url, self.workers = bottle, url, workers
        self.statuses: dict[str, int] = {}
        script = (
            "while [ ! -e /tmp/stop ]; do curl -sS -o /dev/null -w '%{http_code}\\n' --max-time 30 "
            f"'{url}' || echo failed; done"
        )
        self.script = f"rm -f /tmp/stop; for i in $(seq {workers}); do ({script}) & done; wait"

    def run(self) -> None:
        out = self.bottle.agent("sh", "-c", self.script, timeout=280).out
        for line in out.splitlines():
            self.statuses[line] = self.statuses.get(line, 0) + 1

    def stop(self) -> dict[str, int]:
        """Ends the load; status → how often."""
        self.bottle.agent("touch", "/tmp/stop")
        self.join(60)
        return self.statuses


def test_no_request_fails_during_a_hundred_reloads_of_both_sidecars(make_bottle: MakeBottle) -> None:
    bottle = make_bottle("reload", egress={"allowlist": [PLAIN, "other.example.net"]})
    gate, pipelock = bottle.container("egress"), bottle.container("pipelock")
    table = json.loads(engine.fetch_file(gate, "/etc/egress/routes.yaml"))
    config = engine.fetch_file(pipelock, "/etc/pipelock/pipelock.yaml")
    digest = bottle.control({"verb": "status"})["digest"]
    load = Load(bottle, "https://other.example.net/load")
    load.start()
    gate_says, pipelock_says = bottle.follow("egress"), bottle.follow("pipelock")
    try:
        for number in range(100):
            table |= {"apply": f"01ARZ3NDEKTSV4RRFFQ69G5{number:03d}", "base": digest}
            engine.put_file(gate, "/etc/egress/routes.yaml", json.dumps(table).encode(), owner=10001)
            engine.docker("kill", "--signal", "HUP", gate)
            digest = gate_says.event("routes_loaded", apply=table["apply"])["digest"]
            written = config + f"# reload {number}\n".encode()
            engine.put_file(pipelock, "/etc/pipelock/pipelock.yaml", written, owner=65532)
            engine.docker("kill", "--signal", "HUP", pipelock)
            pipelock_says.event("config_reload", config_hash=hashlib.sha256(written).hexdigest())
    finally:
        gate_says.close()
        pipelock_says.close()
        statuses = load.stop()
    assert set(statuses) == {"200"} and statuses["200"] > 20, statuses


@pytest.mark.real_pipelock
def test_a_switch_says_beforehand_how_many_streams_it_cuts(bottle: Bottle, ended: list[engine.Lines]) -> None:
    stream = bottle.stream(f"https://{FREE}/events?count=0&every=200")
    ended.append(stream)
    stream.wait_for(lambda line: '"number": 0' in line, "the first event")
    _, id = bottle.ask(tool="pipelock-block", host="other.example.net", want="passthrough")
    shown = bottle.show(id)
    assert "1 stream" in json.dumps([shown["risks"], shown["notes"], shown["facts"]]), shown["facts"]
    bottle.ok("reject", id, "--reason", "only a look")


@pytest.mark.real_pipelock
def test_switching_a_host_under_load_fails_no_new_request(bottle: Bottle, ended: list[engine.Lines]) -> None:
    stream = bottle.stream(f"https://{FREE}/events?count=0&every=200")
    ended.append(stream)
    stream.wait_for(lambda line: '"number": 0' in line, "the first event")
    load = Load(bottle, "https://other.example.net/switch")
    load.start()
    call, id = bottle.ask(tool="pipelock-block", host=PLAIN, want="passthrough")
    done = bottle.approve(id)
    statuses = load.stop()
    assert done.code == 0, done
    assert set(statuses) == {"200"}, statuses
    assert call.answer()["structured"]["status"] == "approved"
    state = {route["host"]: route["pipelock"] for route in bottle.routes()["routes"]}
    assert state[PLAIN] == "passthrough"
    assert bottle.curl(f"https://{PLAIN}/after").status == 200
    cut = [event for event in bottle.events("egress", "finished") if event.get("cut") == "pipelock_restart"]
    assert [event["host"] for event in cut] == [FREE]


@pytest.mark.real_pipelock
def test_a_scanned_host_that_silently_is_not_scanned_is_refused(make_bottle: MakeBottle) -> None:
    bottle = make_bottle("mismatch", egress={"allowlist": [PLAIN, "other.example.net"]})
    assert bottle.curl(f"https://{PLAIN}/scanned").status == 200
    pipelock = bottle.container("pipelock")
    config = engine.fetch_file(pipelock, "/etc/pipelock/pipelock.yaml").decode()
    changed = re.sub(r"passthrough_domains: *\[\]", "passthrough_domains: [api.example.com]", config)
    assert changed != config
    engine.put_file(pipelock, "/etc/pipelock/pipelock.yaml", changed.encode(), owner=65532)
    engine.docker("restart", "--time", "1", pipelock)
    reply = bottle.curl(f"https://{PLAIN}/not-scanned", "--retry", "3", "--retry-delay", "1")
    assert reply.reason == "scan_state_mismatch", reply
    assert bottle.outside.requests(PLAIN, "/not-scanned") == []
