"""mitmproxy's TLS towards the agent, its ClientHello bounded. mitmproxy alone takes 16 MiB of one, and reads all of it
anew with every piece that comes: a few connections would keep the gate from everything else."""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy.layers import ClientTLSLayer

HELLO_LIMIT = 32 * 1024
"""Bytes; an honest one, with keys of every kind, has a few thousand."""


class GateClientTls(ClientTLSLayer):  # type: ignore[misc]
    """TLS in a tunnel of the agent's."""

    def receive_handshake_data(self, data: bytes) -> Generator[Any, Any, tuple[bool, str | None]]:
        """As mitmproxy's, up to a size that no honest ClientHello has."""
        if not self.client_hello_parsed and len(self.recv_buffer) + len(data) > HELLO_LIMIT:
            self.recv_buffer.clear()
            return False, "Cannot parse ClientHello: it never ends"
        done: tuple[bool, str | None] = yield from super().receive_handshake_data(data)
        return done
