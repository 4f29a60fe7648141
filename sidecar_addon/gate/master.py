"""Builds the gate and runs it: mitmproxy's master with five addons, none of which can be unloaded or edited."""

import asyncio
from collections.abc import Callable
from typing import Any

from mitmproxy.addons import core, proxyserver
from mitmproxy.master import Master
from mitmproxy.options import Options

from sidecar_addon.gate import control, stream
from sidecar_addon.gate.addon import GateAddon
from sidecar_addon.gate.control import Control
from sidecar_addon.gate.crowd import Crowd, Memory
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flights
from sidecar_addon.gate.layers import ProtocolChoice
from sidecar_addon.gate.parent import Parent
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.reload import Reloader, cut_ended
from sidecar_addon.gate.settings import Settings
from sidecar_addon.gate.tls import GateTls, Trust
from sidecar_addon.gate.uses import Uses
from sidecar_addon.table import Route

_TICK = 0.25
"""Seconds between looks for grants whose time is over; §6 promises one second."""


class StartError(RuntimeError):
    """The gate could not start; the message says why."""


class Gate:
    """One gate. Everything runs on the event loop that `start` was called on; `reload` and `ask` may be called from
    any thread."""

    def __init__(self, settings: Settings) -> None:
        settings.uses_folder.mkdir(parents=True, exist_ok=True)
        stream.install()
        self.settings = settings
        self._loop = asyncio.get_running_loop()
        self._events = Events(settings.emit)
        self._policy = Policy(settings.tokens, Uses(settings.uses_folder), settings.now, settings.monotonic)
        self._flights = Flights(self._events, settings.monotonic, self._abort)
        self._crowd = Crowd(self._handlers, self._flights, self._events, Memory(settings.cgroup))
        self._addon = GateAddon(settings, self._policy, self._flights, self._events, self._crowd)
        self._reloader = Reloader(
            settings.routes_file, self._policy, self._flights, self._events, self._addon.table_changed
        )
        self._parent = Parent(settings.parent, settings.monotonic)
        self._control = Control(self._policy, self._flights, self._reloader, self._events, self._parent)
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._proxy = proxyserver.Proxyserver()
        self._master = self._build()

    @property
    def address(self) -> tuple[str, int]:
        """Where the proxy listens."""
        host, port, *_ = self._proxy.listen_addrs()[0]
        return host, port

    def reload(self) -> None:
        """Load the table soon; an event line says how it went. From any thread."""
        self._loop.call_soon_threadsafe(self._reloader.request)

    def ask(self, question: dict[str, Any], timeout: float = 10.0) -> dict[str, Any]:
        """What `control` and `put-token` ask (verbs in control.py), in-process. From any thread but the gate's own."""
        return asyncio.run_coroutine_threadsafe(self._answer(question), self._loop).result(timeout)

    async def start(self) -> None:
        """Load the table, then listen; returns once requests are decided. Raises StartError."""
        await self._reloader.load()
        self._tasks.append(self._loop.create_task(self._master.run()))
        try:
            await self._listening()
            if self.settings.control_socket is not None:
                self._server = await control.serve(self.settings.control_socket, self._answer)
        except (StartError, OSError):
            await self.stop()
            raise
        self._tasks.append(self._loop.create_task(self._watch_time()))
        self._tasks.append(self._loop.create_task(self._parent.watch()))
        table = self._policy.table
        self._events.emit("gate_ready", digest=table.digest if table else None, generation=self._policy.generation)

    async def wait(self) -> None:
        """Until the gate has stopped."""
        await self._tasks[0]

    async def stop(self) -> None:
        """Stop listening, cut what is under way, write the last events."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks[1:]:
            task.cancel()
        self._flights.cut(self._flights, "stopped")
        for connection in list(self._proxy.connections):
            self._abort(str(connection))
        await self._proxy.servers.update([])
        self._master.shutdown()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._events.close)

    async def _answer(self, question: Any) -> dict[str, Any]:
        return self._control.answer(question)

    def _build(self) -> Master:
        settings = self.settings
        options = Options()
        master = Master(options, event_loop=self._loop)
        tls = GateTls(settings.ca_file, Trust(settings.pipelock_ca, settings.extra_ca), self._route_for)
        # Every hook that decides is in one addon; the others choose protocols, make certificates, listen.
        master.addons.add(core.Core(), self._addon, ProtocolChoice(self._addon.not_http), tls, self._proxy)
        parent_host, parent_port = settings.parent
        options.update(
            mode=[f"upstream:http://{parent_host}:{parent_port}"],
            listen_host=settings.listen[0],
            listen_port=settings.listen[1],
            connection_strategy="lazy",
            rawtcp=False,
            websocket=True,
            http2=True,
            http3=False,
            upstream_cert=False,
            validate_inbound_headers=True,
            store_streamed_bodies=False,
            ssl_insecure=False,
            tcp_timeout=3600,
        )
        return master

    def _route_for(self, host: str) -> Route | None:
        return self._policy.table.route_for(host) if self._policy.table else None

    def _handlers(self) -> list[Any]:
        return list(self._proxy.connections.values())

    def _abort(self, client: str) -> None:
        """End every transport of a client connection, without waiting for what is still to be written."""
        handler = self._proxy.connections[client]
        for io in list(handler.transports.values()):
            if io.writer is not None:
                io.writer.transport.abort()

    async def _listening(self) -> None:
        while not (self._proxy.is_running and self._proxy.listen_addrs()):
            if self._tasks[0].done() or (self._proxy.is_running and not self._proxy.listen_addrs()):
                raise StartError(f"cannot listen on {self.settings.listen[0]}:{self.settings.listen[1]}")
            await asyncio.sleep(0.01)

    async def _watch_time(self) -> None:
        handled: set[str] = set()
        while True:
            await asyncio.sleep(_TICK)
            self._policy.end_due()
            self._crowd.watch()
            if self._policy.ended - handled:
                cut_ended(self._policy, self._flights)
            handled = set(self._policy.ended)


async def start(settings: Settings) -> Gate:
    """A running gate on this event loop. mitmproxy's context is global: one gate per process at a time."""
    gate = Gate(settings)
    await gate.start()
    return gate


def run(settings: Settings, ready: Callable[[Gate], None] = lambda gate: None) -> None:
    """Run a gate until it stops; blocks. `ready` gets it once it decides. For a thread, or for docker's main."""
    asyncio.run(_run(settings, ready))


async def _run(settings: Settings, ready: Callable[[Gate], None]) -> None:
    gate = await start(settings)
    ready(gate)
    await gate.wait()
