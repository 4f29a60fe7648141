"""A container's output as lines: the engine's stream blocks, so a thread reads it, and anyone may close it."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bottle_tui.adapters.docker.engine import Engine, foreign_errors, release, translated
from bottle_tui.errors import SidecarUnreachable

LINE_LIMIT = 256 * 1024
_QUEUE_LINES = 20_000
_END = None


class ContainerLines:
    """`ports.EventLines` on a container's log, standard output and error mixed; not `live`, it ends with the newest."""

    def __init__(
        self, engine: Engine, container: str, since: datetime | None, tail: int | None, *, live: bool = True
    ) -> None:
        self._what = f"the output of container {container[:12]}"
        with translated(SidecarUnreachable, f"{self._what} cannot be read"):
            # Of a container that is gone the SDK would leave the refused answer open.
            engine.api.inspect_container(container)
            self._stream: Any = engine.api.logs(
                container,
                stream=True,
                follow=live,
                since=since.timestamp() if since else None,
                tail="all" if tail is None else tail,
            )
        self._lines: queue.Queue[str | None] = queue.Queue(_QUEUE_LINES)
        self._closed = threading.Event()
        threading.Thread(target=self._read, name=f"logs-{container[:12]}", daemon=True).start()

    def next(self, timeout: float) -> str | None:
        """The next line, or None after `timeout` seconds without one. Raises SidecarUnreachable at the end."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            if self._closed.is_set():
                raise SidecarUnreachable(f"{self._what} has ended") from None
            return None
        if line is _END:
            self._closed.set()
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(_END)
            raise SidecarUnreachable(f"{self._what} has ended")
        return line

    def close(self) -> None:
        """Ends the stream, also from another thread."""
        self._closed.set()
        with contextlib.suppress(*_broken_stream()):
            self._stream.close()

    def _read(self) -> None:
        with contextlib.suppress(*_broken_stream()):
            for line in split_lines(self._stream):
                while not self._closed.is_set():
                    with contextlib.suppress(queue.Full):
                        self._lines.put(line, timeout=0.5)
                        break
                if self._closed.is_set():
                    break
        release(getattr(self._stream, "_response", None))
        self._closed.set()
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(_END)


def _broken_stream() -> tuple[type[Exception], ...]:
    """What a stream raises when its engine goes, or when another thread closes it under the reader."""
    return (*foreign_errors(), ValueError, AttributeError)


def split_lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Whole lines out of arbitrary pieces; a line over the limit is cut, not kept growing."""
    rest = b""
    skipping = False
    for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\n")
        for line in whole:
            if not skipping:
                yield line[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r")
            skipping = False
        if len(rest) > LINE_LIMIT:
            if not skipping:
                yield rest[:LINE_LIMIT].decode("utf-8", "replace")
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest.decode("utf-8", "replace")
