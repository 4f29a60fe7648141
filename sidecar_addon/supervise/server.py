"""The MCP server around the queue: streamable HTTP, one event loop, startable in any process."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings

from sidecar_addon.supervise import tools
from sidecar_addon.supervise.calls import Calls
from sidecar_addon.supervise.queue import Queue
from sidecar_addon.supervise.settings import Settings

__all__ = ["Service", "Settings", "serve"]

MAX_BODY = 256 * 1024
MAX_SESSIONS = 1_000
MAX_CONNECTIONS = 512


class Service:
    """A running supervise. `reload` and `stop` are for the event loop's own thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = settings.port
        self.queue = Queue(settings.folder, settings.emit)
        self._calls = Calls(self.queue, settings.emit, settings.egress_proxy, settings.beat_seconds)
        self._web: _Uvicorn | None = None

    async def serve(self, on_ready: Callable[["Service"], None] | None = None) -> None:
        """Serve until `stop` or cancellation. Raises OSError when the port or the folder cannot be had."""
        self.queue.open()
        with socket.create_server((self.settings.host, self.settings.port)) as listener:
            self.port = listener.getsockname()[1]
            self._web = _Uvicorn(self._configuration(), lambda: self._ready(on_ready))
            try:
                await self._web.serve(sockets=[listener])
            finally:
                self._calls.closing = True

    def reload(self) -> None:
        """What SIGHUP does: decisions and state anew off disk, one event line for each that came."""
        try:
            self.queue.reload()
        except OSError as error:
            self.settings.emit({"event": "file_rejected", "name": "decisions", "error": str(error)[:500]})

    def stop(self) -> None:
        """End it: calls that wait answer `pending` at once."""
        self._calls.closing = True
        self.queue.changed.set()
        if self._web is not None:
            self._web.should_exit = True

    def _ready(self, on_ready: Callable[["Service"], None] | None) -> None:
        self.settings.emit({"event": "supervise_ready", "port": self.port})
        if on_ready is not None:
            on_ready(self)

    def _configuration(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._application(),
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=2,
        )

    def _application(self) -> Any:
        server: Server[Any] = Server(
            "supervise",
            instructions=tools.INSTRUCTIONS,
            on_list_tools=self._calls.list_tools,
            on_call_tool=self._calls.call_tool,
        )
        return server.streamable_http_app(
            streamable_http_path=self.settings.path,
            max_request_body_size=MAX_BODY,
            max_sessions=MAX_SESSIONS,
            transport_security=TransportSecuritySettings(
                enable_dns_rebinding_protection=True,
                allowed_hosts=list(self.settings.allowed_hosts),
                allowed_origins=[],
            ),
            host=self.settings.host,
        )


async def serve(settings: Settings, on_ready: Callable[[Service], None] | None = None) -> None:
    """Serve until cancelled; `on_ready` is handed the service once its port is open."""
    await Service(settings).serve(on_ready)


class _Uvicorn(uvicorn.Server):
    """Leaves signals to whoever owns the process, and says when the port is open."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()
