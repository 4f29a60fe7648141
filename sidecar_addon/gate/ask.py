"""`control '<json>'`: ask the running gate over its socket and print its answer. `control -`: one after another.

Runs by `exec` for every proof, so it imports the least that it can, and nothing but Python's own. An `exec` costs a
hundred times what a question does: who asks again and again keeps one open.
"""

import json
import os
import signal
import socket
import sys
from typing import Any

from sidecar_addon import strict_json

SOCKET = "/run/tokens/control.sock"
VARIABLE = "BOTTLE_CONTROL_SOCKET"
"""Names another socket: the local runtime's."""
_LIMIT = 16 * 1024 * 1024
IDLE_SECONDS = 60
"""After so long without a question a conversation ends by itself: whoever began it may be gone without a word."""


class AskError(RuntimeError):
    """The gate did not answer; the message says why and what to look at."""


def ask(question: Any, path: "os.PathLike[str] | str | None" = None, timeout: float = 10.0) -> dict[str, Any]:
    """One question, one answer. Raises AskError when the gate cannot be reached or refuses the question."""
    path = path or os.environ.get(VARIABLE) or SOCKET
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(json.dumps(question).encode() + b"\n")
            reply = _read_line(connection)
    except OSError as error:
        raise AskError(f"the gate does not answer at {path} ({error}); is `egress` running?") from None
    try:
        value = strict_json.load_json(reply, limit=_LIMIT)
    except strict_json.StrictYamlError:
        raise AskError(f"the gate gave no answer at {path}; look at its log") from None
    if not isinstance(value, dict) or "error" in value:
        raise AskError(str(value["error"]) if isinstance(value, dict) else "the gate's answer is no object")
    return value


def main(argv: list[str]) -> int:
    """Print the answer as one JSON line; 1 when there is none, 2 when the question is no JSON."""
    if len(argv) != 1:
        print(
            'usage: python -m sidecar_addon control \'{"verb": "status"}\', or - and questions as lines',
            file=sys.stderr,
        )
        return 2
    if argv[0] == "-":
        return converse()
    try:
        question = strict_json.load_json(argv[0], limit=_LIMIT)
        print(json.dumps(ask(question), separators=(",", ":")))
    except strict_json.StrictYamlError as error:
        print(f"control: the question is not JSON: {error}", file=sys.stderr)
        return 2
    except AskError as error:
        print(f"control: {error}", file=sys.stderr)
        return 1
    return 0


def converse() -> int:
    """A line with an answer, or `{"error": …}`, for each line with a question, until there are no more."""
    while True:
        signal.alarm(IDLE_SECONDS)
        line = sys.stdin.buffer.readline(_LIMIT)
        signal.alarm(0)
        if not line:
            return 0
        print(json.dumps(_replied(line), separators=(",", ":")), flush=True)


def _replied(line: bytes) -> dict[str, Any]:
    try:
        return ask(strict_json.load_json(line, limit=_LIMIT))
    except strict_json.StrictYamlError as error:
        return {"error": f"control: the question is not JSON: {error}"}
    except AskError as error:
        return {"error": f"control: {error}"}


def _read_line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < _LIMIT:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data
