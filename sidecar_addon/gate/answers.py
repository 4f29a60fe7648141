"""What comes back: streamed at once, with the gate's own headers kept to the gate, watched for the gate's credential,
and with pipelock's refusals recognised."""

import json
from collections.abc import Callable
from dataclasses import replace

from mitmproxy.http import HTTPFlow, Response

from sidecar_addon.gate import headers, sockets
from sidecar_addon.gate.flights import Flight, Flights
from sidecar_addon.gate.reflected import Reflected, Unsearchable, Watch
from sidecar_addon.gate.refusal import Refusal, hint, response

_PEEK = 64 * 1024


class Answers:
    """Handles the responses of admitted requests."""

    def __init__(self, flights: Flights) -> None:
        self._flights = flights

    def begin(self, flow: HTTPFlow, flight: Flight) -> None:
        """The head of a response is there; nothing of it has gone to the agent."""
        answer = flow.response
        headers.clean_response(answer)
        flight.status = answer.status_code
        flight.answered = self._flights.monotonic()
        token = flow.metadata.get("token")
        if token is not None and _holds((*answer.headers.fields, (answer.data.reason,)), token.encode()):
            self._cut(flow, flight)
            return
        if answer.status_code == 101 and flight.request.method != "WEBSOCKET":
            # mitmproxy would go over to a WebSocket on the upstream's word alone.
            flight.reason = "method_not_allowed"
            self._flights.events.denied(**flight.fields() | {"reason": flight.reason})
            self._flights.cut([flight], "not_asked_for")
            return
        if answer.status_code == 101 or _may_be_pipelock(answer, flight):
            return
        try:
            watch = Watch(token.encode(), _encoding(answer)) if token else None
        except Unsearchable as error:
            self._replace(flow, flight, "gate_error", str(error))
            return
        answer.stream = self._streamer(flow, flight, watch)

    def end(self, flow: HTTPFlow, flight: Flight) -> None:
        """A response is complete; its trailers, and what was not streamed, have not gone to the agent yet."""
        answer = flow.response
        replaced = flow.metadata.get("replacement")
        if replaced is not None and not answer.stream.sent:
            answer.data.content = replaced
        token = flow.metadata.get("token")
        if token is not None and answer.trailers and _holds(answer.trailers.fields, token.encode()):
            answer.trailers = None
            self._cut(flow, flight)
        headers.clean_response(answer)
        content = answer.raw_content
        if content and token is not None and token.encode() in content:
            answer.data.content = b""
            self._cut(flow, flight)
        elif content and content.startswith(b"blocked: ") and _may_be_pipelock(answer, flight):
            self._from_pipelock(flow, flight)

    def broken(self, flow: HTTPFlow, flight: Flight, message: str, restarting: bool) -> None:
        """No answer, or not all of one; `restarting`: new requests are held, so pipelock is being restarted."""
        if flow.response is None:
            flow.response = self._failed(flow, flight, message)
        if flight.cut is None and restarting and "Client disconnected" not in message:
            flight.cut = "pipelock_restart"

    def message(self, flow: HTTPFlow, flight: Flight) -> None:
        """Count a WebSocket message, keep no older one, and never pass the gate's own credential to the agent."""
        message = flow.websocket.messages[-1]
        del flow.websocket.messages[:-1]
        token = flow.metadata.get("token")
        if message.from_client:
            flight.bytes_up += len(message.content)
            return
        flight.bytes_down += len(message.content)
        if token is not None and token.encode() in message.content:
            message.drop()
            self._cut(flow, flight)

    def closed(self, flow: HTTPFlow, flight: Flight) -> None:
        """A WebSocket is closed; the gate's credential in a ping or in the reason of the close was kept back."""
        if sockets.REFLECTED in flow.metadata:
            self._cut(flow, flight)

    def _failed(self, flow: HTTPFlow, flight: Flight, message: str) -> Response:
        """What to tell the agent when there is no response: who refused, or that the upstream cannot be reached."""
        if "refused HTTP CONNECT request: 4" in message:
            return self._refused(flow, flight, "pipelock", None)
        if "Certificate verify failed" in message:
            return self._refused(flow, flight, "scan_state_mismatch", message)
        flight.status = 502
        body = {
            "error": "upstream_unreachable",
            "layer": "egress",
            "id": flight.id,
            "host": flight.request.host,
            "hint": "the request was allowed, but the way to the host failed; retry once later",
            "detail": message[:300],
        }
        return response(502, (json.dumps(body) + "\n").encode(), {})

    def _refused(self, flow: HTTPFlow, flight: Flight, reason: str, detail: str | None) -> Response:
        flight.status, flight.reason = 403, reason
        layer = "pipelock" if reason == "pipelock" else "egress"
        self._flights.events.denied(**flight.fields() | {"reason": reason, "layer": layer})
        # Refused at CONNECT: the host is not on pipelock's list.
        return replace(self._refusal(flight, reason, detail), want="allow").response()

    def _refusal(self, flight: Flight, reason: str, detail: str | None = None) -> Refusal:
        asked = flight.request
        layer = "pipelock" if reason == "pipelock" else "egress"
        return Refusal(flight.id, reason, asked.host, asked.path, asked.method, asked.port, detail, layer)

    def _from_pipelock(self, flow: HTTPFlow, flight: Flight) -> None:
        flight.reason = "pipelock"
        self._flights.events.denied(**flight.fields() | {"reason": "pipelock", "layer": "pipelock"})
        flow.response.headers["X-Bottle-Denied"] = "pipelock"
        flow.response.headers["X-Bottle-Hint"] = hint(self._refusal(flight, "pipelock"))

    def _replace(self, flow: HTTPFlow, flight: Flight, reason: str, detail: str) -> None:
        """Put a refusal in the place of a response whose body is still to come and is dropped."""
        refused = self._refused(flow, flight, reason, detail)
        body = refused.content or b""
        if flow.response.is_http2:
            refused.http_version = flow.response.http_version
        flow.metadata["replacement"] = body
        refused.stream = Replacement(body)
        flow.response = refused

    def _streamer(self, flow: HTTPFlow, flight: Flight, watch: Watch | None) -> Callable[[bytes], bytes]:
        def stream(chunk: bytes) -> bytes:
            if flight.cut is not None:
                return b""
            flight.bytes_down += len(chunk)
            if watch is None:
                return chunk
            try:
                return watch.feed(chunk) if chunk else watch.end()
            except (Reflected, Unsearchable):
                self._cut(flow, flight)
                return b""

        return stream

    def _cut(self, flow: HTTPFlow, flight: Flight) -> None:
        self._flights.cut([flight], "token_reflected")


class Replacement:
    """Streams one body in the place of another."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.sent = False

    def __call__(self, chunk: bytes) -> bytes:
        """The body on the first call, nothing after."""
        if self.sent:
            return b""
        self.sent = True
        return self._body


def _encoding(answer: Response) -> str:
    """Every encoding of a body, of the content and of its transfer; more than one is none that can be searched."""
    named = f"{answer.headers.get('content-encoding', '')},{answer.headers.get('transfer-encoding', '')}".lower()
    return ",".join(name for part in named.split(",") if (name := part.strip()) not in ("", "chunked", "identity"))


def _holds(fields: tuple[tuple[bytes, ...], ...], token: bytes) -> bool:
    return any(token in part for field in fields for part in field)


def _may_be_pipelock(answer: Response, flight: Flight) -> bool:
    """Whether a response looks like pipelock's refusal so far; an origin can fake it, so its body stays as it is."""
    length = answer.headers.get("content-length", "")
    return (
        flight.route.pipelock == "scanned"
        and answer.status_code in (403, 429)
        and answer.headers.get("content-type", "").startswith("text/plain")
        and not _encoding(answer)
        and length.isdigit()
        and int(length) <= _PEEK
    )
