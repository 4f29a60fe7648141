"""Bodies both ways, early refusals, what ends under way, and the connections behind it."""

import re
import resource
import ssl

import h2.config
import h2.connection
import h2.events
import pytest

from sidecar_addon.table import Grant

MIB = 1024 * 1024


def http2(world, host="api.test"):
    """An HTTP/2 connection with the gate through a tunnel."""
    sock = world.tunnel(host, offers=("h2",))
    assert sock.selected_alpn_protocol() == "h2"
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    sock.sendall(connection.data_to_send())
    return sock, connection


def ask(host="api.test", method="GET", path="/", **more):
    fields = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
    return fields + [(name.replace("_", "-"), value) for name, value in more.items()]


def answer(sock, connection, stream):
    """Read until the stream has ended or was reset: status, headers, body."""
    fields, body = {}, b""
    while True:
        data = sock.recv(65536)
        if not data:
            return None, fields, body
        for event in connection.receive_data(data):
            if getattr(event, "stream_id", None) != stream:
                continue
            if isinstance(event, h2.events.ResponseReceived):
                fields = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded):
                return int(fields[":status"]), fields, body
            elif isinstance(event, h2.events.StreamReset):
                return None, fields, body
        sock.sendall(connection.data_to_send())


def test_a_denied_upload_gets_its_403_before_its_body(world, talk):
    with world.tunnel("other.test") as sock:
        sock.sendall(b"POST /up HTTP/1.1\r\nHost: other.test\r\nContent-Length: 1000000000\r\n\r\nfirst bytes")
        assert b"X-Bottle-Denied: host_not_allowed" in sock.recv(65536)


def test_a_denied_upload_that_waits_to_be_told_to_go_on_is_never_told(world):
    with world.tunnel("other.test") as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 403")


def test_after_a_denied_upload_the_connection_serves_the_next_request(world, talk):
    with world.tunnel("api.test") as sock:
        denied = talk(sock, "TRACE", "/", "api.test", b"x" * MIB)
        assert denied.status == 403
        assert talk(sock, "POST", "/", "api.test", b"hello").json()["body"] == "hello"


def test_after_a_denied_upload_an_http2_connection_serves_the_next_request(world):
    sock, connection = http2(world)
    with sock:
        connection.send_headers(1, ask(method="TRACE"))
        sock.sendall(connection.data_to_send())
        assert answer(sock, connection, 1)[0] == 403
        connection.send_data(1, b"still sending", end_stream=True)
        connection.send_headers(3, ask(method="POST", content_length="5"))
        connection.send_data(3, b"hello", end_stream=True)
        sock.sendall(connection.data_to_send())
        status, _, body = answer(sock, connection, 3)
    assert status == 200
    assert b"hello" in body


def test_a_denied_upload_is_never_held(world):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    piece = b"x" * MIB
    with world.tunnel("other.test") as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: %d\r\n\r\n" % (200 * MIB))
        for _ in range(200):
            sock.sendall(piece)
        assert sock.recv(65536).startswith(b"HTTP/1.1 403")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024  # KiB


def test_an_allowed_upload_is_streamed_and_never_held(world, talk):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    piece = b"x" * MIB
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /sink HTTP/1.1\r\nHost: api.test\r\nContent-Length: %d\r\n\r\n" % (200 * MIB))
        for _ in range(200):
            sock.sendall(piece)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert world.upstream.bytes_in == 200 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024
    assert world.event("finished")["bytes_up"] == 200 * MIB


