"""The gate for tests: the real master on loopback, behind it a small real CONNECT parent and a real upstream.

Hosts are names: the parent maps every name to the one upstream, which picks its certificate by SNI, so that a host can
look scanned (certificate of "pipelock") or passthrough (certificate of a private CA, the gate's `extra_ca`).
"""

import asyncio
import contextlib
import datetime
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from sidecar_addon.gate.master import Gate
from sidecar_addon.gate.settings import Settings
from sidecar_addon.gate.tokens import MemoryTokens, Token
from sidecar_addon.table import Grant, Route, Table

WAIT = 30.0
_NO_USAGE = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)


# ---- certificates --------------------------------------------------------------------------------------------------


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: Any, *certificates: x509.Certificate) -> bytes:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return private + b"".join(item.public_bytes(serialization.Encoding.PEM) for item in certificates)


class Authority:
    """A CA that signs leaves for host names."""

    def __init__(self, name: str, key: Any) -> None:
        self.name, self.key = name, key
        now = datetime.datetime.now(datetime.UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        usage: Any = dict.fromkeys(_NO_USAGE, False)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=10))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def leaf(self, *hosts: str) -> bytes:
        """Key and certificate of a server for these hosts, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(hosts[0]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=5))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return _pem(key, certificate)


@dataclass
class Pki:
    """The three authorities of a bottle's world, and their files."""

    folder: Path
    gate: Authority
    pipelock: Authority
    private: Authority

    @property
    def pipelock_key(self) -> bytes:
        """Pipelock's CA key, PEM in SEC1."""
        return _pem(self.pipelock.key)

    def server_context(self, authority: Authority, *hosts: str, offers: tuple[str, ...]) -> ssl.SSLContext:
        """A server's TLS context with a fresh leaf."""
        path = self.folder / f"{authority.name}-{hosts[0]}.pem"
        if not path.exists():
            path.write_bytes(authority.leaf(*hosts))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.set_alpn_protocols(list(offers))
        return context


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Minted once: RSA keys take a moment."""
    folder = tmp_path_factory.mktemp("pki")
    gate = Authority("gate", rsa.generate_private_key(65537, 2048))
    pipelock = Authority("pipelock", ec.generate_private_key(ec.SECP256R1()))
    private = Authority("private", ec.generate_private_key(ec.SECP256R1()))
    (folder / "gate.pem").write_bytes(_pem(gate.key, gate.certificate))
    (folder / "gate-cert.pem").write_bytes(gate.pem)
    (folder / "pipelock.pem").write_bytes(pipelock.pem)
    (folder / "extra.pem").write_bytes(private.pem)
    return Pki(folder, gate, pipelock, private)


# ---- a loop in a thread --------------------------------------------------------------------------------------------


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call[T](self, coroutine: Any) -> Any:
        """Run a coroutine there and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(WAIT * 2)

    def close(self) -> None:
        """Cancel what still runs, stop, and close the loop."""

        async def finish() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0)
            await self.loop.shutdown_default_executor()

        self.call(finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WAIT)
        self.loop.close()


# ---- the upstream and the parent ------------------------------------------------------------------------------------


