"""A hostile agent: what it reaches below HTTP (nothing), and what its lies in HTTP get it (a denial, its reason)."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

OPEN = "api.example.com"
PINNED = "pinned.example.org"
ROUTES = [
    {"host": PINNED, "path_allowlist": ["/v1/"], "methods": ["GET"]},
    {"host": "other.example.net", "ports": [80, 443]},
]


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("attack", egress={"allowlist": [OPEN], "routes": ROUTES})


@pytest.fixture(scope="module")
def neighbour(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("other", egress={"allowlist": [OPEN]})


@pytest.fixture(scope="module")
def host_port() -> Iterator[int]:
    """A port of the host that listens on every address."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


def addresses(container: str) -> dict[str, str]:
    """Network name → address of a container."""
    found = json.loads(engine.docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", container))
    return {name: network["IPAddress"] for name, network in found.items() if network["IPAddress"]}


# ---- below HTTP


def test_the_host_cannot_be_reached(bottle: Bottle, host_port: int) -> None:
    listed = engine.run(("hostname", "-I")).out.split()
    gateways = re.findall(r'"Gateway": "([0-9.]+)"', engine.docker("network", "inspect", "bridge"))
    gateways += re.findall(
        r'"Gateway": "([0-9.]+)"', engine.docker("network", "inspect", f"bottle-{bottle.slug}-agent")
    )
    targets = {address for address in [*listed, *gateways] if ":" not in address}
    assert targets
    ports = [[address, port] for address in targets for port in (host_port, 22, 53, 2375)]
    outcomes = bottle.raw({"reach": ports})
    assert "open" not in outcomes.values(), outcomes


def test_nothing_outside_can_be_resolved(bottle: Bottle) -> None:
    names = [OPEN, "control.example.com", "pipelock", "host.docker.internal", "gateway.docker.internal"]
    assert bottle.raw({"resolve": names}) == {name: [] for name in names}


def test_there_is_no_way_over_ipv6(bottle: Bottle) -> None:
    interfaces = bottle.agent("cat", "/proc/net/if_inet6").out.splitlines()
    assert {line.split()[-1] for line in interfaces} <= {"lo"}
    assert "open" not in bottle.raw({"reach": [["2001:db8::1", 443], ["fe80::1", 443]]}).values()


def test_nobody_but_its_own_two_sidecars_can_be_dialled(bottle: Bottle, neighbour: Bottle, host_port: int) -> None:
    outside = addresses(bottle.outside.container)
    targets = [[address, port] for address in outside.values() for port in (80, 443)]
    targets += [
        [address, port]
        for role in ("pipelock", "egress", "supervise", "agent")
        for name, address in addresses(neighbour.container(role)).items()
        for port in (8888, 9099, 9100)
    ]
    own = addresses(bottle.container("pipelock")) | addresses(bottle.container("egress"))
    chain = [address for name, address in own.items() if not name.endswith("-agent")]
    targets += [[address, port] for address in chain for port in (8888, 9099)]
    outcomes = bottle.raw({"reach": targets})
    assert outcomes and "open" not in outcomes.values(), outcomes


def test_its_own_sidecars_listen_on_one_port_each(bottle: Bottle) -> None:
    open_ports = {}
    for role in ("egress", "supervise"):
        address = addresses(bottle.container(role))[f"bottle-{bottle.slug}-agent"]
        ports = [22, 80, 443, 2375, 8080, 8081, 8888, 9099, 9100, 9101]
        outcomes = bottle.raw({"reach": [[address, port] for port in ports]})
        open_ports[role] = [port for port in ports if outcomes[f"{address}:{port}"] == "open"]
    assert open_ports == {"egress": [9099], "supervise": [9100]}


@pytest.mark.parametrize("path", ["/health", "/metrics", "/stats", "/fetch?url=https://api.example.com/", "/ws"])
def test_pipelocks_own_endpoints_are_out_of_reach_through_the_proxy(bottle: Bottle, path: str) -> None:
    for url in (f"http://pipelock:8888{path}", f"http://127.0.0.1:8888{path}", f"http://placeholder.invalid{path}"):
        reply = bottle.curl(url, "--noproxy", "")
        assert (reply.status, reply.headers.get("x-bottle-denied") is not None) == (403, True), (url, reply)


def test_the_agent_is_not_root_and_cannot_become_it(bottle: Bottle) -> None:
    status = bottle.agent("cat", "/proc/self/status").out
    assert re.search(r"^Uid:\s+[1-9]", status, re.M) and re.search(r"^NoNewPrivs:\s+1", status, re.M)
    assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapBnd:\s+0+$", status, re.M)


# ---- in HTTP


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://control.example.com/", "host_not_allowed"),
        ("https://203.0.113.7/", "host_not_allowed"),
        ("http://203.0.113.7/", "host_not_allowed"),
        ("https://[2001:db8::7]/", "host_not_allowed"),
        (f"https://{OPEN}:8443/", "port_not_allowed"),
        (f"https://{OPEN}:22/", "port_not_allowed"),
        (f"http://{OPEN}/", "port_not_allowed"),
        (f"http://{PINNED}/v1/a", "port_not_allowed"),
        (f"http://{OPEN}:443/", "tls_required"),
        (f"https://{PINNED}/v1", "path_not_allowed"),
        (f"https://{PINNED}/v2/a", "path_not_allowed"),
        (f"https://{PINNED}/v1/../v2", "ambiguous_path"),
        (f"https://{PINNED}/v1/%2e%2e/v2", "ambiguous_path"),
        (f"https://{PINNED}/v1/..%2fv2", "ambiguous_path"),
        (f"https://{PINNED}/v1/%252e%252e/v2", "ambiguous_path"),
        (f"https://{PINNED}/v1/..;/admin", "ambiguous_path"),
        (f"https://{PINNED}/v1//admin", "ambiguous_path"),
        (f"https://{PINNED}/v1/%c0%ae%c0%ae/admin", "ambiguous_path"),
        (f"https://{PINNED}/v1/..\\admin", "ambiguous_path"),
    ],
)
def test_an_address_that_is_not_granted_is_denied_with_its_reason(bottle: Bottle, url: str, reason: str) -> None:
    reply = bottle.curl(url, "--path-as-is", "--globoff")
    refused_in_tunnel = reply.reason == reason
    refused_on_connect = reply.status == 0 and "CONNECT" in reply.error and "403" in reply.error
    assert refused_in_tunnel or refused_on_connect, reply
    denied = [event["reason"] for event in bottle.events("egress") if event.get("event") in ("denied", "denied_more")]
    assert reason in denied, denied[-5:]


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "FOO", "DEBUG"])
def test_methods_that_nobody_means_are_denied_on_every_route(bottle: Bottle, method: str) -> None:
    assert bottle.curl(f"https://{OPEN}/", "-X", method).reason == "method_not_allowed"


