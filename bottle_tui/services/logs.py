"""A sidecar's output as log lines: followed live, read by who wrote it. Foreign text; whoever draws it sanitises."""

from dataclasses import dataclass
from typing import Any

from bottle_tui.core import pipelock_log
from bottle_tui.core.event_lines import event_of, level_of_text
from bottle_tui.core.redaction import redacted
from bottle_tui.core.views import LogLine
from bottle_tui.core.words import counted
from bottle_tui.ports import EventLines, Role, World
from bottle_tui.services import lookup

MAX_LINE = 16 * 1024
LEVELS = {
    "denied": "warn", "denied_more": "warn", "routes_rejected": "error", "file_rejected": "error",
    "client_refused_tls": "warn", "proposal_filed": "notice", "waiting": "notice",
    "dropped": "warn",
}  # fmt: skip

_REQUEST = ("method", "host", "path", "reason")


@dataclass(frozen=True)
class LogStream:
    """Log lines as they come."""

    slug: str
    role: Role
    lines: EventLines

    def next(self, timeout: float) -> LogLine | None:
        """The next line, None after `timeout` seconds without one. Raises SidecarUnreachable at the end."""
        raw = self.lines.next(timeout)
        return None if raw is None else parse(self.slug, self.role, raw)

    def close(self) -> None:
        """Ends the stream, also from another thread."""
        self.lines.close()


def follow(world: World, slug: str, role: Role, tail: int = 200) -> LogStream:
    """The last `tail` lines of a sidecar, and then live. The caller closes it."""
    return LogStream(slug, role, lookup.sidecar(world, slug, role).follow(tail=tail))


def parse(slug: str, role: Role, raw: str) -> LogLine:
    """One raw line. `facts["summary"]` is one short line for people, `facts["kind"]` the event's name or "text"."""
    if role == "pipelock":
        return pipelock_log.read(slug, raw)
    line = raw.rstrip("\r\n")[:MAX_LINE]
    event = event_of(line)
    if event is None:
        text = redacted(line)
        return LogLine(slug, role, text, level=level_of_text(line), facts={"kind": "text", "summary": text})
    name = str(event["event"])
    facts: dict[str, Any] = {"kind": name, "summary": _summary(name, event)}
    if isinstance(event.get("host"), str):
        facts["host"] = event["host"]
    return LogLine(slug, role, line, event, False, LEVELS.get(name, "info"), facts)


def _summary(name: str, event: dict[str, Any]) -> str:
    def said(*keys: str) -> str:
        return " ".join([str(event[key]) for key in keys if event.get(key) not in (None, "")])

    match name:
        case "allowed" | "denied":  # nearly all that a busy gate says
            method, host, path, reason = ("" if part is None else part for part in map(event.get, _REQUEST))
            return f"{method} {host}{path}  {reason}".rstrip()
        case "denied_more":
            return f"{said('method', 'host')}  {said('reason')}, {said('count')} more"
        case "finished":
            cut = f", cut: {event['cut']}" if event.get("cut") else ""
            return f"{said('status', 'method', 'host')}{cut}".strip()
        case "routes_loaded":
            routes = counted(event.get("routes", "?"), "route")
            return f"{routes}, generation {said('generation')}, {_short(event)} in force"
        case "routes_rejected":
            return f"refused, the old table stays: {said('error')}"
        case "gate_ready":
            return f"the gate is ready, generation {said('generation')}, {_short(event)}"
        case "proposal_filed":
            return f"a proposal was filed: …{said('id')[-6:]}"
        case "waiting" | "waiting_ended":
            return f"the agent {'waits' if name == 'waiting' else 'waits no longer'} for …{said('id')[-6:]}"
        case "decision_loaded" | "decision_read":
            verb = (
                "read by the agent"
                if name == "decision_read"
                else "loaded"
                if event.get("digest", "") is not None
                else "taken away"
            )
            return f"decision on …{said('id')[-6:]} {verb}: {said('status')}"
        case "state_loaded":
            return f"told who watches, {_short(event)}"
        case "supervise_ready":
            return f"the queue answers on port {said('port')}"
        case "token_loaded":
            return f"{said('slot')} holds its token"
        case "client_refused_tls":
            return f"the agent's program does not trust the gate's CA: {said('host')}"
        case "file_rejected":
            return f"{said('name')}: {said('error')}"
    rest = (f"{key}={value}" for key, value in event.items() if key not in ("event", "time"))
    return f"{name} {' '.join(rest)}".strip()


def _short(event: dict[str, Any]) -> str:
    return str(event.get("digest") or "")[:15]
