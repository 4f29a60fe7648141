"""What screens and listings show: plain values, the same for the dashboard and the command line."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

type BottleState = Literal[
    "starting", "running", "degraded", "needs_tokens", "quarantined", "stopped", "foreign", "unknown"
]
type SidecarState = Literal["up", "down", "unknown"]
type ProposalStatus = Literal["pending", "approved", "rejected", "superseded", "failed"]
SKEW = 2.0
"""Seconds between two clocks that are worth a word."""
type RiskLevel = Literal["danger", "warn", "note"]


@dataclass(frozen=True)
class Risk:
    """One computed risk, e.g. id "every_method", level "warn"; `text` is one line for people."""

    id: str
    level: RiskLevel
    text: str


@dataclass(frozen=True)
class Change:
    """What an approval would do. `digest` binds a decision to lines added and removed, and risks."""

    routes: str
    """Unified diff of the routes as block YAML, without file headers; empty when nothing changes."""
    pipelock: str
    """Unified diff of pipelock's hosts and passthrough list; empty when its mirror does not change."""
    digest: str
    unchanged: bool = False
    notes: tuple[str, ...] = ()
    """Said on the card: "proposed auth ignored: auth is the operator's", "needs EXAMPLE_TOKEN in this terminal"."""


@dataclass(frozen=True)
class Fact:
    """One row of the card: what was asked, what the operator set instead, and what was seen."""

    name: str
    asked: str
    seen: str = ""
    set: str = ""
    """Empty where it is as it was asked."""
    shorter: tuple[str, ...] = ()
    """`seen` in fewer and fewer words, for where it does not fit: what matters most is in each of them."""


@dataclass(frozen=True)
class Card:
    """One proposal as it is shown. `change` is None when it cannot be computed; `problem` then says why."""

    id: str
    slug: str
    tool: str
    status: ProposalStatus
    author: str
    created: datetime
    host: str
    args: dict[str, Any]
    words: str
    """The agent's justification: foreign text, to be sanitised by whoever draws it."""
    facts: tuple[Fact, ...] = ()
    risks: tuple[Risk, ...] = ()
    change: Change | None = None
    scan: str = ""
    """scanned | passthrough | not_scanned: how its host will be handled; empty where that is not known."""
    problem: str | None = None
    reason: str | None = None
    applied: dict[str, Any] | None = None
    in_force: bool = False
    decided_at: datetime | None = None
    decided_by: str | None = None
    by_operator: bool = False
    """Whether the operator filed it from a denial; `author` is then the operator, else the agent's word for itself."""
    agent_waits: bool = False
    """Whether a tool call of the agent is waiting for it right now, as far as supervise has said."""
    ends: datetime | None = None
    """When what was approved ends by itself."""
    delivery: str = ""
    """"", "agent has read it", "retry passed (200)", "retry refused (pipelock)": how far an approval has come."""

    @property
    def whose_words(self) -> str:
        """Over `words`: an agent may give itself any name, so its own never says who has written them."""
        return "why it is proposed" if self.by_operator else "the agent's words"

    @property
    def filed_by(self) -> str:
        """Who has filed it, in words. Holds foreign text."""
        return (
            f"proposed by {self.author}" if self.by_operator else f"asked by the agent (it calls itself {self.author})"
        )

    @property
    def dockerfile(self) -> tuple[str, ...]:
        """The lines that a capability asks for, else none: foreign text."""
        return tuple(str(self.args.get("dockerfile", "")).splitlines())


@dataclass(frozen=True)
class BottleStatus:
    """One bottle. `as_of` is when what is told of it was last heard; None: it has never been."""

    slug: str
    runtime: str
    state: BottleState
    sidecars: dict[str, SidecarState]
    pending: int
    proxy_url: str | None
    mcp_url: str | None
    ca_file: str | None
    as_of: datetime | None
    created: datetime | None = None
    generation: int | None = None
    skew: float = 0.0
    """Seconds by which the gate's clock is ahead of this host's, as well as that can be told; 0 when not known."""
    note: str = ""
    """One line when something is off: "pipelock is the hop: allowlist only", "left by another account"."""


@dataclass(frozen=True)
class Outcome:
    """How a decision ended. `line` is the one sentence for people; `exit_code` as on the command line."""

    id: str
    slug: str
    status: ProposalStatus
    in_force: bool
    line: str
    exit_code: int = 0
    applied: dict[str, Any] | None = None
    proof: tuple[str, ...] = ()
    """What was asked of the running gate and what it answered, one line each."""
    ms: int = 0


@dataclass(frozen=True)
class LogLine:
    """One line of a sidecar's output. `event` is the parsed JSON object, None for plain text; foreign text."""

    slug: str
    sidecar: str
    text: str
    event: dict[str, Any] | None = None
    noise: bool = False
    """Whether pipelock's reader says it is no policy decision."""
    level: str = "info"
    facts: dict[str, Any] = field(default_factory=dict)
