"""mitmproxy's HTTP/2 connections, corrected.

1. The handler of their sockets knows them: what the other side gives no window for piles up in them, so that whoever
   sends it has to wait (`connections.py`).
2. A request that is reset by the agent ends also where its reset came together with its end; mitmproxy alone would
   send it on and read its answer. One that is reset counts until it is over, so that no agent makes the gate work at
   more of them than at a fair number.
"""

from collections.abc import Generator, Mapping
from typing import Any

import h2.errors
import h2.events
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http._http2 import StreamState

from sidecar_addon.gate import connections

AT_WORK = 400
"""Requests of one connection that are not over. An honest agent has at most the 100 that it is told it may open."""

_DIGITS = 19
_MAY_END = (h2.events.RequestReceived, h2.events.DataReceived, h2.events.TrailersReceived)


class GateHttp2Server(http.Http2Server):  # type: ignore[misc]
    """The HTTP/2 connection to the agent."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        connections.know(context.client, self.h2_conn, to_agent=True)
        self._missing: dict[int, int] = {}
        """Of bodies that said their length, the bytes still to come, by stream."""

    def handle_h2_event(self, event: Any) -> Generator[Any, Any, bool]:
        """As mitmproxy's, but for resets, and for more requests than an honest agent has."""
        if isinstance(event, h2.events.RequestReceived) and len(self._at_work()) >= AT_WORK:
            yield from self.protocol_error("too many requests at once", h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            return True
        if self._falls_short(event):
            yield from self.protocol_error("a body is shorter than its head says")
            return True
        if isinstance(event, h2.events.StreamReset) and event.stream_id in self._at_work():
            self.streams.setdefault(event.stream_id, StreamState.HEADERS_RECEIVED)
        return bool((yield from super().handle_h2_event(event)))

    def _falls_short(self, event: Any) -> bool:
        if isinstance(event, h2.events.RequestReceived):
            said = dict(event.headers).get(b"content-length", b"")
            if said.isdigit() and len(said) < _DIGITS:
                self._missing[event.stream_id] = int(said)
        elif isinstance(event, h2.events.DataReceived) and event.stream_id in self._missing:
            self._missing[event.stream_id] -= len(event.data)
        elif isinstance(event, h2.events.StreamReset):
            self._missing.pop(event.stream_id, None)
        ends = isinstance(event, _MAY_END) and event.stream_ended is not None
        return ends and self._missing.pop(event.stream_id, 0) > 0

    def _at_work(self) -> Mapping[int, Any]:
        """The streams, of all that this connection has opened, that are not over."""
        layers = self.context.layers
        found: Mapping[int, Any] = layers[layers.index(self) - 1].streams
        return found


class GateHttp2Client(http.Http2Client):  # type: ignore[misc]
    """The HTTP/2 connection to the upstream."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        connections.know(context.client, self.h2_conn, to_agent=False)


def install() -> None:
    """Put these connections in the place of mitmproxy's."""
    http.Http2Server = GateHttp2Server
    http.Http2Client = GateHttp2Client
