"""Questions to a gate over one `exec` that is kept open: starting a process in a container costs a hundred questions.

One that ends (the gate was restarted, nobody asked for a minute) is begun anew. One that ends before it has begun is
tried again later, in ever longer pauses, and in an image that knows none never: each question is an `exec` of its own
meanwhile.
"""

import json
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from math import inf
from typing import Any

from bottle_tui.adapters.docker import executing
from bottle_tui.adapters.docker.engine import Engine, foreign_errors, translated
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Ran

_QUESTION = ["python", "-m", "sidecar_addon", "control"]
_KNOWS_NONE = 2
"""The exit code of an image whose `control` takes "-" for a question: it is no JSON."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds without a conversation after one that ended without a word; each further one doubles them."""


class Conversations:
    """The open conversations of one engine, by container id: one each, and one question at a time."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._open: dict[str, _Conversation] = {}
        self._pauses: dict[str, _Pause] = {}
        """Containers that are asked without a conversation for now, or for good."""
        self._turns: dict[str, threading.Lock] = {}
        weakref.finalize(self, _let_go, self._open)

    def run(self, container: str, argv: list[str], stdin: bytes, timeout: float) -> Ran:
        """As `executing.run`; a question to the gate goes over the conversation that is open, or opens one."""
        if argv[:4] == _QUESTION and len(argv) == 5 and argv[4] != "-" and self._may(container):
            what = f"the gate in container {container[:12]} does not answer"
            with translated(SidecarUnreachable, what):
                answer = self._asked(container, argv[4].replace("\n", " ").encode() + b"\n", timeout)
            if answer is not None:
                return _ran(answer)
        return executing.run(self._engine, container, executing.quick(argv), stdin, timeout)

    def prepare(self, container: str) -> None:
        """A question comes soon: the process that will answer starts while something else is waited for."""
        if container not in self._open and self._may(container):
            threading.Thread(target=self._begin, args=(container,), name="prepare", daemon=True).start()

    def _begin(self, container: str) -> None:
        try:
            with translated(SidecarUnreachable, "no conversation"), self._turn(container):
                if container not in self._open:
                    self._open[container] = _Conversation(self._engine, container)
        except SidecarUnreachable:
            return  # whoever asks is told why

    def _may(self, container: str) -> bool:
        pause = self._pauses.get(container)
        return pause is None or self._clock() >= pause.until

    def _pause(self, container: str, *, for_good: bool) -> None:
        before = self._pauses.get(container)
        seconds = inf if for_good else min(before.seconds * 2, LONGEST_PAUSE) if before else FIRST_PAUSE
        self._pauses[container] = _Pause(self._clock() + seconds, seconds)

    def _turn(self, container: str) -> threading.Lock:
        return self._turns.setdefault(container, threading.Lock())

    def _asked(self, container: str, question: bytes, timeout: float) -> bytes | None:
        """The answer; None when a conversation that has just begun ends without one."""
        deadline = time.monotonic() + timeout
        turn = self._turn(container)
        if not turn.acquire(timeout=timeout):
            raise OSError("others wait for its answers already")
        try:
            kept = self._open.pop(container, None)
            answer = kept.ask(question, deadline) if kept else b""
            if not answer:
                kept = _Conversation(self._engine, container)
                answer = kept.ask(question, deadline)
                if not answer:
                    self._pause(container, for_good=kept.was_refused())
            if kept and answer:
                self._open[container] = kept
                self._pauses.pop(container, None)
            return answer or None
        finally:
            turn.release()


@dataclass(frozen=True)
class _Pause:
    """Until when (monotonic seconds) no conversation is begun, and how long that is."""

    until: float
    seconds: float


class _Conversation:
    """One `exec` of `control -`: a line out, a line in. Closes itself when anything is not as it should be."""

    def __init__(self, engine: Engine, container: str) -> None:
        api = engine.api
        argv = executing.quick([*_QUESTION, "-"])
        self._engine = engine
        self._exec_id = str(api.exec_create(container, argv, stdin=True, stdout=True, stderr=True)["Id"])
        self._connection: Any = api.exec_start(self._exec_id, socket=True)

    def ask(self, question: bytes, deadline: float) -> bytes:
        """One answer, with its line's end; empty when the other side has ended."""
        with ExitStack() as unless_answered:
            unless_answered.callback(self.close)
            answer = _line(executing.raw(self._connection), question, deadline)
            if answer:
                unless_answered.pop_all()
        return answer

    def was_refused(self) -> bool:
        """Whether it has ended as it does where none is known; False when that cannot be told."""
        with suppress(*foreign_errors()):
            return executing.exit_code(self._engine.api, self._exec_id) == _KNOWS_NONE
        return False

    def close(self) -> None:
        """The other side reads the end, and ends."""
        executing.close(self._connection)


def _line(sock: Any, question: bytes, deadline: float) -> bytes:
    try:
        sock.settimeout(max(deadline - time.monotonic(), 0.01))
        sock.sendall(question)
    except (BrokenPipeError, ConnectionResetError):
        return b""
    answer = bytearray()
    while not answer.endswith(b"\n"):
        kind, part = executing.frame(sock, deadline)
        if (kind, part) == executing.END or len(answer) + len(part) > executing.OUTPUT_LIMIT:
            return b""
        answer += part if kind == executing.STDOUT else b""
    return bytes(answer)


def _ran(answer: bytes) -> Ran:
    """As the command for a single question would have ended."""
    if not answer.startswith(b'{"error":'):
        return Ran(0, answer, b"")
    return Ran(1, b"", str(json.loads(answer).get("error")).encode())


def _let_go(kept: dict[str, _Conversation]) -> None:
    for conversation in kept.values():
        conversation.close()
