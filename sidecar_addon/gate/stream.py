"""mitmproxy's HTTP streams, corrected. Sans-io: generators of commands, as mitmproxy's own.

A response that the gate sets is sent at once, the rest of the body is discarded; mitmproxy alone would read a denied
upload to its end into memory. A failed connection upstream is answered by the gate, and can be tried again.

With `http1.py`, `http2.py`, `connections.py` and `sockets.py` it relies on internals of mitmproxy; `install` puts them
in place and a test of itself proves at every start that mitmproxy is as expected.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy import flow as mitmproxy_flow
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.http import Response
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layers
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    RequestData,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    SendHttp,
)
from mitmproxy.proxy.layers.http._events import ErrorCode
from mitmproxy.proxy.mode_specs import ProxyMode

from sidecar_addon.gate import connections, http1, http2, sockets

type Commands = Generator[Any, Any, Any]


class GateStream(http.HttpStream):  # type: ignore[misc]
    """One request and its response."""

    client_state: Any
    server_state: Any
    _waits = (0, 0)
    """Pieces of the body that wait for this stream, and their bytes."""

    def handle_event(self, event: Any) -> Commands:
        """As mitmproxy's; what is queued while this stream waits is counted."""
        pieces, size = self._waits
        for command in super().handle_event(event):
            self._quote_nothing(command)
            yield command
        if not self._paused_event_queue:
            self._waits = (0, 0)
        elif self._paused_event_queue[-1] is event and isinstance(event, RequestData):
            self._waits = (pieces + 1, size + len(event.data))
        if self._waits != (pieces, size):
            connections.waiting(self.context.client).change(self._waits[0] - pieces, self._waits[1] - size)

    def state_wait_for_request_headers(self, event: Any) -> Commands:
        """As mitmproxy's; then a response that is set already is sent before the body came."""
        yield from super().state_wait_for_request_headers(event)
        waits_for_body = self.client_state == self.state_consume_request_body
        if waits_for_body and self.flow.response is not None:
            yield from self._answer_now(self.flow.response)

    def check_invalid(self, request: bool) -> Commands:
        """As mitmproxy's, but an invalid request gets the answer that the gate's hook has set."""
        if not request:
            return (yield from super().check_invalid(request))
        problem = http.validate_request(self.mode, self.flow.request, self.context.options.validate_inbound_headers)
        if problem is None:
            return False
        self.flow.error = mitmproxy_flow.Error(problem)
        yield HttpRequestHeadersHook(self.flow)
        if self.flow.response is None:
            self.flow.response = Response.make(400)
        self.flow.response.headers["Connection"] = "close"
        yield from self._answer_now(self.flow.response)
        return True

    def handle_protocol_error(self, event: Any) -> Commands:
        """As mitmproxy's, but what could not be connected upstream gets the answer that the gate's hook has set."""
        failed = isinstance(event, ResponseProtocolError) and event.code is ErrorCode.CONNECT_FAILED
        if not failed or self.client_state == self.state_errored:
            yield from super().handle_protocol_error(event)
            return
        self._forget_failures()
        self.flow.error = mitmproxy_flow.Error(event.message)
        yield HttpErrorHook(self.flow)
        if self.flow.response is None:
            yield SendHttp(event, self.context.client)
            self.client_state = self.server_state = self.state_errored
            self.flow.live = False
            yield http.DropStream(self.stream_id)
        else:
            yield from self._answer_now(self.flow.response)

    def _quote_nothing(self, command: Any) -> None:
        """mitmproxy tells the agent what is wrong with an answer in the upstream's own bytes: they may hold the
        credential that this request carries."""
        error = command.event if isinstance(command, SendHttp) else None
        if isinstance(error, ResponseProtocolError) and "token" in self.flow.metadata:
            error.message = "the answer is no well-formed HTTP, or was broken off"

    def _answer_now(self, response: Response) -> Commands:
        content = response.raw_content or b""
        yield SendHttp(ResponseHeaders(self.stream_id, response, False), self.context.client)
        if content and self.flow.request.method != "HEAD":
            yield SendHttp(ResponseData(self.stream_id, content), self.context.client)
        # What still comes of the request is consumed in silence by this state.
        self.client_state = self.server_state = self.state_errored
        self.request_body_buf.clear()
        self.flow.live = False
        yield http.DropStream(self.stream_id)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _forget_failures(self) -> None:
        # mitmproxy answers every later request on this client connection with a connection's first failure.
        parent = self.context.layers[self.context.layers.index(self) - 1]
        for connection in parent.connections:
            if isinstance(connection, Server) and connection.error:
                connection.error = None


class StreamError(RuntimeError):
    """The installed mitmproxy does not do what the gate relies on."""


def install() -> None:
    """Make mitmproxy use the corrected layers, and prove that it does. Raises StreamError."""
    http.HttpStream = GateStream
    http1.install()
    http2.install()
    connections.install()
    sockets.install()
    try:
        _selftest()
    except Exception as error:
        raise StreamError(
            f"this mitmproxy does not behave as the gate needs ({type(error).__name__}: {error}); "
            "install the version in requirements-egress.lock"
        ) from error


def _selftest() -> None:
    """A denied upload that never ends its body is answered at once, and the connection can be used again."""
    options = Options()
    for name, value in (("validate_inbound_headers", True), ("body_size_limit", None), ("stream_large_bodies", None)):
        if name not in options:
            options.add_option(name, type(value) if value is not None else str | None, value, "")
    client = Client(
        peername=("192.0.2.1", 1), sockname=("192.0.2.2", 2), timestamp_start=0.0, state=ConnectionState.OPEN
    )
    client.proxy_mode = ProxyMode.parse("upstream:http://192.0.2.3:3")
    layer = layers.HttpLayer(Context(client, options), http.HTTPMode.upstream)
    sent = _drive(layer, events.Start())
    head = b"POST http://selftest.invalid/ HTTP/1.1\r\nHost: selftest.invalid\r\nContent-Length: 10\r\n\r\n"
    sent = _drive(layer, events.DataReceived(client, head + b"12345"))
    if not sent.startswith(b"HTTP/1.1 403") or not sent.endswith(b"no"):
        raise StreamError("a denied upload was not answered before its end")
    sent = _drive(layer, events.DataReceived(client, b"67890" + head))
    if not sent.startswith(b"HTTP/1.1 403"):
        raise StreamError("the connection was not usable after a denied upload")


def _drive(layer: Any, event: Any) -> bytes:
    sent, queue = b"", [event]
    while queue:
        for command in layer.handle_event(queue.pop(0)):
            if isinstance(command, commands.SendData):
                sent += command.data
            elif isinstance(command, HttpRequestHeadersHook):
                command.flow.response = Response.make(403, b"no")
                queue.append(events.HookCompleted(command))
            elif isinstance(command, commands.StartHook) and command.blocking:
                raise StreamError(f"a hook was not expected: {command.name}")
            elif isinstance(command, commands.OpenConnection):
                raise StreamError("a denied request was dialled")
    return sent
