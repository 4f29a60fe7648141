"""What the agent is told: one status, in words it can act on and in fields a program can read."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sidecar_addon.proposals import WATCHED, Decision, Proposal, State
from sidecar_addon.times import iso


@dataclass(frozen=True)
class Answer:
    """`text` for the model; `data` the same as fields."""

    text: str
    data: dict[str, Any]


def of(
    proposal: Proposal, decision: Decision | None, state: State, now: datetime, remembered: datetime | None = None
) -> Answer:
    """The answer for a proposal as it stands. `remembered`: until when a rejection answers the same ask."""
    status = "pending" if decision is None else decision.status
    in_force = decision is not None and decision.holds(now)
    summary, next_step = _words(proposal, decision, state, now, in_force, remembered)
    data: dict[str, Any] = {
        "status": status,
        "id": proposal.id,
        "tool": proposal.tool,
        "route": None if decision is None else decision.applied,
        "reason": None if decision is None else decision.reason,
        "in_force": in_force,
        "expires_at": None if decision is None else iso(decision.expires_at),
        "next": next_step,
    }
    return Answer(f"{summary}\nNext: {next_step}", data)


def subject(proposal: Proposal) -> str:
    """What the proposal is about, in a few words."""
    return str(proposal.args.get("host", "the Dockerfile lines"))


def watching(state: State, now: datetime) -> str:
    """Whether anybody is likely to answer soon; empty when somebody is watching."""
    if state.muted_until is not None and now < state.muted_until:
        return f"The operator has muted this bottle until {iso(state.muted_until)}, so an answer may take long."
    if state.watched_at is None:
        return "Nobody has had the dashboard open yet, so an answer may take long."
    if now - state.watched_at > WATCHED:
        return f"Nobody is watching right now (last seen {iso(state.watched_at)}), so an answer may take long."
    return ""


def _words(
    proposal: Proposal,
    decision: Decision | None,
    state: State,
    now: datetime,
    in_force: bool,
    remembered: datetime | None,
) -> tuple[str, str]:
    if decision is None or decision.status == "pending":
        return _pending(proposal, state, now)
    reason = f" Reason: {_sentence(decision.reason)}" if decision.reason else ""
    if decision.status == "rejected":
        return _rejected(proposal, reason, remembered if remembered and now < remembered else None)
    if decision.status == "superseded":
        return (
            f"Superseded: another decision of the operator took the place of proposal {proposal.id}.{reason}",
            "retry the request once; if it is still refused, ask for exactly what is missing.",
        )
    if decision.status == "failed":
        return (
            f"Approved, not in force yet: proposal {proposal.id} for {subject(proposal)} was approved but could not "
            f"be loaded.{reason}",
            f"do not retry yet; wait with proposal-status (id {proposal.id}).",
        )
    return _approved(proposal, decision, reason, in_force)


def _sentence(words: str) -> str:
    """With an end, so that what follows is not read as a part of it."""
    return words if words.rstrip().endswith((".", "!", "?")) else f"{words.rstrip()}."


def _pending(proposal: Proposal, state: State, now: datetime) -> tuple[str, str]:
    nobody = watching(state, now)
    return (
        f"Pending: proposal {proposal.id} for {subject(proposal)} waits for the operator's decision; it is not lost "
        f"when this call ends.{' ' + nobody if nobody else ''}",
        f"do not retry the request and do not look for a way around it. Go on with work that does not need it, then "
        f"call proposal-status with id {proposal.id} (wait_seconds lets it wait). The same ask again joins this one. "
        "If nothing else is left to do, tell the user that you wait for this decision.",
    )


def _rejected(proposal: Proposal, reason: str, remembered: datetime | None) -> tuple[str, str]:
    until = (
        f" The same ask gets this answer until {iso(remembered)} or until the operator reopens it."
        if remembered
        else ""
    )
    return (
        f"Rejected: the operator said no to proposal {proposal.id} for {subject(proposal)}.{reason}{until}",
        "do not ask for the same again and do not look for a way around it. If the reason names something narrower, "
        "ask for that; else do without it and tell the user what was not possible.",
    )


def _approved(proposal: Proposal, decision: Decision, reason: str, in_force: bool) -> tuple[str, str]:
    if not in_force:
        return (
            f"No longer in force: proposal {proposal.id} for {subject(proposal)} was approved, but what it allowed "
            f"has ended.{reason}",
            "if you still need it, ask again and say why.",
        )
    applied = f" As applied: {json.dumps(decision.applied)[:2000]}." if decision.applied else ""
    until = f" It ends {iso(decision.expires_at)}." if decision.expires_at else ""
    next_step = "retry the request once."
    if proposal.tool == "capability-block":
        next_step = "check whether the new capability is there; the agent may have been replaced."
    return f"Approved and in force: {subject(proposal)}.{applied}{until}{reason}", next_step
