"""The agent as the demo sees it: its lines as they come, and what they prove in the end."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

type Out = Callable[[str], None]


class Watched:
    """Reads the agent's lines in a thread. `statuses` are those of its requests, in order."""

    def __init__(self, lines: Iterable[str], tell: Out) -> None:
        self.statuses: list[int] = []
        self.over = threading.Event()
        """It has said its last word."""
        self._has_asked = False
        self._asked_or_over = threading.Event()
        self._tell = tell
        self._turn = threading.Lock()
        threading.Thread(target=self._read, args=(lines,), name="demo agent", daemon=True).start()

    @property
    def closed(self) -> bool:
        """Whether the loop closed: refused before, answered after."""
        return self.statuses == [403, 200]

    def asks(self, timeout: float) -> bool:
        """Waits until the agent asks, or has ended without; whether it asked."""
        self._asked_or_over.wait(timeout)
        return self._has_asked

    def held(self) -> threading.Lock:
        """While it is held nothing the agent says is told, so that a transcript keeps cause before effect."""
        return self._turn

    def _read(self, lines: Iterable[str]) -> None:
        try:
            for line in lines:
                with self._turn:
                    self._tell(f"agent    {described(line)}")
                    self._note(line)
        finally:
            self.over.set()
            self._asked_or_over.set()

    def _note(self, line: str) -> None:
        step = _step(line)
        if step.get("step") == "request" and isinstance(step.get("status"), int):
            self.statuses.append(step["status"])
        if step.get("step") == "ask":
            self._has_asked = True
            self._asked_or_over.set()


def described(line: str) -> str:
    """One step as people read it; a line that is no step as it is."""
    step = _step(line)
    match step.get("step"):
        case "request":
            reason = f" {step['reason']}" if step.get("reason") else ""
            return f"GET https://{step['host']}{step['path']} → {step['status']}{reason}"
        case "ask":
            asked = step["arguments"]
            words = f"{' '.join(asked['methods'])} {asked['host']}{' '.join(asked['path_allowlist'])}"
            return f"calls {step['tool']}: {words} “{asked['justification']}”"
        case "waiting":
            return f"is told: pending ({step.get('id')}); waits"
        case "answer":
            reason = f", reason: {step['reason']}" if step.get("reason") else ""
            return f"is told: {step['status']}{', in force' if step.get('in_force') else ''}{reason}"
    return line.rstrip()


def _step(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
