"""Views as plain values for `--json`; `docs/json.md` describes them. Shared by every command, logic of none."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bottle_tui.core.evidence import Evidence
from bottle_tui.core.rollup import Row
from bottle_tui.core.views import BottleStatus, Card, LogLine, Outcome, Risk
from bottle_tui.services.traffic import Traffic
from sidecar_addon.times import iso


def bottle(status: BottleStatus) -> dict[str, Any]:
    """One row of `ps`."""
    return {
        "slug": status.slug,
        "runtime": status.runtime,
        "state": status.state,
        "sidecars": {role: status.sidecars.get(role, "unknown") for role in ("egress", "pipelock", "supervise")},
        "pending": status.pending,
        "proxy_url": status.proxy_url,
        "mcp_url": status.mcp_url,
        "ca_file": status.ca_file,
        "as_of": iso(status.as_of),
        "created": iso(status.created),
        "generation": status.generation,
        "note": status.note,
    }


def risk(each: Risk) -> dict[str, Any]:
    """One risk."""
    return {"id": each.id, "level": each.level, "text": each.text}


def proposal(card: Card) -> dict[str, Any]:
    """One row of `proposals`."""
    return {
        "id": card.id,
        "slug": card.slug,
        "tool": card.tool,
        "status": card.status,
        "in_force": card.in_force,
        "author": card.author,
        "created": iso(card.created),
        "host": card.host,
        "args": card.args,
        "risks": [risk(each) for each in card.risks],
    }


def card(shown: Card) -> dict[str, Any]:
    """`show ID`."""
    change = shown.change
    return proposal(shown) | {
        "diff": diff(shown),
        "digest": change.digest if change else None,
        "reason": shown.reason,
        "applied": shown.applied,
        "justification": shown.words,
        "facts": [{key: getattr(fact, key) for key in ("name", "asked", "seen", "set")} for fact in shown.facts],
        "notes": list(change.notes) if change else [],
        "problem": shown.problem,
        "in_force": shown.in_force,
        "decided_at": iso(shown.decided_at),
        "decided_by": shown.decided_by,
        "agent_waits": shown.agent_waits,
        "delivery": shown.delivery,
    }


def diff(shown: Card) -> dict[str, str]:
    """The card's two diffs, empty where nothing changes."""
    change = shown.change
    return {"routes": change.routes if change else "", "pipelock": change.pipelock if change else ""}


def outcome(done: Outcome) -> dict[str, Any]:
    """What a decision led to."""
    return {
        "id": done.id,
        "slug": done.slug,
        "status": done.status,
        "in_force": done.in_force,
        "line": done.line,
        "applied": done.applied,
        "proof": list(done.proof),
        "ms": done.ms,
    }


def log_line(line: LogLine) -> dict[str, Any]:
    """One line of `logs`."""
    return asdict(line)


def traffic(found: Traffic) -> dict[str, Any]:
    """`traffic SLUG`."""
    return {
        "slug": found.slug,
        "since": iso(found.since),
        "lines": found.lines,
        "hosts": [asdict(each) for each in found.hosts],
        "rows": [traffic_row(row) for row in found.rows],
        "gaps": [asdict(gap) for gap in found.gaps],
        "remark": found.remark,
    }


def traffic_row(row: Row) -> dict[str, Any]:
    """Requests of one kind."""
    return {
        "host": row.host,
        "method": row.method,
        "path": row.prefix,
        "grant": row.grant,
        "allowed": row.reason is None,
        "reason": row.reason,
        "count": row.count,
        "bytes_up": row.bytes_up,
        "bytes_down": row.bytes_down,
        "first": row.first,
        "last": row.last,
    }


def evidence(found: Evidence) -> dict[str, Any]:
    """What stands beside a card."""
    return {key: plain(value) for key, value in asdict(found).items()}


def plain(value: Any) -> Any:
    """Moments as text, at any depth."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
