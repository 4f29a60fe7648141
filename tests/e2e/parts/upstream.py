"""The outside world of the end-to-end tests: one asyncio server for every host name it has a certificate of.

Runs in a container, with the standard library alone: `python upstream.py FOLDER`. TLS on 443 and 8443, HTTP on 80.
Each request is one JSON line on stdout, so that a test can show what the outside saw, and what it never saw.
"""

import asyncio
import base64
import hashlib
import json
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import model

BLOCK = (b"The quick brown fox jumps over the lazy dog, line after line. " * 1100)[:65536]
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass
class Request:
    """One request as it came in. `headers` keep their order and their case."""

    scheme: str
    server_name: str | None
    method: str
    target: str
    headers: list[tuple[str, str]]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    query: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    async def body(self) -> AsyncIterator[bytes]:
        """The body, piece by piece, of known length or chunked."""
        if (self.header("expect") or "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (self.header("transfer-encoding") or "").lower() == "chunked":
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                yield await self.reader.readexactly(size)
                await self.reader.readline()
            while (await self.reader.readline()).strip():
                pass
            return
        left = int(self.header("content-length") or 0)
        while left and (piece := await self.reader.read(min(left, 65536))):
            left -= len(piece)
            yield piece


def say(**event: object) -> None:
    """One event line on stdout."""
    print(json.dumps(event), flush=True)


async def answer(request: Request, status: int, body: bytes, kind: str = "application/json", **extra: str) -> None:
    """A whole response of known length."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in extra.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    request.writer.write(head if request.method == "HEAD" else head + body)
    await request.writer.drain()


async def chunks(request: Request, kind: str, pieces: AsyncIterator[bytes]) -> None:
    """A response that streams: each piece is one chunk, sent at once."""
    request.writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    async for piece in pieces:
        request.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await request.writer.drain()
    request.writer.write(b"0\r\n\r\n")
    await request.writer.drain()


def shown(name: str, value: str) -> tuple[str, str]:
    """A header as the echo tells it: a credential by its digest, since an answer that holds one is cut."""
    return (name, hashlib.sha256(value.encode()).hexdigest()) if name.lower() == "authorization" else (name, value)


async def echo(request: Request) -> None:
    """What the outside saw of a request."""
    digest, size = hashlib.sha256(), 0
    async for piece in request.body():
        digest.update(piece)
        size += len(piece)
    seen = {
        "host": request.header("host"),
        "method": request.method,
        "path": request.target,
        "scheme": request.scheme,
        "server_name": request.server_name,
        "headers": [shown(*header) for header in request.headers],
        "bytes": size,
        "sha256": digest.hexdigest(),
    }
    await answer(request, 200, json.dumps(seen).encode())


async def events(request: Request) -> None:
    """Server-sent events: `count` of them (0: until the client goes), `every` milliseconds apart."""
    count, every = int(request.query.get("count", 3)), int(request.query.get("every", 100)) / 1000

    async def stream() -> AsyncIterator[bytes]:
        number = 0
        while not count or number < count:
            yield b'data: {"number": %d}\n\n' % number
            number += 1
            await asyncio.sleep(every)

    try:
        await chunks(request, "text/event-stream", stream())
    finally:
        say(event="stream_ended", host=request.header("host"), path=request.target)


async def download(request: Request) -> None:
    """`/bytes/N`: N bytes of prose, never held whole."""
    left = int(request.path.rsplit("/", 1)[1])
    request.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % left)
    while left:
        piece = BLOCK[:left]
        request.writer.write(piece)
        left -= len(piece)
        await request.writer.drain()


async def redirect(request: Request) -> None:
    """`/redirect?to=URL&code=302`."""
    await answer(request, int(request.query.get("code", 302)), b"", location=request.query["to"])


async def reflect(request: Request) -> None:
    """Sends the credential it got back, in the body or, with `in=header`, in a header of the response."""
    token = request.header(request.query.get("header", "authorization")) or "none"
    if request.query.get("in") == "header":
        return await answer(request, 200, b"{}", x_seen=token)
    return await answer(request, 200, json.dumps({"seen": token}).encode())


async def voice(request: Request) -> None:
    """An upstream that tries to speak with the voice of the gate."""
    await answer(request, 200, b"{}", x_bottle_denied="quarantined", x_pipelock_hint="none", x_kept="yes")


async def websocket(request: Request) -> None:
    """Echoes short unfragmented frames until the client closes."""
    key = (request.header("sec-websocket-key") or "").encode()
    if (request.header("upgrade") or "").lower() != "websocket" or not key:
        return await answer(request, 200, b'{"upgraded": false}')
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest())
    request.writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-accept: " + accept + b"\r\n\r\n"
    )
    while True:
        first, second = await request.reader.readexactly(2)
        mask = await request.reader.readexactly(4)
        masked = await request.reader.readexactly(second & 0x7F)
        request.writer.write(bytes([first, second & 0x7F]) + bytes(b ^ mask[i % 4] for i, b in enumerate(masked)))
        await request.writer.drain()
        if first & 0x0F == 8:
            raise asyncio.IncompleteReadError(b"", None)


async def scripted_model(request: Request) -> None:
    """The model that the real agents talk to; see model.py."""
    asked = json.loads(b"".join([piece async for piece in request.body()]) or b"{}")
    pieces = model.responses(asked) if request.path.endswith("/responses") else model.chat(asked)

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    await chunks(request, "text/event-stream", stream())


PLACES = {
    "/events": events,
    "/bytes/": download,
    "/redirect": redirect,
    "/reflect": reflect,
    "/voice": voice,
    "/ws": websocket,
    "/backend-api/codex/responses": scripted_model,
    "/v1/chat/completions": scripted_model,
}


async def read_request(scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request of a connection, None at its end."""
    first = (await reader.readline()).decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = []
    while line := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    name = writer.get_extra_info("ssl_object")
    request = Request(scheme, getattr(name, "asked_for", None), first[0], first[1], headers, reader, writer)
    parts = urlsplit(request.target)
    request.path, request.query = parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}
    return request


async def serve(scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, request after request."""
    try:
        while request := await read_request(scheme, reader, writer):
            say(event="request", scheme=scheme, host=request.header("host"), method=request.method, path=request.target)
            place = next((place for prefix, place in PLACES.items() if request.path.startswith(prefix)), echo)
            await place(request)
    except (OSError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()


def tls(folder: Path) -> ssl.SSLContext:
    """Picks the certificate of the name that the client asks for; a name without one fails the handshake."""
    contexts = {}
    for pem in sorted(folder.glob("*.pem")):
        contexts[pem.stem] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[pem.stem].load_cert_chain(pem)

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        if name not in contexts:
            say(event="no_certificate", server_name=name)
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = contexts[name]
        connection.asked_for = name  # type: ignore[attr-defined]
        return None

    first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first.load_cert_chain(next(iter(sorted(folder.glob("*.pem")))))
    first.sni_callback = choose
    return first


async def main(folder: Path) -> None:
    """Listens on every port and says so."""
    context = tls(folder)
    for port, scheme in ((80, "http"), (443, "https"), (8443, "https")):
        await asyncio.start_server(
            lambda reader, writer, scheme=scheme: serve(scheme, reader, writer),
            "0.0.0.0",
            port,
            ssl=context if scheme == "https" else None,
        )
    say(event="upstream_ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
