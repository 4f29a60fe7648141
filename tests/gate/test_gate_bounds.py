"""What never ends must not grow the gate: heads, chunks, trailers, what is sent ahead, WebSocket messages."""

import asyncio
import base64
import contextlib
import os
import struct
import threading

import h2.config
import h2.connection
import h2.events
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection

from sidecar_addon.gate import connections, headers, http1, sockets
from sidecar_addon.gate.connections import PatientLock
from sidecar_addon.table import Grant

LONG = b"a" * 200_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "chunk": CHUNKED + b"5;x=" + LONG,
    "head": b"HTTP/1.1 200 OK\r\nX: " + LONG,
    "fields": b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 30_000,
    "trailers": CHUNKED + b"2\r\nok\r\n0\r\nX: " + LONG,
}


def rest_of(sock):
    """What still comes until the other side closes."""
    seen = b""
    with contextlib.suppress(OSError):
        while data := sock.recv(65536):
            seen += data
    return seen


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=list(ENDLESS))
def test_an_answer_whose_lines_never_end_is_cut(world, answer):
    world.upstream.answers["/"] = answer
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        world.event("finished")
        assert len(rest_of(sock)) < 2_000


@pytest.mark.parametrize("start", [b"5;x=", b"4\r\nbody\r\n0\r\nX: "], ids=["chunk", "trailers"])
def test_a_body_of_the_agent_whose_lines_never_end_is_cut(world, start):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /sink HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n" + start)
        with contextlib.suppress(OSError):
            sock.sendall(LONG)
        world.event("finished")


def test_a_head_that_never_ends_is_refused(world):
    with world.connect() as sock:
        sock.sendall(b"GET http://api.test/ HTTP/1.1\r\n" + b"X-More: x\r\n" * 6_000)
        answer = rest_of(sock)
    assert answer.startswith(b"HTTP/1.1 431")
    assert b'{"error": "bad_request", "message": "a head may have 64 KiB"}' in answer


@pytest.mark.parametrize("piece", [1, 16_000], ids=["tiny records", "large records"])
def test_a_tls_hello_that_never_ends_is_cut(world, piece):
    hello = b"\x01\xff\xff\xf0" + LONG
    records = b"".join(
        b"\x16\x03\x01" + struct.pack("!H", len(part := hello[start : start + piece])) + part
        for start in range(0, len(hello), piece)
    )
    sock, answer = world.tunnel_raw("api.test:443")
    assert answer.startswith(b"HTTP/1.1 200")
    with sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(records)
        assert world.event("client_refused_tls")["host"] == "api.test"


def test_a_head_just_below_the_limit_passes(world, talk):
    with world.tunnel("api.test") as sock:
        reply = talk(sock, "GET", "/", "api.test", headers={"Cookie": "c=" + "x" * 60_000})
    assert reply.status == 200


def test_a_large_body_in_the_same_bytes_as_its_head_is_no_endless_head(world, talk):
    with world.tunnel("api.test") as sock:
        assert talk(sock, "POST", "/", "api.test", body=b"b" * 300_000).status == 200


