"""Driving a sidecar: a file in, a signal, and the line on its output that says what it made of it.

Only lines after our signal count, and only those that name our apply, our hash, our decision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bottle_tui.core.event_lines import event_of
from bottle_tui.ports import Clock, EventLines, Sidecar

GATE_WAIT = (4.0,)
PIPELOCK_WAIT = (3.0, 4.0)
"""Signalled once more on silence: pipelock skips an equal file within 2 s, and drops a reload while one runs."""
START_WAIT = 15.0
_SINCE_START = 2_000
"""Lines in which a start is looked for: held requests are let go at once and say much."""
SUPERVISE_WAIT = (2.0, 2.0)


@dataclass(frozen=True)
class Verdict:
    """What the sidecar said about our file: loaded, or why not."""

    loaded: bool
    why: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)


type Judge = Callable[[str, Mapping[str, Any]], Verdict | None]
"""Takes a line as text and as an event (empty when it is none); None when it is about something else."""


def drive(
    clock: Clock, sidecar: Sidecar, files: Mapping[str, bytes], judge: Judge, waits: Sequence[float]
) -> Verdict | None:
    """Put files, signal, listen; signal again for every further wait. None is silence. Raises SidecarUnreachable."""
    lines = sidecar.follow(tail=0)
    try:
        for path, data in files.items():
            sidecar.put(path, data)
        for seconds in waits:
            sidecar.signal()
            verdict = listen(clock, lines, judge, seconds)
            if verdict is not None:
                return verdict
        return None
    finally:
        lines.close()


def restart(clock: Clock, sidecar: Sidecar, files: Mapping[str, bytes], judge: Judge) -> Verdict | None:
    """Put files, restart, and listen to the new process. Raises SidecarUnreachable."""
    for path, data in files.items():
        sidecar.put(path, data)
    sidecar.restart()
    lines = sidecar.follow(tail=_SINCE_START)
    try:
        return listen(clock, lines, judge, START_WAIT)
    finally:
        lines.close()


def listen(clock: Clock, lines: EventLines, judge: Judge, seconds: float) -> Verdict | None:
    """The first verdict within so many seconds. A stream that ends raises SidecarUnreachable."""
    deadline = clock.monotonic() + seconds
    while (left := deadline - clock.monotonic()) > 0:
        line = lines.next(left)
        if line is not None:
            verdict = judge(line, event_of(line) or {})
            if verdict is not None:
                return verdict
    return None


def routes(apply: str, digest: str) -> Judge:
    """The gate on a table: of this apply, or, where it could not read that, of this digest."""

    def judge(line: str, event: Mapping[str, Any]) -> Verdict | None:
        if event.get("apply") != apply and event.get("digest") != digest:
            return None
        if event.get("event") == "routes_loaded" and event.get("digest") == digest:
            return Verdict(True, event=event)
        if event.get("event") == "routes_rejected":
            return Verdict(False, str(event.get("error", "no reason given")), event)
        return None

    return judge


def gate_started(apply: str, digest: str) -> Judge:
    """The gate on its start with a table: it listens, and answers questions from then on."""
    loads = routes(apply, digest)

    def judge(line: str, event: Mapping[str, Any]) -> Verdict | None:
        if event.get("event") == "gate_ready" and event.get("digest") == digest:
            return Verdict(True, event=event)
        verdict = loads(line, event)
        return None if verdict is None or verdict.loaded else verdict

    return judge


def config(digest: str) -> Judge:
    """Pipelock on a configuration, by the hash of its bytes; its complaints name none, so ours is meant."""

    def judge(line: str, event: Mapping[str, Any]) -> Verdict | None:
        if event.get("event") == "config_reload" and event.get("config_hash") == digest:
            return Verdict(event.get("status") == "success", str(event.get("detail", "")), event)
        if event.get("event") == "error" and event.get("method") == "CONFIG_RELOAD":
            return Verdict(False, str(event.get("error", "no reason given")), event)
        # A line that is no event may hold an agent's text, where the engine has parted it.
        if line.startswith("pipelock: config reload failed"):
            return Verdict(False, line[:500])
        return None

    return judge


def startup(digest: str) -> Judge:
    """Pipelock at its start. Another hash, or another process's line in the backlog, is not about us."""

    def judge(line: str, event: Mapping[str, Any]) -> Verdict | None:
        if event.get("event") == "startup" and event.get("config_hash") == digest:
            return Verdict(True, event=event)
        return None

    return judge


def decision(identity: str, digest: str) -> Judge:
    """Supervise on a decision."""

    def judge(line: str, event: Mapping[str, Any]) -> Verdict | None:
        if event.get("event") == "decision_loaded" and event.get("id") == identity and event.get("digest") == digest:
            return Verdict(True, event=event)
        if event.get("event") == "file_rejected" and event.get("name") == f"decisions/{identity}.json":
            return Verdict(False, str(event.get("error", "no reason given")), event)
        return None

    return judge


def state(digest: str) -> Judge:
    """Supervise on its settings."""

    def judge(line: str, event: Mapping[str, Any]) -> Verdict | None:
        if event.get("event") == "state_loaded" and event.get("digest") == digest:
            return Verdict(True, event=event)
        return None

    return judge
