"""What the sidecars' own output says about a bottle lately: denials by host, who waits, who was told, what passed.

A look back over the last lines, for facts beside an ask; following live is `logs`' work.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bottle_tui.core.evidence import Window
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Role
from bottle_tui.services import backlog
from bottle_tui.services.backlog import Backlog
from bottle_tui.services.session import Session

TAIL = 3_000


@dataclass
class Traffic:
    """Counts since the bottle's output begins, or its last lines. `known` is False when not all of it could be read."""

    known: bool = False
    denied: Counter[str] = field(default_factory=Counter)
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    """host → "METHOD path" → denials."""
    passed: dict[str, int | None] = field(default_factory=dict)
    """proposal → status of the last request under its grant that has ended; None while none has."""
    refused: dict[str, str] = field(default_factory=dict)
    """proposal → why its last request got no further although the gate admitted it, e.g. "pipelock"."""
    waiting: set[str] = field(default_factory=set)
    read: dict[str, str] = field(default_factory=dict)
    """proposal → status of the decision that the agent was given."""


def look(session: Session) -> Traffic:
    """Read back. Raises nothing: what cannot be read is not known."""
    traffic = Traffic()
    try:
        gate = _read(session, "egress")
        for event in gate.events:
            _of_gate(traffic, event)
        traffic.known = not gate.problem
        for event in _read(session, "supervise").events:
            _of_supervise(traffic, event)
    except SidecarUnreachable:
        return traffic
    return traffic


def of_window(window: Window) -> Traffic:
    """The same as far as a window of the gate's events knows it: who was denied, and with what."""
    traffic = Traffic(known=window.known and not window.cut_short)
    for denial in window.denials:
        traffic.denied[denial.host] += denial.count
        what = f"{denial.method} {denial.path or ''}".strip()
        traffic.requests.setdefault(denial.host, Counter())[what] += denial.count
    return traffic


def _read(session: Session, role: Role) -> Backlog:
    return backlog.read(session.clock, session.sidecar(role), limit=TAIL, tail=TAIL)


def _of_gate(traffic: Traffic, event: dict[str, Any]) -> None:
    kind, host = event.get("event"), str(event.get("host", ""))
    if kind in ("denied", "denied_more"):
        count = event.get("count", 1)
        amount = count if isinstance(count, int) and count > 0 else 1
        traffic.denied[host] += amount
        if len(traffic.requests) < 500:
            what = f"{event.get('method', '')} {event.get('path', '')}".strip()
            traffic.requests.setdefault(host, Counter())[what] += amount
    proposal = event.get("proposal")
    if isinstance(proposal, str) and kind == "allowed":
        traffic.passed.setdefault(proposal, None)
    elif isinstance(proposal, str) and kind == "finished":
        _ended(traffic, proposal, event)


def _ended(traffic: Traffic, proposal: str, event: dict[str, Any]) -> None:
    status, reason = event.get("status"), event.get("reason")
    traffic.passed[proposal] = status if isinstance(status, int) else traffic.passed.get(proposal)
    traffic.refused.pop(proposal, None)
    if isinstance(reason, str):
        traffic.refused[proposal] = reason


def _of_supervise(traffic: Traffic, event: dict[str, Any]) -> None:
    kind, identity = event.get("event"), event.get("id")
    if not isinstance(identity, str):
        return
    if kind == "waiting":
        traffic.waiting.add(identity)
    elif kind == "waiting_ended":
        traffic.waiting.discard(identity)
    elif kind == "decision_read":
        traffic.read[identity] = str(event.get("status", ""))
    elif kind == "decision_loaded":
        traffic.read.pop(identity, None)
