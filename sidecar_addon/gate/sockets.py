"""mitmproxy's WebSockets, bounded: a message is held until its last frame has come, and one that never ends would be
held for ever. One that grows past a limit, or past what all together may hold, closes its WebSocket (1009)."""

from collections.abc import Generator, Iterator
from typing import Any

from mitmproxy.proxy.layers import websocket
from wsproto.events import CloseConnection, Message

MESSAGE_LIMIT = 16 * 1024 * 1024
"""Bytes of one message, one direction."""
ALTOGETHER = 64 * 1024 * 1024
"""Bytes of all messages that are not complete."""
_FRAME = 64
"""What one frame costs beside its bytes."""
_TOO_BIG = 1009


class _Held:
    """What all WebSockets hold at this moment."""

    total = 0


class GateWebsocketConnection(websocket.WebsocketConnection):  # type: ignore[misc]
    """One side of a WebSocket; counts what it holds."""

    held = 0

    def events(self) -> Iterator[Any]:
        """As wsproto's; a message that grows too large is the end of the connection."""
        for event in super().events():
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

    def _hold(self, size: int) -> None:
        self.held += size
        _Held.total += size


class GateWebsocketLayer(websocket.WebsocketLayer):  # type: ignore[misc]
    """A WebSocket; at its end nothing of it is held any more."""

    def handle_event(self, event: Any) -> Generator[Any, Any, Any]:
        """As mitmproxy's."""
        yield from super().handle_event(event)
        if self._handle_event == self.done:
            for side in (self.client_ws, self.server_ws):
                side.release()
                side.frame_buf = [b""]


def install() -> None:
    """Put the bounded WebSockets in the place of mitmproxy's."""
    websocket.WebsocketConnection = GateWebsocketConnection
    websocket.WebsocketLayer = GateWebsocketLayer
