"""Trust towards the upstream, leaves for the agent, and WebSockets."""

import base64
import contextlib
import os
import ssl

import pytest

from sidecar_addon.gate.tls import CaError, Trust, load_ca
from sidecar_addon.gate.tokens import Token
from sidecar_addon.table import Grant

WEBSOCKETS = Grant("g1", methods=("GET", "WEBSOCKET"))


def mismatch(reply):
    assert reply.status == 403
    assert reply.json()["reason"] == reply.headers["x-bottle-denied"] == "scan_state_mismatch"


def test_a_scanned_host_that_does_not_show_pipelocks_certificate_is_refused(make_world, route_of, upstream, pki):
    upstream.authorities["api.test"] = pki.private
    world = make_world(route_of())
    mismatch(world.get("https://api.test/"))
    assert world.upstream.seen == []
    assert world.event("denied")["reason"] == "scan_state_mismatch"
    assert world.event("finished")["reason"] == "scan_state_mismatch"


@pytest.mark.parametrize("state", ["passthrough", "not_scanned"])
def test_a_host_that_is_not_scanned_must_not_show_pipelocks_certificate(make_world, route_of, state):
    world = make_world(route_of(pipelock=state))
    mismatch(world.get("https://api.test/"))


@pytest.mark.parametrize("state", ["passthrough", "not_scanned"])
def test_a_private_authority_is_trusted_for_hosts_that_are_not_scanned(make_world, route_of, upstream, pki, state):
    upstream.authorities["api.test"] = pki.private
    assert make_world(route_of(pipelock=state)).get("https://api.test/").status == 200


def test_without_extra_ca_a_private_authority_is_not_trusted(make_world, route_of, upstream, pki):
    upstream.authorities["api.test"] = pki.private
    mismatch(make_world(route_of(pipelock="passthrough"), extra_ca=None).get("https://api.test/"))


def test_without_pipelocks_authority_no_scanned_host_is_trusted(make_world, route_of):
    mismatch(make_world(route_of(), pipelock_ca=None).get("https://api.test/"))


def test_the_certificate_must_name_the_host(make_world, route_of, upstream, pki, monkeypatch):
    served = pki.server_context(pki.pipelock, "wrong.test", offers=("http/1.1",))
    monkeypatch.setattr(type(upstream), "context", lambda self: served)
    mismatch(make_world(route_of()).get("https://api.test/"))


def test_a_mismatch_is_looked_at_again_on_the_next_request(make_world, route_of, upstream, pki, talk):
    upstream.authorities["api.test"] = pki.private
    world = make_world(route_of())
    with world.tunnel("api.test") as sock:
        mismatch(talk(sock, "GET", "/", "api.test"))
        world.load(route_of(pipelock="passthrough"))
        assert talk(sock, "GET", "/", "api.test").status == 200


def test_an_agent_that_does_not_trust_the_gate_is_noticed(world):
    sock, answer = world.tunnel_raw("api.test:443")
    assert answer.startswith(b"HTTP/1.1 200")
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(sock, server_hostname="api.test")
    sock.close()
    assert world.event("client_refused_tls")["host"] == "api.test"


def test_without_a_ca_file_the_gate_does_not_make_one_up(tmp_path):
    with pytest.raises(CaError, match=r"ca\.pem"):
        load_ca(tmp_path / "ca.pem")
    assert list(tmp_path.iterdir()) == []


def test_a_trust_file_that_is_none_is_named(tmp_path):
    (tmp_path / "extra.pem").write_text("no certificate")
    with pytest.raises(CaError, match=r"extra\.pem"):
        Trust(None, tmp_path / "extra.pem")


def websocket(world, **more):
    """Upgrade through the gate; the socket and the head of the answer."""
    sock = world.tunnel("api.test")
    fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", **more}
    key = base64.b64encode(os.urandom(16)).decode()
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    sock.sendall(
        f"GET /websocket HTTP/1.1\r\nHost: api.test\r\nSec-WebSocket-Key: {key}\r\n{head}\r\n".encode("latin-1")
    )
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    return sock, data


