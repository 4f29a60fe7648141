"""A container's output as lines: the engine's stream blocks, so a thread reads it, and anyone may close it."""

import contextlib
import queue
import struct
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bottle_tui.adapters.docker.engine import Engine, explanation, foreign_errors, release, translated
from bottle_tui.errors import OutputEnded, SidecarUnreachable

LINE_LIMIT = 256 * 1024
_QUEUE_LINES = 20_000
_END = None
_HEADER = struct.Struct(">BxxxL")

type Piece = tuple[int, bytes]
"""Which stream (1 output, 2 error), and bytes of it."""


class ContainerLines:
    """`ports.EventLines` on a container's log, standard output and error mixed; not `live`, it ends with the newest."""

    def __init__(
        self, engine: Engine, container: str, since: datetime | None, tail: int | None, *, live: bool = True
    ) -> None:
        self._what = f"the output of container {container[:12]}"
        with translated(SidecarUnreachable, f"{self._what} cannot be read"):
            # Of a container that is gone the SDK would leave the refused answer open.
            self._terminal = bool(engine.api.inspect_container(container)["Config"].get("Tty"))
            self._api = engine.api
            self._stream: Any = engine.api.logs(
                container,
                stream=True,
                follow=live,
                since=since.timestamp() if since else None,
                tail="all" if tail is None else tail,
            )
        self._lines: queue.Queue[str | None] = queue.Queue(_QUEUE_LINES)
        self._closed = threading.Event()
        self._broke = ""
        """Why it was not read to its end, if it was not."""
        threading.Thread(target=self._read, name=f"logs-{container[:12]}", daemon=True).start()

    def next(self, timeout: float) -> str | None:
        """The next line, or None after `timeout` seconds without one. Raises OutputEnded, SidecarUnreachable."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            if self._closed.is_set():
                raise self._ended() from None
            return None
        if line is _END:
            self._closed.set()
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(_END)
            raise self._ended()
        return line

    def _ended(self) -> SidecarUnreachable:
        if self._broke:
            return SidecarUnreachable(f"{self._what} broke off ({self._broke})")
        return OutputEnded(f"{self._what} has ended")

    def close(self) -> None:
        """Ends the stream, also from another thread."""
        self._closed.set()
        with contextlib.suppress(*_broken_stream()):
            self._stream.close()

    def _read(self) -> None:
        try:
            self._pass_on()
        except _broken_stream() as error:
            self._broke = explanation(error)
        release(getattr(self._stream, "_response", None))
        self._closed.set()
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(_END)

    def _pass_on(self) -> None:
        for line in lines_of(self._pieces()):
            while not self._closed.is_set():
                with contextlib.suppress(queue.Full):
                    self._lines.put(line, timeout=0.5)
                    break
            if self._closed.is_set():
                break

    def _pieces(self) -> Iterator[Piece]:
        """A terminal's output is one stream without frames."""
        if self._terminal:
            return ((1, data) for data in self._stream)
        return frames_of(self._api, self._stream._response)


def _broken_stream() -> tuple[type[Exception], ...]:
    """What a stream raises when its engine goes, or when another thread closes it under the reader."""
    return (*foreign_errors(), ValueError, AttributeError)


def frames_of(api: Any, response: Any) -> Iterator[Piece]:
    """What the engine sends of a log: pieces of each stream in the order they came. The SDK drops whose they are.

    Raises OSError where it ends within a piece.
    """
    api._disable_socket_timeout(api._get_raw_response_socket(response))
    while header := _exactly(response.raw, _HEADER.size):
        kind, size = _HEADER.unpack(header)
        yield kind, _exactly(response.raw, size)


def _exactly(raw: Any, size: int) -> bytes:
    """So many bytes, or none where it has ended."""
    data: bytes = raw.read(size)
    if data and len(data) < size:
        raise OSError("it ended within a piece")
    return data


def lines_of(pieces: Iterator[Piece]) -> Iterator[str]:
    """Whole lines out of arbitrary pieces. The engine parts a long line, and another stream's may come between: put
    together regardless, a part of what somebody else wrote would stand as a line of its own."""
    streams: dict[int, _Rest] = {}
    for kind, data in pieces:
        yield from streams.setdefault(kind, _Rest()).take(data)
    for rest in streams.values():
        yield from rest.end()


class _Rest:
    """The line of one stream that is not whole yet; over the limit it is cut, not kept growing."""

    def __init__(self) -> None:
        self._data = b""
        self._skipping = False

    def take(self, data: bytes) -> Iterator[str]:
        """The lines that are whole now."""
        *whole, self._data = (self._data + data).split(b"\n")
        for line in whole:
            if not self._skipping:
                yield line[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r")
            self._skipping = False
        if len(self._data) > LINE_LIMIT:
            if not self._skipping:
                yield self._data[:LINE_LIMIT].decode("utf-8", "replace")
            self._data, self._skipping = b"", True

    def end(self) -> Iterator[str]:
        """What is left at the end of the stream."""
        if self._data and not self._skipping:
            yield self._data.decode("utf-8", "replace")
