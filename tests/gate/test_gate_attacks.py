"""Many at once, and one connection for two hosts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest

from sidecar_addon.gate import http2
from sidecar_addon.table import Grant

MANY = 20
GRANT = (Grant("g", uses=1),)


def test_of_many_requests_at_once_a_single_use_admits_exactly_one(make_world, route_of, talk):
    world = make_world(route_of(grants=GRANT))
    together = threading.Barrier(MANY)

    def one(number):
        with world.tunnel("api.test") as sock:
            together.wait(30)
            reply = talk(sock, "GET", f"/{number}", "api.test")
            return reply.status, reply.headers.get("x-bottle-denied")

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(one, range(MANY)))
    assert sorted(answers, key=str) == [(200, None)] + [(403, "used_up")] * (MANY - 1)
    assert len(world.upstream.seen) == 1
    assert world.gate.ask({"verb": "status"})["uses"] == {"g": 1}


def streams(world, *authorities):
    """One HTTP/2 connection of the agent to api.test, a request for each authority in one go; its answers by stream."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    for number, authority in enumerate(authorities):
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", authority), (":path", f"/{number}")]
        connection.send_headers(2 * number + 1, fields, end_stream=True)
    answers, ended = {}, 0
    with world.tunnel("api.test", offers=("h2",)) as sock:
        sock.sendall(connection.data_to_send())
        while ended < len(authorities):
            data = sock.recv(65536)
            assert data, answers
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    fields = dict(event.headers)
                    answers[event.stream_id] = (fields[":status"], fields.get("x-bottle-denied"))
                ended += isinstance(event, h2.events.StreamEnded)
    return [answers[stream] for stream in sorted(answers)]


def test_of_many_streams_at_once_a_single_use_admits_exactly_one(make_world, route_of):
    world = make_world(route_of(grants=GRANT))
    answers = streams(world, *["api.test"] * MANY)
    assert sorted(answers, key=str) == sorted([("200", None)] + [("403", "used_up")] * (MANY - 1), key=str)
    assert len(world.upstream.seen) == 1


def test_a_connection_to_one_host_does_not_carry_requests_for_another_that_is_allowed_too(make_world, route_of):
    world = make_world(route_of(), route_of("other.test", grants=(Grant("g2"),)))
    answers = streams(world, "api.test", "other.test", "API.test:443", "api.test:8443")
    assert answers == [("200", None), ("403", "host_mismatch"), ("200", None), ("403", "host_mismatch")]
    assert world.parent.connects.count("other.test:443") == 0
    assert {seen.header("host") for seen in world.upstream.seen} == {"api.test"}


def test_requests_that_are_reset_at_once_are_not_sent_on_and_too_many_end_the_connection(world, monkeypatch):
    monkeypatch.setattr(http2, "AT_WORK", 50)
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    for stream in range(1, 601, 2):
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", "api.test"), (":path", f"/{stream}")]
        connection.send_headers(stream, fields, end_stream=True)
        connection.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
    ended = None
    with world.tunnel("api.test", offers=("h2",)) as sock:
        sock.sendall(connection.data_to_send())
        while ended is None:
            data = sock.recv(65536)
            assert data
            found = list(connection.receive_data(data))
            ended = next((event for event in found if isinstance(event, h2.events.ConnectionTerminated)), None)
    assert ended.error_code == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert len(world.upstream.seen) <= 50
    assert world.get("https://api.test/").status == 200


def test_a_request_that_is_reset_at_once_is_over_although_its_answer_never_ends(world):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    fields = [(":method", "GET"), (":scheme", "https"), (":authority", "api.test"), (":path", "/stream")]
    connection.send_headers(1, fields, end_stream=True)
    connection.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
    with world.tunnel("api.test", offers=("h2",)) as sock:
        sock.sendall(connection.data_to_send())
        world.event("finished", path="/stream")


def test_connections_that_never_send_their_request_do_not_keep_others_from_theirs(world):
    idle = [world.connect() for _ in range(300)]
    for sock in idle:
        sock.sendall(b"GET http://api.test/ HTTP/1.1\r\nHost: ")
    try:
        assert world.get("https://api.test/").status == 200
    finally:
        for sock in idle:
            sock.close()


ENDS = (h2.events.ConnectionTerminated, h2.events.StreamEnded)


def falls_short(kind, number, path, length):
    """A request over HTTP/2 that says it has a body of `length`, and has none of it or only its first byte."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    fields = [(":method", "POST"), (":scheme", "https"), (":authority", "api.test"), (":path", path)]
    connection.send_headers(number, [*fields, ("content-length", str(length))], end_stream=kind == "no body")
    if kind == "trailers":
        connection.send_data(number, b"x")
        connection.send_headers(number, [("x-note", "1")], end_stream=True)
    return connection


@pytest.mark.parametrize("offers", [("http/1.1",), ("h2",)])
@pytest.mark.parametrize("kind", ["no body", "trailers"])
def test_a_body_that_falls_short_of_its_length_does_not_end_its_request(world, upstream, offers, kind):
    """A server that goes by the length would take what comes next for the rest of the body."""
    upstream.offers = offers
    connection = falls_short(kind, 1, "/", 50)
    ended = None
    with world.tunnel("api.test", offers=("h2",)) as sock:
        sock.settimeout(5)
        sock.sendall(connection.data_to_send())
        while ended is None:
            data = sock.recv(65536)
            assert data
            found = [event for event in connection.receive_data(data) if isinstance(event, ENDS)]
            ended = found[0] if found else None
    assert isinstance(ended, h2.events.ConnectionTerminated)
    assert world.get("https://api.test/").status == 200


def test_a_body_that_is_as_long_as_it_says_passes_also_with_trailers(world):
    connection = falls_short("trailers", 1, "/", 1)
    with world.tunnel("api.test", offers=("h2",)) as sock:
        sock.sendall(connection.data_to_send())
        assert world.event("finished", status=200)["bytes_up"] == 1
    assert world.upstream.seen[0].body == b"x"


def test_between_two_decisions_the_gate_does_whatever_else_waits(world, monkeypatch):
    """Also where many requests come at once: what the operator decides does not wait for the last of them."""
    loop, decide, rounds, decided = world.gate._loop, world.gate._policy.decide, [0], []

    def count():
        rounds[0] += 1
        if len(decided) < MANY:
            loop.call_soon(count)

    def deciding(request, **more):
        decided.append(rounds[0])
        return decide(request, **more)

    monkeypatch.setattr(world.gate._policy, "decide", deciding)
    sent = threading.Event()
    socks = [world.connect() for _ in range(MANY)]
    try:
        for sock in socks:
            sock.sendall(b"GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n")
        loop.call_soon_threadsafe(lambda: (sent.wait(10), count()))
        for sock in socks:
            sock.sendall(b"\r\n")
        sent.set()
        for sock in socks:
            assert sock.recv(65536).startswith(b"HTTP/1.1 403")
    finally:
        for sock in socks:
            sock.close()
    assert len(decided) == MANY
    assert len(set(decided)) == MANY