def say(sock, text):
    """Send one short text message, masked as a client's must be; return the next one that comes."""
    mask = b"\x01\x02\x03\x04"
    data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
    sock.sendall(bytes([0x81, 0x80 | len(text)]) + mask + data)
    head = sock.recv(2)
    return sock.recv(head[1] & 0x7F) if len(head) == 2 else head


@pytest.fixture
def talking(make_world, route_of, upstream, pki):
    """A gate with a passthrough host whose grant names WebSockets and whose route has auth."""
    upstream.authorities["api.test"] = pki.private
    return make_world(
        route_of(pipelock="passthrough", grants=(WEBSOCKETS,), auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"),
        tokens={"EGRESS_TOKEN_0": Token("fp", "the-real-token-value")},
    )


def test_a_websocket_passes_on_a_passthrough_host_whose_grant_names_it(talking):
    sock, answer = websocket(talking)
    assert answer.startswith(b"HTTP/1.1 101")
    assert talking.upstream.seen[0].header("authorization") == "Bearer the-real-token-value"
    for text in (b"one", b"two", b"three"):
        assert say(sock, text) == text
    flights = list(talking.gate._flights)
    assert (flights[0].bytes_up, flights[0].bytes_down) == (11, 11)
    sock.close()
    assert talking.event("finished")["status"] == 101


def test_a_websocket_that_was_not_asked_for_is_cut(make_world, route_of, upstream, pki):
    upstream.authorities["api.test"] = pki.private
    world = make_world(route_of(pipelock="passthrough", grants=(Grant("g", methods=("GET",)),)))
    upstream.answers["/"] = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello"
    seen = b""
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\nSec-WebSocket-Version: 13\r\n\r\n")
        with contextlib.suppress(OSError):
            while data := sock.recv(65536):
                seen += data
    assert seen == b""
    assert world.event("finished")["cut"] == "not_asked_for"
    assert world.event("denied")["reason"] == "method_not_allowed"


def test_mitmproxy_keeps_no_messages_of_a_websocket(talking, monkeypatch):
    flows = []
    addon = talking.gate._addon
    original = addon.websocket_message
    monkeypatch.setattr(addon, "websocket_message", lambda flow: (flows.append(flow), original(flow)))
    sock, _ = websocket(talking)
    for _ in range(5):
        say(sock, b"x")
    sock.close()
    assert len(flows[0].websocket.messages) <= 1


def test_a_websocket_is_cut_when_its_grant_is_revoked(talking, route_of):
    sock, _ = websocket(talking)
    assert say(sock, b"x") == b"x"
    assert talking.load(route_of(pipelock="passthrough", grants=()))["cut"] == 1
    with sock, contextlib.suppress(OSError):
        assert sock.recv(100) == b""
    assert talking.event("finished")["cut"] == "revoked"


def test_a_token_in_a_websocket_message_never_reaches_the_agent(talking):
    sock, _ = websocket(talking)
    with sock, contextlib.suppress(OSError):
        assert b"real-token" not in say(sock, b"the-real-token-value")
    assert talking.event("finished")["cut"] == "token_reflected"


@pytest.mark.parametrize("start", [b"\x89\x00", b"\x8a\x00", b"\x88\x00\x03\xe8"], ids=["ping", "pong", "close"])
def test_a_token_in_what_is_no_message_of_a_websocket_never_reaches_the_agent(talking, start):
    said = b"token: the-real-token-value"
    frame = start[:1] + bytes([len(start[2:]) + len(said)]) + start[2:] + said
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    talking.upstream.answers["/websocket"] = switch + frame
    sock, seen = websocket(talking)
    with sock, contextlib.suppress(OSError):
        while data := sock.recv(65536):
            seen += data
    assert b"real-token" not in seen
    assert talking.event("finished")["cut"] == "token_reflected"


def test_pings_and_the_reason_of_a_close_pass_as_they_are(talking):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    talking.upstream.answers["/websocket"] = switch + b"\x89\x02hi\x88\x05\x03\xe8bye"
    sock, seen = websocket(talking)
    with sock, contextlib.suppress(OSError):
        while data := sock.recv(65536):
            seen += data
    assert seen.partition(b"\r\n\r\n")[2] == b"\x89\x02hi\x88\x05\x03\xe8bye"
    assert talking.event("finished")["cut"] is None
