"""Watching a response for the gate's own credential, across chunk boundaries, without holding a stream back."""

import zlib
from collections.abc import Callable

_PIECE = 256 * 1024


class Reflected(Exception):
    """The response holds the literal token."""


class Unsearchable(ValueError):
    """The response is encoded in a way that the gate cannot look into."""


class Watch:
    """Passes bytes on until the token appears. Only a tail that could be the token's beginning waits for more."""

    def __init__(self, token: bytes, encoding: str = "") -> None:
        self._token = token
        self._held = b""
        self._inner: Watch | None = None
        self._decode = _decoder(encoding.strip().lower())
        if self._decode is not None:
            self._inner = Watch(token)

    def feed(self, chunk: bytes) -> bytes:
        """What may go on to the agent now. Raises Reflected."""
        if self._inner is not None and self._decode is not None:
            self._search_decoded(chunk)
        data = self._held + chunk
        if self._token in data:
            raise Reflected
        keep = _overlap(data, self._token)
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def end(self) -> bytes:
        """What was still held back: it can't become the token any more."""
        held, self._held = self._held, b""
        return held

    def _search_decoded(self, chunk: bytes) -> None:
        if self._decode is None or self._inner is None:
            return
        try:
            pieces = self._decode(chunk)
        except zlib.error:
            raise Unsearchable("the response claims an encoding that it does not have") from None
        for piece in pieces:
            self._inner.feed(piece)


def _overlap(data: bytes, token: bytes) -> int:
    """The length of the longest end of `data` that is a beginning of `token`."""
    for length in range(min(len(token) - 1, len(data)), 0, -1):
        if data.endswith(token[:length]):
            return length
    return 0


def _decoder(encoding: str) -> Callable[[bytes], list[bytes]] | None:
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unsearchable(f"the response is encoded as {encoding[:20]!r} although plain text was asked for")
    bits = 47 if encoding != "deflate" else 15
    inflate = zlib.decompressobj(bits)

    def decode(chunk: bytes) -> list[bytes]:
        nonlocal inflate
        pieces = []
        while chunk:
            if inflate.eof:  # a reader may go on with what follows as with a second packing
                inflate = zlib.decompressobj(bits)
            pieces.append(inflate.decompress(chunk, _PIECE))
            chunk = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        return pieces

    return decode
