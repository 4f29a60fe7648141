"""Which log lines are shown: by words, level, decision and host. Pure.

Written as one line: `level:warn is:denied host:api.example.com words`; `*.example.com` means the names below it too.
"""

from dataclasses import dataclass, replace
from typing import Self

from bottle_tui.core.views import LogLine

LEVELS = ("debug", "info", "notice", "warn", "error", "fatal")
DECISIONS = ("denied", "allowed", "policy")
"""policy: what changed or was decided, and no request."""
_SAME = {
    "warning": "warn", "err": "error", "critical": "fatal", "panic": "fatal", "trace": "debug",
    "block": "denied", "blocked": "denied", "deny": "denied", "allow": "allowed", "passed": "allowed",
}  # fmt: skip
"""Other words for a level or a decision, as people and programs write them."""
KNOWN = f"level: {' '.join(LEVELS)} · is: {' '.join(DECISIONS)} · host: a part of it or *.suffix"
"""What can be typed beside words, in one line."""
_REQUESTS = {
    "denied": "denied", "denied_more": "denied", "block": "denied", "ca_not_trusted": "denied",
    "authority_mismatch": "denied", "sni_mismatch": "denied",
    "allowed": "allowed", "finished": "allowed", "passed": "allowed", "tunnel": "allowed",
}  # fmt: skip
"""Of the gate's events and of what pipelock's lines mean."""
_POLICY = frozenset(
    {"routes_loaded", "routes_rejected", "gate_ready", "token_loaded", "proposal_filed", "waiting", "waiting_ended",
     "decision_loaded", "decision_read", "state_loaded", "supervise_ready", "ack", "rejected", "startup", "shutdown",
     "file_rejected"}
)  # fmt: skip


@dataclass(frozen=True)
class LogFilter:
    """Empty lets everything through."""

    words: str = ""
    level: str = ""
    """At least this one."""
    decision: str = ""
    host: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.level or self.decision or self.host)

    def __str__(self) -> str:
        """As it is typed."""
        parts = [f"level:{self.level}"] * bool(self.level) + [f"is:{self.decision}"] * bool(self.decision)
        return " ".join([*parts, *[f"host:{self.host}"] * bool(self.host), *[self.words] * bool(self.words)])

    def lets(self, line: LogLine) -> bool:
        """Whether this line is shown."""
        if self.level and _rank(line.level) < _rank(self.level):
            return False
        if self.decision and decision_of(line) != self.decision:
            return False
        if self.host and not _is_host(self.host, str(line.facts.get("host") or "").lower()):
            return False
        return not self.words or has(line, self.words)

    def next_level(self) -> Self:
        """All, from notice, from warn, errors only."""
        steps = ("", "notice", "warn", "error")
        return replace(self, level=steps[(steps.index(self.level) + 1) % len(steps)] if self.level in steps else "")

    def next_decision(self) -> Self:
        """All, denied, allowed, policy."""
        steps = ("", *DECISIONS)
        return replace(self, decision=steps[(steps.index(self.decision) + 1) % len(steps)])


def parsed(text: str) -> LogFilter:
    """What was typed. An unknown level or decision is taken as words, so that nothing is hidden by a typo."""
    found: dict[str, str] = {}
    words: list[str] = []
    for word in text.split():
        name, mark, value = word.partition(":")
        value = value.lower()
        if mark and name == "level" and (level := level_of(value)):
            found["level"] = level
        elif mark and name in ("is", "decision") and (decision := _SAME.get(value, value)) in DECISIONS:
            found["decision"] = decision
        elif mark and name == "host" and value:
            found["host"] = value
        else:
            words.append(word)
    return LogFilter(words=" ".join(words), **found)


def not_known(text: str) -> tuple[str, ...]:
    """Of what was typed: what looks like a level, a decision or a host and is none."""
    heads = ("level:", "is:", "decision:", "host:")
    return tuple(word for word in text.split() if word.startswith(heads) and parsed(word).words)


def level_of(written: str) -> str:
    """One of ours for a level as somebody wrote it; empty where it is none."""
    level = _SAME.get(written.lower(), written.lower())
    return level if level in LEVELS else ""


def has(line: LogLine, words: str) -> bool:
    """Whether the words stand in the line, as it was written or as it is summed up."""
    folded = words.casefold()
    summary = line.facts.get("summary")
    return folded in line.text.casefold() or (isinstance(summary, str) and folded in summary.casefold())


def decision_of(line: LogLine) -> str:
    """denied, allowed, policy, or "" for what is none of them."""
    kind = str(line.facts.get("kind") or "")
    if kind.endswith("_block"):
        return "denied"
    if line.noise and kind == "sni_mismatch":
        return ""
    return _REQUESTS.get(kind, "policy" if kind in _POLICY else "")


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 1


def _is_host(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host == pattern[2:] or host.endswith(pattern[1:])
    return pattern in host
