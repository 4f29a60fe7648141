"""mitmproxy's HTTP/1.1 connections, corrected. Sans-io: generators of commands, as mitmproxy's own.

1. A message that came over HTTP/2 without a length goes on over HTTP/1.1 in chunks; mitmproxy alone would send a
   request without any framing, which the upstream would read as further ones, and end the agent's connection after
   each answer.
2. Trailers are dropped; mitmproxy alone would hang.
3. What never ends is cut: a head, the head of a chunk, trailers, what is sent ahead of its turn. mitmproxy alone would
   keep all of it in memory.
4. What an upstream says before its answer (100, 102, 103) is passed over, as over HTTP/2; mitmproxy alone would take it
   for the answer, and the agent would wait for ever for the real one.
"""

import json
import re
from collections.abc import Generator
from typing import Any

import h11
from mitmproxy.http import Headers, Response
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import (
    ReceiveHttp,
    RequestHeaders,
    RequestProtocolError,
    ResponseHeaders,
    ResponseProtocolError,
    _http1,
)
from mitmproxy.proxy.layers.http._events import ErrorCode

LINES_LIMIT = 64 * 1024
"""Bytes of a head, of the head of a chunk, of trailers."""
AHEAD_LIMIT = 1024 * 1024
"""Bytes that may come before it is their turn: requests behind the one that is being answered."""
_TOO_LARGE = "a head may have 64 KiB"
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_BEFORE_THE_ANSWER = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9]{2}[ \r\n]")
_make_body_reader = _http1.make_body_reader

type Commands = Generator[Any, Any, Any]


def install() -> None:
    """Put the corrected connections in the place of mitmproxy's."""
    http.Http1Client = GateHttp1Client
    http.Http1Server = GateHttp1Server
    _http1.make_body_reader = lambda size: BoundedBody(_make_body_reader(size))
    _http1.make_error_response = error_response


def error_response(status: int, message: str = "") -> bytes:
    """The answer to what is no well-formed request, and to what failed on the way, as bytes."""
    body = json.dumps({"error": "bad_request" if status < 500 else "upstream_failed", "message": message}).encode()
    fields = Headers(content_type="application/json", connection="close")
    return bytes(http1.assemble_response(Response.make(status, body + b"\n", fields)))


def _endless(connection: Any, event: Any) -> bool:
    """Whether what waits in the buffer is a head that has passed its limit."""
    if not isinstance(event, events.DataReceived) or len(connection.buf) <= LINES_LIMIT:
        return False
    return _END_OF_HEAD.search(bytes(connection.buf)[:LINES_LIMIT]) is None


class GateHttp1Client(http.Http1Client):  # type: ignore[misc]
    """The HTTP/1.1 connection to the upstream."""

    state: Any

    def send(self, event: Any) -> Commands:
        """As mitmproxy's; a body of unknown length that came over HTTP/2 is framed as chunks."""
        if isinstance(event, RequestHeaders) and _has_no_framing(event):
            framed = event.request.copy()
            framed.headers["Transfer-Encoding"] = "chunked"
            event = RequestHeaders(event.stream_id, framed, event.end_stream, event.replay_flow)
        yield from super().send(event)

    def read_headers(self, event: Any) -> Commands:
        """As mitmproxy's, up to a size that no honest head has, and without what comes before the answer."""
        if self.stream_id is not None and isinstance(event, events.DataReceived):
            self._pass_over()
        if self.stream_id is not None and _endless(self, event):
            yield from self._cut("the head of the answer never ends")
        else:
            yield from super().read_headers(event)

    def wait(self, event: Any) -> Commands:
        """As mitmproxy's, but what comes after an answer that is complete is bounded."""
        if isinstance(event, events.DataReceived) and len(self.buf) > LINES_LIMIT:
            yield from self._cut("more came than the answer")
        else:
            yield from super().wait(event)

    def _pass_over(self) -> None:
        while _BEFORE_THE_ANSWER.match(bytes(self.buf)[:16]) and self.buf.maybe_extract_lines():
            pass

    def _cut(self, message: str) -> Commands:
        yield commands.CloseConnection(self.conn)
        self.state = self.done
        yield ReceiveHttp(ResponseProtocolError(self.stream_id, message, ErrorCode.GENERIC_SERVER_ERROR))


class GateHttp1Server(http.Http1Server):  # type: ignore[misc]
    """The HTTP/1.1 connection to the agent."""

    state: Any

    def read_headers(self, event: Any) -> Commands:
        """As mitmproxy's, up to a size that no honest head has."""
        if _endless(self, event):
            yield commands.SendData(self.conn, error_response(431, _TOO_LARGE))
            yield commands.CloseConnection(self.conn)
            self.state = self.done
        else:
            yield from super().read_headers(event)

    def wait(self, event: Any) -> Commands:
        """As mitmproxy's, but what is sent ahead is bounded."""
        if isinstance(event, events.DataReceived) and len(self.buf) > AHEAD_LIMIT:
            yield commands.CloseConnection(self.conn)
            message, code = "too much was sent ahead of the answer", ErrorCode.CLIENT_DISCONNECTED
            self.state = self.done
            yield ReceiveHttp(RequestProtocolError(self.stream_id, message, code))
        else:
            yield from super().wait(event)

    def send(self, event: Any) -> Commands:
        """As mitmproxy's; a body of unknown length that came over HTTP/2 is framed as chunks."""
        if isinstance(event, ResponseHeaders) and _has_no_framing_back(event) and self._may_chunk(event):
            framed = event.response.copy()
            if event.end_stream:
                framed.headers["Content-Length"] = "0"
            else:
                framed.headers["Transfer-Encoding"] = "chunked"
            event = ResponseHeaders(event.stream_id, framed, event.end_stream)
        yield from super().send(event)

    def _may_chunk(self, event: Any) -> bool:
        bodiless = event.response.status_code in (204, 304) or event.response.status_code < 200
        return not bodiless and self.request.method != "HEAD" and self.request.is_http11


class BoundedBody:
    """One of h11's body readers, its trailers dropped, its lines bounded."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __call__(self, buffer: Any) -> Any:
        """The next piece of the body, or its end. A reader that waits with so much at hand is in an endless line."""
        event = self._reader(buffer)
        if event is None and len(buffer) > LINES_LIMIT:
            raise h11.RemoteProtocolError("the head of a chunk, or the trailers, never end")
        return self._without_trailers(event)

    def read_eof(self) -> Any:
        """What the end of the connection means for this body."""
        return self._without_trailers(self._reader.read_eof())

    def _without_trailers(self, event: Any) -> Any:
        return h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) and event.headers else event


def _has_no_framing_back(event: Any) -> bool:
    return bool(event.response.is_http2 and "content-length" not in event.response.headers)


def _has_no_framing(event: Any) -> bool:
    return bool(event.request.is_http2 and not event.end_stream and "content-length" not in event.request.headers)
