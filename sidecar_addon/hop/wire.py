"""Bytes in and out: the client's side as h11 reads it, tunnels, and one plain HTTP exchange with an upstream."""

import asyncio
import contextlib
from http import HTTPStatus

import h11

from sidecar_addon.hop.requests import Target

CHUNK = 64 * 1024
HEAD_BYTES = 64 * 1024
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer upgrade expect".split()
)
type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """The connection of whoever asked. Serves one request; the answer always says `Connection: close`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        peer = writer.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""

    async def head(self) -> h11.Request | None:
        """The request line and headers; None when the client leaves before they are whole."""
        event = await self.event()
        return event if isinstance(event, h11.Request) else None

    async def event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event of the request, reading as needed."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.reader.read(CHUNK))
        return event

    async def send(self, event: h11.Event) -> None:
        """Write one event of the answer."""
        data = self.http.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def answer(
        self, status: int, text: str, *, hint: str | None = None, content_type: str = "text/plain; charset=utf-8"
    ) -> None:
        """A whole answer of one line, in the shape of pipelock's own."""
        body = (text + "\n").encode()
        headers = [("Content-Type", content_type), ("X-Content-Type-Options", "nosniff")]
        if hint:
            headers.append(("X-Pipelock-Hint", hint))
        headers += [("Content-Length", str(len(body))), ("Connection", "close")]
        reason = HTTPStatus(status).phrase.encode()
        await self.send(h11.Response(status_code=status, headers=headers, reason=reason))
        await self.send(h11.Data(data=body))
        await self.send(h11.EndOfMessage())

    async def switch(self) -> None:
        """Answer a CONNECT with 200; from here on the connection carries bytes."""
        await self.send(h11.Response(status_code=200, headers=[], reason=b"Connection Established"))


async def relay(client: Client, upstream: Stream, idle_seconds: float, moved: list[int]) -> None:
    """Bytes both ways until both ends are done, or nothing moved for `idle_seconds`. Counts into `moved[0]`."""
    early, _ = client.http.trailing_data
    if early:
        moved[0] += len(early)
        upstream[1].write(early)
    last = asyncio.get_running_loop().time()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal last
        while data := await reader.read(CHUNK):
            moved[0] += len(data)
            last = asyncio.get_running_loop().time()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()

    both = asyncio.gather(pump(client.reader, upstream[1]), pump(upstream[0], client.writer))
    try:
        while True:
            left = last + idle_seconds - asyncio.get_running_loop().time()
            if left <= 0:
                return
            done, _ = await asyncio.wait([both], timeout=left)
            if done:
                await both
                return
    finally:
        both.cancel()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await both


async def forward(client: Client, request: h11.Request, target: Target, upstream: Stream) -> tuple[int, int]:
    """One plain exchange, streamed both ways. Returns status and size; redirects are the client's own business."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    host = target.host if target.port == 80 else f"{target.host}:{target.port}"
    headers = [(b"Host", host.encode()), (b"Connection", b"close"), *_kept(request.headers)]
    head = h11.Request(method=request.method, target=target.origin, headers=headers)
    upstream[1].write(http.send(head) or b"")
    if client.http.they_are_waiting_for_100_continue:
        await client.send(h11.InformationalResponse(status_code=100, headers=[]))
    upload = asyncio.create_task(_until_left(client, http, upstream[1]))
    download = asyncio.create_task(_download(client, http, upstream[0]))
    try:
        await asyncio.wait({upload, download}, return_when=asyncio.FIRST_COMPLETED)
        if not download.done():
            raise ConnectionResetError("the client left before its answer was whole")
        return download.result()
    finally:
        upload.cancel()
        download.cancel()
        await asyncio.gather(upload, download, return_exceptions=True)


async def _until_left(client: Client, http: h11.Connection, writer: asyncio.StreamWriter) -> None:
    """The request's body, then nothing more: ends when the client does. An upstream need not take the whole body."""
    with contextlib.suppress(OSError):
        await _upload(client, http, writer)
    while await client.reader.read(CHUNK):
        pass


async def _upload(client: Client, http: h11.Connection, writer: asyncio.StreamWriter) -> None:
    while True:
        event = await client.event()
        if isinstance(event, h11.EndOfMessage):
            event = h11.EndOfMessage()
        elif not isinstance(event, h11.Data):
            return
        writer.write(http.send(event) or b"")
        await writer.drain()
        if isinstance(event, h11.EndOfMessage):
            return


async def _download(client: Client, http: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, int]:
    status = size = 0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = [*_kept(event.headers), (b"Connection", b"close")]
            await client.send(h11.Response(status_code=status, headers=headers, reason=event.reason))
        elif isinstance(event, h11.Data):
            size += len(event.data)
            await client.send(h11.Data(data=event.data))
        elif isinstance(event, h11.EndOfMessage):
            await client.send(h11.EndOfMessage())
            return status, size
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("the upstream broke off")


def _kept(headers: h11._headers.Headers) -> list[tuple[bytes, bytes]]:
    named = {token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")}
    dropped = _HOP_BY_HOP | named | {b"host"}
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in dropped]
