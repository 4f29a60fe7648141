"""mitmproxy's HTTP/2 connections, known to the handler of their sockets: what the other side gives no window for piles
up in them, so that whoever sends it has to wait (`connections.py`)."""

from typing import Any

from mitmproxy.proxy.layers import http

from sidecar_addon.gate import connections


class GateHttp2Server(http.Http2Server):  # type: ignore[misc]
    """The HTTP/2 connection to the agent."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        connections.know(context.client, self.h2_conn, to_agent=True)


class GateHttp2Client(http.Http2Client):  # type: ignore[misc]
    """The HTTP/2 connection to the upstream."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        connections.know(context.client, self.h2_conn, to_agent=False)


def install() -> None:
    """Put these connections in the place of mitmproxy's."""
    http.Http2Server = GateHttp2Server
    http.Http2Client = GateHttp2Client