def test_events_of_a_stream_reach_the_agent_at_once(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
        data = b""
        while b"data: one" not in data:
            data += sock.recv(65536)
    assert world.upstream.closed.wait(30)
    assert world.event("finished")["bytes_down"] > 0


def ends(sock):
    """Read until the connection is over, however it ends."""
    try:
        while sock.recv(65536):
            pass
    except (ConnectionError, ssl.SSLError):
        pass


def begin_stream(world):
    sock = world.tunnel("api.test")
    sock.sendall(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
    assert world.upstream.streaming.wait(30)
    assert sock.recv(65536)
    return sock


def test_a_revoked_grant_cuts_its_streams(world, route_of):
    with begin_stream(world) as sock:
        loaded = world.load(route_of(grants=()))
        ends(sock)
    assert (loaded["cut"], loaded["in_flight"]) == (1, 0)
    assert world.event("finished")["cut"] == "revoked"
    assert world.upstream.closed.wait(30)


def test_a_narrowed_grant_cuts_what_it_no_longer_admits(world, route_of):
    with begin_stream(world) as sock:
        assert world.load(route_of(grants=(Grant("g1", ("/v1/",)),)))["cut"] == 1
        ends(sock)
    assert world.event("finished")["cut"] == "revoked"


def test_another_grant_of_the_host_does_not_keep_a_stream_of_the_revoked_one(world, route_of):
    with begin_stream(world) as sock:
        assert world.load(route_of(grants=(Grant("g2"),)))["cut"] == 1
        ends(sock)


def test_quarantine_cuts_every_stream(world, route_of):
    with begin_stream(world) as sock:
        assert world.load(route_of(), quarantined=True)["cut"] == 1
        ends(sock)
    assert world.event("finished")["cut"] == "quarantined"


def test_an_unrelated_change_cuts_nothing(world, route_of):
    with begin_stream(world) as sock:
        loaded = world.load(route_of(), route_of("other.test", grants=(Grant("g2"),)))
        assert (loaded["cut"], loaded["in_flight"]) == (0, 1)
        assert sock.recv(65536)


@pytest.mark.parametrize("clock", ["shift", "monotonic_shift"])
def test_a_grant_ends_by_the_earlier_of_both_clocks(make_world, route_of, clock):
    world = make_world(route_of())
    later = world.clock.now().replace(microsecond=0).replace(year=world.clock.now().year + 1)
    world.load(route_of(grants=(Grant("g1", expires_at=later),)))
    with begin_stream(world) as sock:
        setattr(world.clock, clock, 400 * 24 * 3600.0)
        ends(sock)
    assert world.event("finished")["cut"] == "expired"
    assert world.get("https://api.test/").headers["x-bottle-denied"] == "expired"


def test_loading_a_table_again_never_moves_a_deadline_later(make_world, route_of):
    world = make_world(route_of())
    end = world.clock.now().replace(microsecond=0).replace(year=world.clock.now().year + 1)
    world.load(route_of(grants=(Grant("g1", expires_at=end),)), apply="a")
    world.clock.monotonic_shift = 400 * 24 * 3600.0
    world.clock.shift = -10.0  # a wall clock that was set back
    world.load(route_of(grants=(Grant("g1", expires_at=end),)), apply="b")
    assert world.get("https://api.test/").headers["x-bottle-denied"] == "expired"


def test_passthrough_until_ends_the_route(make_world, route_of):
    world = make_world(route_of())
    end = world.clock.now().replace(microsecond=0).replace(year=world.clock.now().year + 1)
    world.load(route_of(pipelock="passthrough", passthrough_until=end))
    world.clock.shift = 400 * 24 * 3600.0
    assert world.get("https://api.test/").headers["x-bottle-denied"] == "expired"


def test_an_upload_whose_answer_came_early_is_still_cut(world, route_of):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /early HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100\r\n\r\nabc")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        assert world.load(route_of(grants=()))["cut"] == 1
        ends(sock)
    assert world.event("finished")["cut"] == "revoked"


def test_an_upload_whose_answer_came_early_is_over_when_the_agent_leaves(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /early HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100\r\n\r\nabc")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert world.event("finished")["bytes_up"] == 3
    assert world.gate.ask({"verb": "status"})["in_flight"] == {}


def test_new_requests_wait_for_a_hold_and_go_by_the_table_that_ends_it(world, route_of, talk):
    import datetime

    later = world.clock.now() + datetime.timedelta(seconds=15)
    world.load(route_of(), hold_until=later, apply="hold")
    with world.tunnel("other.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n")
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(65536)
        sock.settimeout(5)
        world.load(route_of(), route_of("other.test", grants=(Grant("g2"),)), apply="released")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_hold_lapses_by_itself(world, route_of):
    import datetime

    world.load(route_of(), hold_until=world.clock.now() + datetime.timedelta(seconds=0.5))
    assert world.get("https://api.test/").status == 200


def test_a_hold_is_never_longer_than_twenty_seconds(world, route_of):
    import datetime

    world.load(route_of(), hold_until=world.clock.now() + datetime.timedelta(days=1))
    assert 0 < world.gate._policy.hold_left() <= 20


def test_a_request_that_pipelocks_restart_ended_says_so(world, route_of):
    import datetime

    with begin_stream(world) as sock:
        world.load(route_of(), hold_until=world.clock.now() + datetime.timedelta(seconds=10))
        world.drop_upstreams()
        ends(sock)
    assert world.event("finished")["cut"] == "pipelock_restart"


def test_a_failed_connection_upstream_is_json_and_is_tried_again(world, talk):
    world.parent.refused["api.test:443"] = "502 Bad Gateway"
    with world.tunnel("api.test") as sock:
        reply = talk(sock, "GET", "/", "api.test")
        assert (reply.status, reply.json()["error"]) == (502, "upstream_unreachable")
        world.parent.refused.clear()
        assert talk(sock, "GET", "/", "api.test").status == 200


def test_pipelocks_refusal_of_a_host_is_told_apart(world, talk):
    world.parent.refused["api.test:443"] = "403 Forbidden"
    with world.tunnel("api.test") as sock:
        reply = talk(sock, "POST", "/x", "api.test", b"body")
        assert reply.status == 403
        assert reply.headers["x-bottle-denied"] == "pipelock"
        assert (reply.json()["layer"], reply.json()["reason"]) == ("pipelock", "pipelock")
        world.parent.refused.clear()
        assert talk(sock, "POST", "/x", "api.test", b"body").status == 200
    assert world.event("denied", reason="pipelock")["layer"] == "pipelock"
    assert world.event("finished")["reason"] == "pipelock"


def test_pipelocks_refusal_inside_tls_keeps_its_body(world):
    body = b"blocked: request body contains secret: GitHub Token\n"
    world.upstream.answers["/"] = (
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
    )
    reply = world.get("https://api.test/", method="POST", body=b"x")
    assert (reply.status, reply.body) == (403, body)
    assert reply.headers["x-bottle-denied"] == "pipelock"
    assert "pipelock-block" in reply.headers["x-bottle-hint"]


@pytest.mark.parametrize("length", [b"9" * 5_000, "²".encode()])
def test_a_length_that_is_none_ends_the_answer_and_troubles_nobody_else(world, length):
    world.upstream.answers["/"] = (
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: %s\r\n\r\nblocked: \n" % length
    )
    assert world.get("https://api.test/").status == 502
    assert world.get("https://api.test/other").status == 200


def test_the_same_words_from_a_passthrough_host_are_its_own(make_world, route_of, upstream, pki):
    upstream.authorities["api.test"] = pki.private
    world = make_world(route_of(pipelock="passthrough"))
    upstream.answers["/"] = b"HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nblocked: "
    assert "x-bottle-denied" not in world.get("https://api.test/").headers


def test_no_upstream_speaks_in_the_gates_voice(world):
    reply = world.get("https://api.test/")  # the upstream sends X-Bottle-Denied and X-Pipelock-Hint
    assert not [name for name in reply.headers if name.startswith(("x-bottle", "x-pipelock"))]


@pytest.mark.parametrize("mark", [b"\r", b"\n", b"\r\n ", b"\x00", b"\r\r"])
def test_no_upstream_hides_the_gates_voice_in_a_value(world, talk, mark):
    head = b"HTTP/1.1 200 OK\r\nX-A: b" + mark + b"X-Bottle-Denied: quarantined\r\nContent-Length: 0\r\n\r\n"
    world.upstream.answers["/"] = head
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        seen = sock.recv(65536)
    lines = seen.replace(b"\x00", b"\r").replace(b"\r", b"\n").lower().split(b"\n")
    assert seen.startswith(b"HTTP/1.1 200") and not [line for line in lines if line.lstrip().startswith(b"x-bottle")]


def test_an_http2_body_without_a_length_cannot_smuggle_a_request(make_world, route_of):
    world = make_world(route_of(grants=(Grant("g", ("/v1/",)),)))
    sock, connection = http2(world)
    with sock:
        connection.send_headers(1, ask(method="POST", path="/v1/x"))
        connection.send_data(1, b"GET /secret HTTP/1.1\r\nHost: api.test\r\n\r\n", end_stream=True)
        sock.sendall(connection.data_to_send())
        assert answer(sock, connection, 1)[0] == 200
    assert [seen.target for seen in world.upstream.seen] == ["/v1/x"]
    assert b"/secret" in world.upstream.seen[0].body


def test_an_http2_host_header_beside_the_authority_must_agree(world):
    sock, connection = http2(world)
    with sock:
        connection.send_headers(1, ask(host="other.test"), end_stream=True)
        sock.sendall(connection.data_to_send())
        status, fields, _ = answer(sock, connection, 1)
    assert (status, fields["x-bottle-denied"]) == (403, "host_mismatch")


@pytest.mark.parametrize("path", ["https://other.test/x", "secret", "/x y"])
def test_an_http2_path_must_be_a_path(world, path):
    config = h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
    sock = world.tunnel("api.test", offers=("h2",))
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    with sock:
        connection.send_headers(1, ask(path=path), end_stream=True)
        sock.sendall(connection.data_to_send())
        status, fields, _ = answer(sock, connection, 1)
    assert (status, fields.get("x-bottle-denied")) == (403, "ambiguous_path")
    assert world.upstream.seen == []


def test_http2_is_offered_to_a_scanned_host_whatever_the_agent_speaks(make_world, route_of, upstream, talk):
    upstream.offers = ("h2", "http/1.1")
    world = make_world(route_of())
    with world.tunnel("api.test", offers=("http/1.1",)) as sock:
        for _ in range(3):
            assert talk(sock, "GET", "/x", "api.test").body == b"over h2"
    assert [seen.version for seen in upstream.seen] == ["HTTP/2"] * 3
    assert world.parent.connects == ["api.test:443"]
    assert upstream.seen[0].header(":authority") == "api.test"


def test_a_passthrough_host_is_offered_what_the_agent_offered(make_world, route_of, upstream, pki):
    upstream.offers = ("h2", "http/1.1")
    upstream.authorities["api.test"] = pki.private
    world = make_world(route_of(pipelock="passthrough"))
    assert world.get("https://api.test/").status == 200
    assert upstream.seen[0].version == "HTTP/1.1"


def test_scanning_costs_are_counted_by_host(world):
    assert world.get("https://api.test/").status == 200
    world.event("finished")
    stats = world.gate.ask({"verb": "scan_stats"})
    assert stats["api.test"]["requests"] == 1
    assert stats["api.test"]["bytes"] > 0


def test_ids_are_unique(world, talk):
    with world.tunnel("other.test") as sock:
        ids = {talk(sock, "GET", "/", "other.test").json()["id"] for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[0-9a-f]{20}", identity) for identity in ids)


def test_trailers_over_http1_are_dropped_both_ways(world):
    world.upstream.answers["/"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Bottle-Denied: fake\r\n\r\n"
    )
    with world.tunnel("api.test") as sock:
        for _ in range(2):
            sock.sendall(b"POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n")
            sock.sendall(b"4\r\nbody\r\n0\r\nX-Secret: " + b"ghp_" + b"A1b2" * 9 + b"\r\n\r\n")
            data = b""
            while not data.endswith(b"0\r\n\r\n"):
                data += sock.recv(65536)
            assert b"fake" not in data
    assert [seen.body for seen in world.upstream.seen] == [b"body", b"body"]


@pytest.mark.parametrize("pause", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_what_an_upstream_says_before_its_answer_is_not_taken_for_it(world, talk, pause):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    world.upstream.answers["/hints"] = early + pause + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with world.tunnel("api.test") as sock:
        sock.settimeout(5)
        reply = talk(sock, "GET", "/hints", "api.test")
        assert (reply.status, reply.body, reply.headers) == (200, b"ok", {"content-length": "2"})
        assert talk(sock, "GET", "/next", "api.test").json()["target"] == "/next"
    assert world.event("finished", path="/hints")["status"] == 200
