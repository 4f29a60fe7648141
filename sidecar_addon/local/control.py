"""The process's control socket: one JSON line asks, one JSON line answers (or log lines follow). Owner only.

Verbs: state · reload {role} · restart {role} · isolate · rejoin · follow {role, since, tail, live} · stop.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from sidecar_addon.local.output import Output
from sidecar_addon.local.parts import PartFailed

_LIMIT = 64 * 1024
_BEHIND = 10_000
"""A follower that is this many lines behind is let go; it follows anew and knows that it missed some."""


class Verbs(Protocol):
    """What can be asked of the process. May block; called off the loop."""

    def state(self) -> dict[str, Any]:
        """Which parts run, on which ports, and whether the gate is cut off."""

    def reload(self, role: str) -> None:
        """SIGHUP to one part."""

    def restart(self, role: str) -> None:
        """End one part and start it again."""

    def isolate(self) -> None:
        """Cut the gate from the hop."""

    def rejoin(self) -> None:
        """Undo it."""


class Control:
    """Serves the socket on the loop it is started on."""

    def __init__(self, path: Path, verbs: Verbs, outputs: Mapping[str, Output], stop: Callable[[], None]) -> None:
        self._path = path
        self._verbs = verbs
        self._outputs = outputs
        self._stop = stop
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LIMIT)
        self._path.chmod(0o600)

    def close(self) -> None:
        """Stop listening and let followers go."""
        if self._server is not None:
            self._server.close()
            self._server.close_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(await reader.readline())
            if asked.get("verb") == "follow":
                await self._follow(asked, reader, writer)
            else:
                writer.write(json.dumps(await self._answer(asked)).encode() + b"\n")
                await writer.drain()
        except (ValueError, AttributeError, TypeError) as error:
            writer.write(json.dumps({"error": f"not understood: {error}"}).encode() + b"\n")
        except OSError:
            pass  # whoever asked has gone
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        verb, role = asked.get("verb"), asked.get("role")
        if verb == "stop":
            self._stop()
            return {"done": True}
        try:
            return await asyncio.to_thread(self._do, verb, role)
        except PartFailed as error:
            return {"error": str(error)}

    def _do(self, verb: Any, role: Any) -> dict[str, Any]:
        if verb == "state":
            return self._verbs.state()
        if verb == "rejoin":
            self._verbs.rejoin()
        elif verb == "isolate":
            self._verbs.isolate()
        elif verb in ("reload", "restart") and role in self._outputs:
            (self._verbs.reload if verb == "reload" else self._verbs.restart)(role)
        else:
            raise ValueError(f"verb {verb!r}, role {role!r}")
        return {"done": True}

    async def _follow(self, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        output = self._outputs[str(asked.get("role"))]
        if asked.get("live") is False:
            known = output.said(asked.get("since"), asked.get("tail"))
            writer.write(_answered(known, lines=len(known)))
            await writer.drain()
            return
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[str] = asyncio.Queue()

        def follower(text: str) -> None:
            with suppress(RuntimeError):  # the loop is closing
                loop.call_soon_threadsafe(waiting.put_nowait, text)

        before = output.follow(follower, asked.get("since"), asked.get("tail"))
        gone = asyncio.create_task(reader.read(1))
        try:
            writer.write(_answered(before))
            await writer.drain()
            while waiting.qsize() < _BEHIND:
                said = asyncio.create_task(waiting.get())
                await asyncio.wait({said, gone}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    said.cancel()
                    return
                writer.write(said.result().encode() + b"\n")
                await writer.drain()
        finally:
            output.leave(follower)
            gone.cancel()


def _answered(said: list[str], **beside: int) -> bytes:
    """The first line says that the question was heard, and where there is an end after how many `lines`; what was said
    follows."""
    head = json.dumps({"following": True, **beside}).encode() + b"\n"
    return head + b"".join(text.encode() + b"\n" for text in said)