@dataclass
class Seen:
    """One request as the upstream saw it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    version: str = "HTTP/1.1"
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Upstream:
    """An HTTP/1.1 and HTTP/2 server whose paths do what a test needs; records what it saw."""

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.seen: list[Seen] = []
        self.streaming = threading.Event()
        self.closed = threading.Event()
        self.offers: tuple[str, ...] = ("http/1.1",)
        self.answers: dict[str, bytes] = {}
        """path → a whole raw HTTP/1.1 response."""
        self.authorities: dict[str, Authority] = {}
        """host → who signed its certificate; pipelock where nothing is said."""
        self.bytes_in = 0
        self.stingy = False
        """Whether it gives an HTTP/2 client no window but the first."""

    def context(self) -> ssl.SSLContext:
        """A context that switches by SNI."""
        base = self.pki.server_context(self.pki.pipelock, "unknown.test", offers=self.offers)

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            authority = self.authorities.get(name or "", self.pki.pipelock)
            connection.context = self.pki.server_context(authority, name or "unknown.test", offers=self.offers)

        base.sni_callback = choose
        return base

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        connection = writer.get_extra_info("ssl_object")
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError, ValueError):
            if connection is not None and connection.selected_alpn_protocol() == "h2":
                await self._http2(reader, writer)
            else:
                while await self._http1(reader, writer):
                    pass
        self.closed.set()
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.close()

    async def _http1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.split("\r\n")[:-2]
        method, target, version = line.split(" ", 2)
        fields = [(name, value.strip()) for name, _, value in (text.partition(":") for text in lines)]
        seen = Seen(method, target, fields, version=version)
        self.seen.append(seen)
        path = target.partition("?")[0]
        if path == "/early":  # answers before the body has come
            await self._answer("/", seen, reader, writer)
            await self._read_body(reader, seen, keep=False)
            return True
        if path == "/sink":
            await self._read_body(reader, seen, keep=False)
        else:
            await self._read_body(reader, seen, keep=True)
        await self._answer(path, seen, reader, writer)
        return True

    async def _read_body(self, reader: asyncio.StreamReader, seen: Seen, keep: bool) -> None:
        if "chunked" in (seen.header("transfer-encoding") or ""):
            while size := int(await reader.readline(), 16):
                data = await reader.readexactly(size)
                await reader.readline()
                self.bytes_in += len(data)
                seen.body += data if keep else b""
            await reader.readline()
            return
        left = int(seen.header("content-length") or 0)
        while left:
            data = await reader.read(min(left, 65536))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
            self.bytes_in += len(data)
            seen.body += data if keep else b""

    async def _answer(self, path: str, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if path in self.answers:
            writer.write(self.answers[path])
        elif path == "/stream":
            await self._stream(writer)
        elif path == "/websocket":
            await self._websocket(seen, reader, writer)
        elif path == "/drop":
            writer.close()
            raise OSError
        else:
            body = json.dumps({"method": seen.method, "target": seen.target, "body": seen.body.decode("latin-1")})
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Bottle-Denied: fake\r\nX-Pipelock-Hint: fake"
                b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body.encode() if seen.method != "HEAD" else b"")
            )
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"b\r\ndata: one\n\n\r\n")
        self.streaming.set()
        while not writer.is_closing():
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(b"c\r\ndata: more\n\n\r\n")
        raise OSError

    async def _websocket(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import base64
        import hashlib

        key = (seen.header("sec-websocket-key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        self.streaming.set()
        while True:  # echo small masked text frames
            first, second = await reader.readexactly(2)
            length = second & 0x7F
            mask = await reader.readexactly(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await reader.readexactly(length)))
            writer.write(bytes([first, length]) + data)
            await writer.drain()

    async def _http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        open_requests: dict[int, Seen] = {}
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    fields = dict(event.headers)
                    seen = Seen(fields[":method"], fields[":path"], list(event.headers), version="HTTP/2")
                    open_requests[event.stream_id] = seen
                    self.seen.append(seen)
                elif isinstance(event, h2.events.DataReceived):
                    open_requests[event.stream_id].body += event.data
                    if not self.stingy:
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.TrailersReceived):
                    open_requests[event.stream_id].trailers = list(event.headers)
                elif isinstance(event, h2.events.StreamEnded):
                    connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/plain")])
                    connection.send_data(event.stream_id, b"over h2", end_stream=True)
            writer.write(connection.data_to_send())
            await writer.drain()


class Parent:
    """A CONNECT proxy that maps every name to the upstream; what it refuses and saw is for tests to set and read."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.connects: list[str] = []
        self.plain: list[str] = []
        self.refused: dict[str, str] = {}
        """host:port → the status line's rest, e.g. `403 Forbidden`."""
        self.connected = queue.Queue[str]()

    async def start(self) -> None:
        """Listen, and the upstream behind it."""
        self._tls = await asyncio.start_server(self.upstream.serve, "127.0.0.1", 0, ssl=self.upstream.context())
        self._plain = await asyncio.start_server(self.upstream.serve, "127.0.0.1", 0)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[:2]

    def drop(self) -> None:
        """End every connection that is open; from any thread."""
        for server in (self._server, self._plain, self._tls):
            server.get_loop().call_soon_threadsafe(server.abort_clients)

    @property
    def tls_port(self) -> int:
        """Where the upstream itself listens for TLS."""
        return int(self._tls.sockets[0].getsockname()[1])

    @property
    def plain_port(self) -> int:
        """Where the upstream itself listens without TLS."""
        return int(self._plain.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        for server in (self._server, self._plain, self._tls):
            server.close()
            server.close_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
            if method == "CONNECT":
                await self._connect(target, reader, writer)
            elif target == "/health":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            else:
                await self._forward(method, target, head, reader, writer)
        writer.close()

    async def _connect(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects.append(target)
        self.connected.put(target)
        if target in self.refused:
            writer.write(f"HTTP/1.1 {self.refused[target]}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return
        server = self._plain if target.endswith(":80") else self._tls
        there = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await _relay((reader, writer), there)

    async def _forward(
        self, method: str, target: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.plain.append(f"{method} {target}")
        there = await asyncio.open_connection(*self._plain.sockets[0].getsockname()[:2])
        path = "/" + target.partition("://")[2].partition("/")[2]
        there[1].write(head.replace(target.encode(), path.encode(), 1))
        await _relay((reader, writer), there)


async def _relay(here: Any, there: Any) -> None:
    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    try:
        await asyncio.gather(copy(here[0], there[1]), copy(there[0], here[1]))
    finally:  # also when the test is over and nobody reads any more
        here[1].close()
        there[1].transport.abort()


# ---- the gate -------------------------------------------------------------------------------------------------------


@dataclass
class Reply:
    """A response as the agent sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class World:
    """A running gate, its parent and its upstream, and clients for it."""

    gate: Gate
    parent: Parent
    upstream: Upstream
    pki: Pki
    tokens: MemoryTokens
    routes_file: Path
    lines: "queue.Queue[dict[str, Any]]"
    clock: "Clock"
    past: list[dict[str, Any]] = field(default_factory=list)

    def event(self, name: str, **wanted: Any) -> dict[str, Any]:
        """The next event with this name and these fields; fails after 30 s. Looks at earlier ones first."""
        for item in self.past:
            if _fits(item, name, wanted):
                self.past.remove(item)
                return item
        end = time.monotonic() + WAIT
        while True:
            try:
                item = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no event {name} {wanted}; there were {self.past}") from None
            if _fits(item, name, wanted):
                return item
            self.past.append(item)

    def load(self, *routes: Route, apply: str = "next", **more: Any) -> dict[str, Any]:
        """Put a table in place, reload, and wait for the acknowledgement."""
        self.routes_file.write_bytes(Table(routes=routes, apply=apply, **more).data)
        self.gate.reload()
        return self.event("routes_loaded", apply=apply)

    def connect(self) -> socket.socket:
        """A plain connection to the gate."""
        return socket.create_connection(self.gate.address, timeout=WAIT)

    def drop_upstreams(self) -> None:
        """End every connection that the parent relays, as its restart would."""
        self.parent.drop()

    def tunnel_raw(self, target: str, extra: str = "") -> tuple[socket.socket, bytes]:
        """A CONNECT; the socket and the whole head (and body) of the answer."""
        sock = self.connect()
        sock.sendall(f"CONNECT {target} HTTP/1.1\r\n{extra}\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                break
            data += piece
        return sock, data

    def tunnel(
        self, host: str, port: int = 443, *, sni: str | None = None, offers: tuple[str, ...] = ("http/1.1",)
    ) -> ssl.SSLSocket:
        """TLS with the gate inside a CONNECT."""
        sock, answer = self.tunnel_raw(f"{host}:{port}", f"Host: {host}:{port}\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        context = ssl.create_default_context(cafile=self.pki.folder / "gate-cert.pem")
        context.check_hostname = sni is None
        context.set_alpn_protocols(list(offers))
        return context.wrap_socket(sock, server_hostname=sni or host)

    def get(self, url: str, method: str = "GET", body: bytes = b"", **headers: str) -> Reply:
        """One request with a connection of its own."""
        scheme, _, rest = url.partition("://")
        name, slash, path = rest.partition("/")
        host, _, port = name.partition(":")
        if scheme == "http":
            with self.connect() as sock:
                return exchange(sock, method, url, name, body, headers)
        with self.tunnel(host, int(port or 443)) as sock:
            return exchange(sock, method, slash + path if slash else "/", name, body, headers)


def _fits(item: dict[str, Any], name: str, wanted: dict[str, Any]) -> bool:
    return item["event"] == name and all(item.get(key) == value for key, value in wanted.items())


def exchange(
    sock: socket.socket, method: str, target: str, host: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Reply:
    """Send one HTTP/1.1 request and read its response."""
    fields = {"Host": host, **({"Content-Length": str(len(body))} if body else {}), **(headers or {})}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    sock.sendall(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
    return read_reply(sock, method)


def read_reply(sock: socket.socket, method: str = "GET") -> Reply:
    """Read one HTTP/1.1 response."""
    import http.client

    response = http.client.HTTPResponse(sock, method=method)
    response.begin()
    reply = Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    response.close()
    return reply


@dataclass
class Clock:
    """A wall clock and a monotonic one that tests can move."""

    shift: float = 0.0
    monotonic_shift: float = 0.0

    def now(self) -> datetime.datetime:
        """UTC, moved."""
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.shift)

    def monotonic(self) -> float:
        """Seconds, moved."""
        return time.monotonic() + self.monotonic_shift


@pytest.fixture
def upstream(pki: Pki) -> Upstream:
    """The upstream behind the parent."""
    return Upstream(pki)


@pytest.fixture
def make_world(pki: Pki, upstream: Upstream, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Builds a running gate with a table; everything is stopped afterwards."""
    outside, inside = LoopThread(), LoopThread()
    worlds: list[World] = []
    parents: list[Parent] = []

    def build(*routes: Route, tokens: dict[str, Token] | None = None, raw: bytes | None = None, **more: Any) -> World:
        parent = Parent(upstream)
        outside.call(parent.start())
        parents.append(parent)
        routes_file = tmp_path / "routes.yaml"
        if raw is not None or routes:
            routes_file.write_bytes(raw if raw is not None else Table(routes=routes, apply="first").data)
        store, lines, clock = MemoryTokens(), queue.Queue[dict[str, Any]](), Clock()
        for slot, token in (tokens or {}).items():
            store.put(slot, token)
        settings = Settings(
            **{
                "listen": ("127.0.0.1", 0),
                "parent": parent.address,
                "routes_file": routes_file,
                "uses_folder": tmp_path / "uses",
                "ca_file": pki.folder / "gate.pem",
                "tokens": store,
                "pipelock_ca": pki.folder / "pipelock.pem",
                "extra_ca": pki.folder / "extra.pem",
                "emit": lambda line: lines.put(json.loads(line)),
                "now": clock.now,
                "monotonic": clock.monotonic,
                **more,
            }
        )

        async def start() -> Gate:
            gate = Gate(settings)
            await gate.start()
            return gate

        gate = inside.call(start())
        world = World(gate, parent, upstream, pki, store, routes_file, lines, clock)
        worlds.append(world)
        return world

    yield build
    for world in worlds:
        inside.call(world.gate.stop())
    for parent in parents:
        outside.call(parent.close())
    inside.close()
    outside.close()


def route(host: str = "api.test", *, grants: tuple[Grant, ...] | None = None, **more: Any) -> Route:
    """A route with one grant `g1` for everything on 443, unless said otherwise."""
    return Route(host, grants if grants is not None else (Grant("g1"),), **more)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A gate that allows every path of the scanned host api.test."""
    return make_world(route())


@pytest.fixture
def route_of() -> Callable[..., Route]:
    """Makes a route with one grant `g1` for everything on 443, unless said otherwise."""
    return route


@pytest.fixture
def talk() -> Callable[..., Reply]:
    """Sends one HTTP/1.1 request on an open connection and reads its response."""
    return exchange


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