def test_plain_http_passes_only_where_port_80_is_granted_and_shows_no_redirect_of_pipelocks_own(bottle: Bottle) -> None:
    assert bottle.curl("http://other.example.net/plain").json()["scheme"] == "http"
    before = len(bottle.outside.requests("control.example.com"))
    reply = bottle.curl("http://other.example.net/redirect?to=http://control.example.com/stolen")
    assert "stolen" not in reply.body
    assert len(bottle.outside.requests("control.example.com")) == before


def test_a_redirect_leads_nowhere_that_is_not_granted(bottle: Bottle) -> None:
    reply = bottle.curl(f"https://{OPEN}/redirect?to=https://control.example.com/stolen", "-L")
    assert reply.reason == "host_not_allowed"
    assert bottle.outside.requests("control.example.com", "/stolen") == []


HEAD = "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
LIES = {
    "host": {
        "connect": f"{PINNED}:443",
        "sni": PINNED,
        "send": HEAD.format(target="/v1/a", host="control.example.com"),
    },
    "port in host": {
        "connect": f"{PINNED}:443",
        "sni": PINNED,
        "send": HEAD.format(target="/v1/a", host=f"{PINNED}:8443"),
    },
    "sni": {"connect": f"{PINNED}:443", "sni": "control.example.com", "send": HEAD.format(target="/v1/a", host=PINNED)},
    "connect": {"connect": "control.example.com:443", "sni": PINNED, "send": HEAD.format(target="/v1/a", host=PINNED)},
    "absolute form": {
        "connect": f"{PINNED}:443",
        "sni": PINNED,
        "send": HEAD.format(target="https://control.example.com/v1/a", host=PINNED),
    },
    "absolute form, all of it": {
        "connect": f"{PINNED}:443",
        "sni": PINNED,
        "send": HEAD.format(target="https://control.example.com/v1/a", host="control.example.com"),
    },
    "no host": {"connect": f"{PINNED}:443", "sni": PINNED, "send": "GET /v1/a HTTP/1.1\r\nConnection: close\r\n\r\n"},
    "two hosts": {
        "connect": f"{PINNED}:443",
        "sni": PINNED,
        "send": f"GET /v1/a HTTP/1.1\r\nHost: {PINNED}\r\nHost: control.example.com\r\nConnection: close\r\n\r\n",
    },
    "connect host header": {
        "connect": f"{PINNED}:443",
        "connect_headers": "Host: control.example.com:443\r\n",
        "sni": PINNED,
        "send": HEAD.format(target="/v1/a", host=PINNED),
    },
    "plain absolute form": {"send": HEAD.format(target="http://other.example.net/a", host="control.example.com")},
}


