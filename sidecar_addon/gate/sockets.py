"""mitmproxy's WebSockets, bounded: a message is held until its last frame has come, and one that never ends would be
held for ever. One that grows past a limit, or past what all together may hold, closes its WebSocket (1009).

Pings, pongs and closes carry text too, and mitmproxy shows no addon theirs: one that holds the gate's credential closes
its WebSocket without it (1008)."""

from collections.abc import Generator, Iterator
from typing import Any

from mitmproxy.proxy import events
from mitmproxy.proxy.layers import websocket
from wsproto.events import CloseConnection, Message, Ping, Pong

MESSAGE_LIMIT = 16 * 1024 * 1024
"""Bytes of one message, one direction."""
ALTOGETHER = 64 * 1024 * 1024
"""Bytes of all messages that are not complete."""
_FRAME = 64
"""What one frame costs beside its bytes."""
_TOO_BIG = 1009
_POLICY = 1008
REFLECTED = "reflected"
"""In the flow's metadata: the upstream has sent the gate's credential in what is no message."""


class _Held:
    """What all WebSockets hold at this moment."""

    total = 0


class GateWebsocketConnection(websocket.WebsocketConnection):  # type: ignore[misc]
    """One side of a WebSocket; counts what it holds."""

    held = 0
    metadata: dict[str, Any] | None = None
    """The flow's, on the side of the upstream."""

    def events(self) -> Iterator[Any]:
        """As wsproto's; a message that grows too large is the end of the connection, and so is a credential."""
        for event in super().events():
            if self._holds_token(event):
                yield CloseConnection(_POLICY, "")
                return
            if isinstance(event, Message):
                self._hold(len(event.data) + _FRAME)
                if self.held > MESSAGE_LIMIT or _Held.total > ALTOGETHER:
                    self.release()
                    yield CloseConnection(_TOO_BIG, "the message is too large for the gate")
                    return
                if event.message_finished:
                    self.release()
            yield event

    def release(self) -> None:
        """What was held has gone on, or is thrown away."""
        self._hold(-self.held)

    def _holds_token(self, event: Any) -> bool:
        token = (self.metadata or {}).get("token")
        if self.metadata is None or token is None or not isinstance(event, Ping | Pong | CloseConnection):
            return False
        said = (event.reason or "").encode() if isinstance(event, CloseConnection) else bytes(event.payload)
        if token.encode() not in said:
            return False
        self.metadata[REFLECTED] = True
        return True

    def _hold(self, size: int) -> None:
        self.held += size
        _Held.total += size


class GateWebsocketLayer(websocket.WebsocketLayer):  # type: ignore[misc]
    """A WebSocket; at its end nothing of it is held any more."""

    def handle_event(self, event: Any) -> Generator[Any, Any, Any]:
        """As mitmproxy's."""
        yield from super().handle_event(event)
        if isinstance(event, events.Start):
            self.server_ws.metadata = self.flow.metadata
        if self._handle_event == self.done:
            for side in (self.client_ws, self.server_ws):
                side.release()
                side.frame_buf = [b""]


def install() -> None:
    """Put the bounded WebSockets in the place of mitmproxy's."""
    websocket.WebsocketConnection = GateWebsocketConnection
    websocket.WebsocketLayer = GateWebsocketLayer