def test_what_is_sent_ahead_of_an_answer_is_bounded(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert world.upstream.streaming.wait(30)
        with contextlib.suppress(OSError):
            sock.sendall(b"x" * (http1.AHEAD_LIMIT + 300_000))
        world.event("finished")


def test_a_request_that_is_sent_ahead_is_answered_in_its_turn(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET /a HTTP/1.1\r\nHost: api.test\r\n\r\nGET /b HTTP/1.1\r\nHost: api.test\r\n\r\n")
        data = b""
        while b'"/b"' not in data:
            data += sock.recv(65536)
    assert [seen.target for seen in world.upstream.seen] == ["/a", "/b"]


@pytest.fixture
def slow(world):
    """A gate whose parent answers a CONNECT only when it is let go; the event that does it."""
    go, connect = threading.Event(), world.parent._connect

    async def later(*arguments):
        world.parent.connected.put("asked")
        await asyncio.to_thread(go.wait)
        await connect(*arguments)

    world.parent._connect = later
    yield go
    go.set()


def test_what_the_agent_sends_while_its_request_waits_stays_in_its_socket(world, slow):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /sink HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100000000\r\n\r\n")
        world.parent.connected.get(timeout=30)
        sock.settimeout(2)
        with pytest.raises(TimeoutError):
            sock.sendall(bytes(60_000_000))
        (client,) = {client for client in connections._waiting if connections._waiting[client]._size}
        assert connections._waiting[client]._size < 2 * connections.WAITING_LIMIT


def test_a_body_that_had_to_wait_arrives_whole(world, slow, talk):
    with world.tunnel("api.test") as sock:
        replies = []
        body = bytes(8_000_000)
        sender = threading.Thread(target=lambda: replies.append(talk(sock, "POST", "/sink", "api.test", body=body)))
        sender.start()
        world.parent.connected.get(timeout=30)
        slow.set()
        sender.join(30)
    assert [reply.status for reply in replies] == [200]
    assert world.upstream.bytes_in == 8_000_000


def test_a_revoke_ends_a_request_that_waits_with_its_body(world, slow, route_of):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /sink HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100000000\r\n\r\n")
        world.parent.connected.get(timeout=30)
        sock.settimeout(2)
        with contextlib.suppress(OSError):
            sock.sendall(bytes(60_000_000))
        assert world.load(route_of(grants=()))["cut"] == 1
        assert world.event("finished")["cut"] == "revoked"


async def test_a_wait_for_the_lock_is_not_broken_off_and_its_cancellation_comes_after_it():
    lock, steps = PatientLock(), []

    async def waits():
        async with lock:
            steps.append("held")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            steps.append("cancelled")

    await lock.acquire()
    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel("closed by command")
    await asyncio.sleep(0)
    assert steps == []
    lock.release()
    await task
    assert steps == ["held", "cancelled"]


# ---- HTTP/2 windows --------------------------------------------------------------------------------------------------

BIG = 40_000_000


class Most:
    """The most that ever waited for a window, by direction; `full` once it was more than may wait."""

    def __init__(self):
        self.seen, self.full = {True: 0, False: 0}, threading.Event()

    def note(self, size, to_agent):
        self.seen[to_agent] = max(self.seen[to_agent], size)
        if size > connections.UNSENT_LIMIT:
            self.full.set()
        return size


@pytest.fixture
def most(monkeypatch):
    most, original = Most(), connections.unsent
    measured = lambda client, to_agent: most.note(original(client, to_agent=to_agent), to_agent)  # noqa: E731
    monkeypatch.setattr(connections, "unsent", measured)
    return most


def http2(world):
    """An HTTP/2 connection of the agent; it gives no window but the first."""
    sock = world.tunnel("api.test", offers=("h2",))
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    return sock, connection


def head(method, path):
    return [(":method", method), (":scheme", "https"), (":authority", "api.test"), (":path", path)]


def test_a_download_waits_for_the_agents_window_and_arrives_whole(world, upstream, most):
    upstream.answers["/big"] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + bytes(BIG)
    sock, connection = http2(world)
    with sock:
        connection.send_headers(1, head("GET", "/big"), end_stream=True)
        sock.sendall(connection.data_to_send())
        got, owed, ended = 0, 0, False
        while not ended:
            for event in connection.receive_data(sock.recv(65536)):
                if isinstance(event, h2.events.DataReceived):
                    got, owed = got + len(event.data), owed + event.flow_controlled_length
                ended = ended or isinstance(event, h2.events.StreamEnded)
            if got >= 65_535 and owed:
                assert most.full.wait(30)
                connection.acknowledge_received_data(owed, 1)
                owed = 0
            sock.sendall(connection.data_to_send())
    assert got == BIG
    assert connections.UNSENT_LIMIT < most.seen[True] < connections.UNSENT_LIMIT + 1_000_000


def test_an_upload_waits_for_the_upstreams_window(make_world, route_of, upstream, most):
    upstream.offers, upstream.stingy = ("h2", "http/1.1"), True
    world = make_world(route_of())
    with world.tunnel("api.test") as sock:
        sock.sendall(b"POST /sink HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100000000\r\n\r\n")
        sock.settimeout(3)
        with pytest.raises(TimeoutError):
            sock.sendall(bytes(60_000_000))
    assert connections.UNSENT_LIMIT < most.seen[False] < connections.UNSENT_LIMIT + 1_000_000


# ---- WebSockets ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sock(make_world, route_of, upstream, pki):
    """An open WebSocket through the gate; the upstream never reads what comes."""
    upstream.authorities["api.test"] = pki.private
    world = make_world(route_of(pipelock="passthrough", grants=(Grant("g", methods=("GET", "WEBSOCKET")),)))
    connection = world.tunnel("api.test")
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /websocket HTTP/1.1\r\nHost: api.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    assert data.startswith(b"HTTP/1.1 101")
    with connection:
        yield connection


def frame(size, opcode=2, final=False):
    """The head of a masked frame; the mask is zero."""
    return struct.pack("!BBQ", (0x80 if final else 0) | opcode, 0xFF, size) + bytes(4)


@pytest.mark.parametrize("opening", ["one huge frame", "frames without an end"])
def test_a_websocket_message_that_never_ends_closes_its_websocket(sock, monkeypatch, opening, upstream):
    monkeypatch.setattr(sockets, "MESSAGE_LIMIT", 1_000_000)
    with contextlib.suppress(OSError):
        if opening == "one huge frame":
            sock.sendall(frame(1 << 40) + bytes(1_500_000))
        else:
            sock.sendall(frame(100_000) + bytes(100_000))
            for _ in range(14):
                sock.sendall(frame(100_000, opcode=0) + bytes(100_000))
    answer = rest_of(sock)
    assert answer[:1] == b"\x88"
    assert struct.unpack("!H", answer[2:4]) == (1009,)
    assert sockets._Held.total == 0


def test_websockets_are_not_compressed(sock, upstream):
    assert upstream.seen[0].header("sec-websocket-extensions") is None


def test_an_upstream_cannot_switch_compression_on():
    from mitmproxy.http import Headers, Response

    response = Response.make(101, b"", Headers([(b"Sec-WebSocket-Extensions", b"permessage-deflate")]))
    headers.clean_response(response)
    assert "sec-websocket-extensions" not in response.headers


def make_side():
    """One side of a WebSocket, and its other end."""
    return (
        sockets.GateWebsocketConnection(ConnectionType.SERVER, [], conn=None),
        Connection(ConnectionType.CLIENT, []),
    )


def test_all_websockets_together_hold_no_more_than_their_share(monkeypatch):
    monkeypatch.setattr(sockets, "ALTOGETHER", 2_500)
    sides = [make_side() for _ in range(3)]
    ends = []
    for side, client in sides:
        side.receive_data(client.send(BytesMessage(b"x" * 1_000, message_finished=False)))
        ends += [event for event in side.events() if isinstance(event, CloseConnection)]
    assert [event.code for event in ends] == [1009]
    for side, _ in sides:
        side.release()
    assert sockets._Held.total == 0


def test_a_complete_message_is_held_no_longer():
    side, client = make_side()
    for finished in (False, False, True):
        side.receive_data(client.send(BytesMessage(b"x" * 500, message_finished=finished)))
        assert len(list(side.events())) == 1
    assert side.held == 0
    assert sockets._Held.total == 0


def test_empty_frames_without_an_end_count_too(monkeypatch):
    monkeypatch.setattr(sockets, "MESSAGE_LIMIT", 10_000)
    side, client = make_side()
    for _ in range(201):
        side.receive_data(client.send(BytesMessage(b"", message_finished=False)))
    assert any(isinstance(event, CloseConnection) for event in side.events())


def test_what_is_no_request_is_answered_in_json(world):
    for nonsense in (b"GET nonsense HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"):
        with world.connect() as sock:
            sock.sendall(nonsense)
            answer = rest_of(sock)
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403")), answer
        assert b"application/json" in answer
        assert b"<html" not in answer