@pytest.mark.parametrize("lie", sorted(LIES))
def test_identities_that_differ_are_denied(bottle: Bottle, lie: str) -> None:
    before = len(bottle.outside.requests(PINNED)) + len(bottle.outside.requests("control.example.com"))
    answer = bottle.raw(LIES[lie])
    text = answer.get("connect", "") + answer.get("received", "")
    assert "host_mismatch" in text or " 400 " in text or "host_not_allowed" in text or answer.get("tls"), answer
    assert '"server_name"' not in text, answer
    after = len(bottle.outside.requests(PINNED)) + len(bottle.outside.requests("control.example.com"))
    assert before == after


def test_raw_bytes_in_a_tunnel_are_denied(bottle: Bottle) -> None:
    before = len(bottle.outside.requests(OPEN))
    for text in ("SSH-2.0-OpenSSH_9.2\r\n", "\x00\x01\x02\x03\r\n\r\n", "EHLO example\r\n"):
        answer = bottle.raw({"connect": f"{OPEN}:443", "send": text})
        inside = bottle.raw({"connect": f"{OPEN}:443", "sni": OPEN, "send": text})
        for said in (answer, inside):
            assert "SSH-" not in said["received"] and '"server_name"' not in said["received"], said
    assert len(bottle.outside.requests(OPEN)) == before


def test_smuggled_second_requests_do_not_pass(bottle: Bottle) -> None:
    smuggled = f"GET /v2/smuggled HTTP/1.1\r\nHost: {PINNED}\r\n\r\n"
    send = (
        f"GET /v1/a HTTP/1.1\r\nHost: {PINNED}\r\nContent-Length: {len(smuggled)}\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
    )
    bottle.raw({"connect": f"{PINNED}:443", "sni": PINNED, "send": send})
    assert bottle.outside.requests(PINNED, "/v2/smuggled") == []


def test_overrides_of_method_and_address_never_reach_the_upstream(bottle: Bottle) -> None:
    names = (
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Host",
        "X-Pipelock-Agent",
    )
    options = [word for name in names for word in ("-H", f"{name}: evil")]
    reply = bottle.curl(f"https://{OPEN}/a", *options)
    assert reply.status == 200 and "evil" not in reply.body, reply


def test_no_upstream_speaks_with_the_voice_of_the_gate(bottle: Bottle) -> None:
    reply = bottle.curl(f"https://{OPEN}/voice")
    assert reply.status == 200 and reply.headers["x-kept"] == "yes"
    assert not [name for name in reply.headers if name.startswith(("x-bottle-", "x-pipelock-"))]


def test_a_secret_in_address_or_header_is_refused_before_it_leaves(bottle: Bottle) -> None:
    secret = "ghp_" + "aB3dE5fG7h" * 3 + "iJ9kL1"
    for options in (("-H", f"X-Anything: {secret}"), ("-H", f"User-Agent: {secret}")):
        assert bottle.curl(f"https://{OPEN}/a", *options).reason == "secret_in_request"
    assert bottle.curl(f"https://{OPEN}/a?q={secret}").reason == "secret_in_request"
    logs = engine.run(("docker", "logs", bottle.container("pipelock")))
    assert secret not in logs.out + logs.err


@pytest.mark.real_pipelock
def test_pipelock_refuses_a_body_that_carries_a_secret_and_the_agent_is_told_by_whom(bottle: Bottle) -> None:
    secret = "ghp_" + "aB3dE5fG7h" * 3 + "iJ9kL1"
    reply = bottle.curl(f"https://{OPEN}/a", "-H", "Content-Type: application/json", "-d", json.dumps({"note": secret}))
    assert (reply.status, reply.reason) == (403, "pipelock"), reply
    assert bottle.outside.requests(OPEN, "/never") == []


def test_a_websocket_needs_a_grant_that_names_it_and_a_host_that_is_not_scanned(bottle: Bottle) -> None:
    upgrade = ("-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13")
    reply = bottle.curl(
        f"https://{OPEN}/ws", "--http1.1", *upgrade, "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
    assert reply.reason in ("websocket_not_scannable", "method_not_allowed"), reply


def test_a_flood_of_denials_is_merged(bottle: Bottle) -> None:
    before = len(bottle.events("egress"))
    urls = "for i in $(seq 200); do echo url=http://control.example.com/$i; echo output=/dev/null; done"
    bottle.agent("sh", "-c", f"{urls} | curl -sS --parallel -K -", timeout=90)
    gate = bottle.follow("egress")
    merged = 0
    try:
        while merged < 150:  # however slowly they came, and over how many lines they are counted
            merged += gate.event("denied_more", host="control.example.com", reason="host_not_allowed")["count"]
    finally:
        gate.close()
    assert len(bottle.events("egress")) - before < 50
