"""The hop itself: a small forward proxy that lets through what the list names and dials only addresses it checked."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import h11

from sidecar_addon.hop import config as configuration
from sidecar_addon.hop.dial import Dialler, Refused
from sidecar_addon.hop.events import HINTS, VERSION, Events
from sidecar_addon.hop.requests import Target, TargetError, connect_target, plain_target
from sidecar_addon.hop.wire import Client, forward, relay

HEAD_SECONDS = 10.0
TUNNELS = 1024


class Hop:
    """Reads its configuration, listens, decides. All methods run on its event loop."""

    def __init__(
        self,
        path: Path,
        events: Events,
        *,
        listen: tuple[str, int] | None = None,
        upstreams: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        """`listen` overrides the file's. `upstreams` (name → address, port) is for demo and tests on one machine."""
        self._path = path
        self._events = events
        self._listen = listen
        self._upstreams = dict(upstreams or {})
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._tunnels = 0
        self._cut = False
        self.config: configuration.HopConfig | None = None

    async def start(self) -> None:
        """Load the file and listen. Raises ConfigError or OSError; nothing listens then."""
        config = configuration.parse(self._path.read_bytes(), str(self._path))
        if config.mode != "strict" or not config.enforce:
            raise configuration.ConfigError("invalid config: the hop runs only mode: strict with enforce: true")
        host, port = self._listen or config.listen
        self.config = config
        self._server = await asyncio.start_server(self._accept, host, port)
        # A reload may have come while the port was being opened: what is announced is what is in force.
        self._events.startup(f"{host}:{self.port}", self.config.mode, self.config.digest)

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            raise RuntimeError("the hop is not started")
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def reload(self) -> None:
        """Take over the file if it is valid and weakens nothing; else say so and keep the old configuration."""
        try:
            new = configuration.parse(self._path.read_bytes(), str(self._path))
        except (configuration.ConfigError, OSError) as error:
            self._events.complain(f"pipelock: config reload failed: {error}")
            return
        weaker = configuration.downgrades(self.config, new) if self.config else []
        for line in weaker:
            self._events.complain(f"WARNING: config reload: {line}")
        if weaker:
            self._events.downgrade(str(self._path))
            return
        self.config = new
        self._events.reloaded(new.mode, new.digest)

    def cut(self) -> None:
        """Quarantine: end every tunnel and serve nobody until `join`."""
        self._cut = True
        self._drop_all()

    def join(self) -> None:
        """Undo `cut`."""
        self._cut = False

    async def close(self) -> None:
        """Stop listening and end every tunnel."""
        if self._server is not None:
            self._server.close()
        tasks = self._drop_all()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._events.shutdown()

    def _drop_all(self) -> list[asyncio.Task[None]]:
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        return tasks

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._cut:
            writer.close()
            return
        self._open.add(task)
        client = Client(reader, writer)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await client.head()
            if request is not None:
                await self._serve(client, request)
        except (OSError, TimeoutError, h11.ProtocolError, asyncio.IncompleteReadError):
            # A peer that breaks off or breaks the protocol ends its own connection, nothing else.
            pass
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, client: Client, request: h11.Request) -> None:
        if request.method == b"GET" and request.target == b"/health":
            await client.answer(200, json.dumps(self._health()), content_type="application/json")
            return
        self._numbers += 1
        name = f"req-{self._numbers}"
        is_connect = request.method == b"CONNECT"
        try:
            target = connect_target(request, name) if is_connect else plain_target(request, name)
        except TargetError as error:
            await client.answer(400, str(error))
            return
        target = target.seen_from(client.address)
        stream = await self._dial(client, target)
        if stream is None:
            return
        if is_connect:
            await self._tunnel(client, target, stream)
        else:
            await self._forward(client, request, target, stream)

    def _health(self) -> dict[str, str]:
        return {"status": "healthy", "version": VERSION, "mode": self.config.mode if self.config else "none"}

    async def _dial(self, client: Client, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the target, or None once the refusal was logged and answered."""
        config = self.config
        if config is None or self._tunnels >= TUNNELS:
            await client.answer(503, "too many tunnels" if config else "scanner unavailable")
            return None
        try:
            return await Dialler(config, self._upstreams).dial(target.host, target.port)
        except Refused as refused:
            self._events.blocked(target.fields, refused.scanner, refused.reason)
            hint = HINTS[refused.scanner] if config.explain_blocks else None
            await client.answer(403, f"{target.refusal}: {refused.reason}", hint=hint)
        except OSError:
            await client.answer(502, "tunnel dial failed" if target.is_tunnel else "forward proxy fetch failed")
        return None

    async def _tunnel(
        self, client: Client, target: Target, stream: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        config = self.config
        assert config is not None
        self._events.tunnel_open(target.fields)
        self._tunnels += 1
        started = asyncio.get_running_loop().time()
        moved = [0]
        try:
            await client.switch()
            async with asyncio.timeout(config.tunnel_seconds):
                await relay(client, stream, config.idle_seconds, moved)
        finally:
            self._tunnels -= 1
            stream[1].close()
            elapsed = (asyncio.get_running_loop().time() - started) * 1000
            self._events.tunnel_close(target.fields, moved[0], elapsed)

    async def _forward(
        self,
        client: Client,
        request: h11.Request,
        target: Target,
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        started = asyncio.get_running_loop().time()
        try:
            status, size = await forward(client, request, target, stream)
        finally:
            stream[1].close()
        elapsed = (asyncio.get_running_loop().time() - started) * 1000
        self._events.forwarded(target.fields, status, size, elapsed)
