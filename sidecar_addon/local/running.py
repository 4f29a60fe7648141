"""Gate, supervise and hop, each as something that starts, reloads and closes on one event loop."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sidecar_addon.gate import settings as gate_settings
from sidecar_addon.gate.master import Gate
from sidecar_addon.gate.tokens import TokenStore
from sidecar_addon.hop.events import Events
from sidecar_addon.hop.proxy import Hop


class RunningGate:
    """The gate, with the files below `root` and what the local runtime overrides in `gate.json`."""

    def __init__(self, root: Path, tokens: TokenStore, **overrides: Any) -> None:
        self._settings = gate_settings.read(root, tokens, **overrides)
        self._gate: Gate | None = None

    async def start(self) -> int:
        """Load the table and listen; returns the port."""
        self._gate = Gate(self._settings)
        await self._gate.start()
        return self._gate.address[1]

    def reload(self) -> None:
        """Load the table soon."""
        if self._gate is not None:
            self._gate.reload()

    async def ended(self) -> None:
        """Until mitmproxy's master has stopped by itself."""
        assert self._gate is not None
        await self._gate.wait()

    async def close(self) -> None:
        """Stop listening and cut what is under way."""
        if self._gate is not None:
            await self._gate.stop()


class RunningHop:
    """The hop. `cut` starts it isolated: a quarantine outlives a restart."""

    def __init__(
        self,
        path: Path,
        listen: tuple[str, int],
        emit: Callable[[str], None],
        upstreams: Mapping[str, tuple[str, int]],
        *,
        cut: bool,
    ) -> None:
        self.hop = Hop(path, Events(emit, emit), listen=listen, upstreams=upstreams)
        if cut:
            self.hop.cut()

    async def start(self) -> int:
        """Listen; returns the port."""
        await self.hop.start()
        return self.hop.port

    def reload(self) -> None:
        """Take over the file, or say why not."""
        self.hop.reload()

    async def ended(self) -> None:
        """Never by itself."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Stop listening and end every tunnel."""
        await self.hop.close()


class RunningSupervise:
    """The MCP server; `settings` are those of `supervise.settings.Settings`."""

    def __init__(self, **settings: Any) -> None:
        from sidecar_addon.supervise.server import Service, Settings

        self._service = Service(Settings(**settings))
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; returns the port."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._service.serve(lambda service: ready.set()))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task
            raise RuntimeError("supervise ended at once")
        return self._service.port

    def reload(self) -> None:
        """Decisions and state anew off disk."""
        self._service.reload()

    async def ended(self) -> None:
        """Until the web server has stopped by itself."""
        assert self._task is not None
        await asyncio.wait({self._task})

    async def close(self) -> None:
        """End it; calls that wait answer `pending` at once."""
        self._service.stop()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=4)
