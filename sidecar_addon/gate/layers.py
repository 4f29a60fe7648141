"""Which protocol comes next on a connection. Only three are known: HTTP on the proxy port, TLS inside a tunnel, and
HTTP inside that. Everything else is refused; mitmproxy's own choice would also relay DNS and raw TCP."""

import re
from collections.abc import Callable
from typing import Any

from mitmproxy.net.http import http1
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer, NextLayer
from mitmproxy.proxy.layers import ClientTLSLayer, HttpLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import HTTPMode

from sidecar_addon.gate.hello import GateClientTls
from sidecar_addon.gate.refusal import Refusal

_COULD_BE_HTTP = re.compile(rb"^[A-Za-z-]{0,32}$|^[A-Za-z-]{1,32} ")

type Report = Callable[[Context], Refusal]
"""Says that something other than HTTP came, and gives the refusal to answer with."""


class RefuseLayer(Layer):  # type: ignore[misc]
    """Answers whatever comes with the refusal, closes, and ignores the rest."""

    def __init__(self, context: Context, refusal: Refusal) -> None:
        super().__init__(context)
        self._refusal: Refusal | None = refusal

    def _handle_event(self, event: Any) -> Any:
        if isinstance(event, events.DataReceived) and self._refusal is not None:
            response = self._refusal.response()
            response.headers["Connection"] = "close"
            self._refusal = None
            yield commands.SendData(self.context.client, http1.assemble_response(response))
            yield commands.CloseConnection(self.context.client)


class ProtocolChoice:
    """The addon that mitmproxy asks; it takes the place, and the name, of mitmproxy's own."""

    name = "nextlayer"

    def __init__(self, report: Report) -> None:
        self._report = report

    def next_layer(self, nextlayer: NextLayer) -> None:
        """Choose, or leave it open while too few bytes came. An exception leaves it open too: nothing passes."""
        context, data = nextlayer.context, nextlayer.data_client()
        if len(context.layers) == 1:
            nextlayer.layer = HttpLayer(context, HTTPMode.upstream)
        elif any(isinstance(layer, ClientTLSLayer) for layer in context.layers):
            if context.client.alpn == b"h2" or _COULD_BE_HTTP.match(data):
                nextlayer.layer = HttpLayer(context, HTTPMode.transparent)
            else:
                nextlayer.layer = RefuseLayer(context, self._report(context))
        elif data[:1] == b"\x16" and len(data) < 3:
            return
        elif starts_like_tls_record(data):
            nextlayer.layer = ServerTLSLayer(context)
            nextlayer.layer.child_layer = GateClientTls(context)
        elif _COULD_BE_HTTP.match(data):
            nextlayer.layer = HttpLayer(context, HTTPMode.transparent)
        else:
            nextlayer.layer = RefuseLayer(context, self._report(context))
