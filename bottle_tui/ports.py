"""What services need of the world outside, as protocols. Adapters and fakes pass the same contract tests."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from bottle_tui.core.plan import Plan
from bottle_tui.core.views import SidecarState

type Role = Literal["agent", "egress", "pipelock", "supervise"]
SIDECARS: tuple[Role, ...] = ("egress", "pipelock", "supervise")

type Progress = Callable[[str], None]
"""Takes one line for people, e.g. "building bottle-tui-egress…"."""


@dataclass(frozen=True)
class Ran:
    """How a command in a sidecar ended."""

    code: int
    stdout: bytes
    stderr: bytes


class EventLines(Protocol):
    """A sidecar's output, line by line, as it comes."""

    def next(self, timeout: float) -> str | None:
        """The next line, or None after `timeout` seconds without one.

        Raises OutputEnded at the end, SidecarUnreachable where it broke off, or that cannot be told apart.
        """

    def close(self) -> None:
        """Ends the stream, also from another thread."""


class Sidecar(Protocol):
    """One sidecar, wherever it runs: copy a file in, SIGHUP, read the event line. All raise SidecarUnreachable."""

    role: Role

    def put(self, path: str, data: bytes, mode: int = 0o444) -> None:
        """Copy a file to an absolute path on one of its volumes, owned by the sidecar's user."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, None when it is not there. Never follows a link out; at most 32 MiB."""

    def read_folder(self, path: str) -> dict[str, bytes]:
        """Regular files directly in a folder, by name; empty when there is none. Links and others are left out."""

    def signal(self) -> None:
        """SIGHUP to its main process."""

    def follow(self, since: datetime | None = None, tail: int | None = None) -> EventLines:
        """Its output since a moment (or the last `tail` lines), and then live. The caller closes it."""

    def said(self, since: datetime | None = None, tail: int | None = None) -> EventLines:
        """The same up to now: it ends with the newest line, however much is being said. The caller closes it."""

    def run(self, argv: list[str], stdin: bytes = b"", timeout: float = 15.0) -> Ran:
        """Run a command inside, as the sidecar's user. `argv` never holds a secret; `stdin` may."""

    def restart(self) -> None:
        """Stop it and start it again; returns once the engine says it runs."""

    def state(self) -> SidecarState:
        """up, down or unknown; raises nothing."""


@dataclass(frozen=True)
class Recorded:
    """A bottle as `bottle.json` holds it: what `up` made, by id, and this incarnation's own id."""

    slug: str
    runtime: str
    incarnation: str
    created: datetime
    containers: dict[str, str]
    """role → container id (docker), or role → "pid:start" (local)."""
    networks: dict[str, str]
    volumes: dict[str, str]
    proxy_url: str
    mcp_url: str
    ca_file: str
    details: dict[str, Any]
    """What only its runtime reads, e.g. {"pipelock": "hop"}."""


@dataclass(frozen=True)
class Launch:
    """What `up` hands to a runtime beside the plan: the first files of each sidecar, and the certificates."""

    plan: Plan
    incarnation: str
    files: Mapping[Role, Mapping[str, bytes]]
    """role → absolute path in the sidecar → content, put there before it starts."""
    private_files: Mapping[Role, Mapping[str, bytes]]
    """The same for keys: 0400, owned by the sidecar's user."""
    tokens: Mapping[str, tuple[str, str]]
    """slot → (value, fingerprint of its token_ref); handed to `put-token` on standard input, never written."""
    agent_env: Mapping[str, str]
    """The agent's whole environment, proxy and trust variables included."""
    home: Path
    """`<home>/bottles/<slug>`, for what the local runtime keeps there."""
    joined: bool = False
    """Whether somebody joins the agent at once: it is started then, so that it finds a terminal that answers."""


@dataclass(frozen=True)
class Survey:
    """What one look at a runtime tells of all its bottles."""

    states: Mapping[str, Mapping[Role, SidecarState]]
    """By slug; a record that is not in it has to be asked about by itself."""
    found: Mapping[str, str]
    """Candidates by label: slug → "running" or "stopped". Labels prove nothing; records do."""


class Runtime(Protocol):
    """Docker, or plain processes."""

    name: str

    def describe(self) -> str:
        """For the title: "docker here", "docker: ssh://box", "local: NOT CONTAINED"."""

    def check(self) -> None:
        """Raises EngineUnavailable with the line that says how to start one."""

    def launch(self, launch: Launch, progress: Progress) -> Recorded:
        """Make and start everything, in order; undo all of it when a step fails (LaunchFailed)."""

    def survey(self, records: Sequence[Recorded]) -> Survey:
        """All of those at once, as far as one look goes, and whatever else is there. Raises EngineUnavailable."""

    def sidecar(self, recorded: Recorded, role: Role) -> Sidecar:
        """The recorded sidecar; never looked up by name or label."""

    def states(self, recorded: Recorded) -> dict[Role, SidecarState]:
        """Of the agent and all sidecars, in one look; "unknown" when the engine does not answer."""

    def start(self, recorded: Recorded, launch: Launch, progress: Progress) -> Recorded:
        """Start a stopped bottle again, its files put anew; returns the record that holds from now on."""

    def stop(self, recorded: Recorded) -> None:
        """Stop all its containers or processes; volumes stay."""

    def remove(self, slug: str, recorded: Recorded | None, *, purge: bool) -> list[str]:
        """Remove all that was made, half-launched too. Returns what could not be, each with the command that does."""

    def isolate(self, recorded: Recorded) -> None:
        """Quarantine, first step: cut egress from the chain. Works with every process stopped."""

    def isolated(self, recorded: Recorded) -> bool:
        """Whether egress is cut from the chain, as the engine says right now. Raises SidecarUnreachable."""

    def rejoin(self, recorded: Recorded) -> None:
        """Undo `isolate`."""

    def attach(self, recorded: Recorded, argv: list[str] | None = None) -> int:
        """Join the agent's terminal (or run `argv` in its container); returns the exit code."""


class BottleHome(Protocol):
    """`<home>/bottles/<slug>`: small files written whole, an append-only ledger, a lock."""

    slug: str
    path: Path

    def exists(self) -> bool:
        """Whether anything of this slug was ever kept."""

    def read(self, name: str) -> bytes | None:
        """A file by relative name, None when absent. Never follows links; at most 32 MiB, else InvalidFile."""

    def write(self, name: str, data: bytes, mode: int = 0o600) -> None:
        """Temp file, fsync, rename, fsync of the folder."""

    def append(self, name: str, line: bytes) -> None:
        """Append one line, fsynced. Raises LedgerBroken when it cannot."""

    def delete(self, name: str) -> None:
        """Remove a file or a folder; absent is fine."""

    def names(self, folder: str) -> list[str]:
        """Names of regular files directly in a folder, sorted."""

    def lock(self, timeout: float = 30.0) -> AbstractContextManager[None]:
        """The bottle's lock, between processes; freed by the kernel when its holder dies."""


class Home(Protocol):
    """`<home>`, 0700."""

    root: Path

    def slugs(self) -> list[str]:
        """Every slug of which something is kept, sorted."""

    def bottle(self, slug: str) -> BottleHome:
        """That bottle's folder, made on first write."""


class Clock(Protocol):
    """Time as services see it."""

    def now(self) -> datetime:
        """UTC."""

    def monotonic(self) -> float:
        """Seconds, for durations and time-outs."""


@dataclass(frozen=True)
class Minted:
    """A certificate authority's private key and certificate, PEM."""

    key: bytes = field(repr=False)
    certificate: bytes


class Authorities(Protocol):
    """Makes the two certificate authorities of an incarnation, and knows the roots of the system."""

    def gate(self, slug: str, now: datetime) -> Minted:
        """For the gate: RSA-2048, PKCS#8."""

    def pipelock(self, slug: str, now: datetime) -> Minted:
        """For pipelock: EC P-256, SEC1."""

    def system_roots(self) -> bytes:
        """The trusted roots as one PEM bundle."""


@dataclass(frozen=True)
class World:
    """All ports of one process; every service takes it first."""

    home: Home
    runtimes: Mapping[str, Runtime]
    clock: Clock
    environ: Mapping[str, str]
    """The deciding process's environment: where token values come from."""
    operator: str
    """BOTTLE_TUI_OPERATOR, else the login name."""
    authorities: Authorities | None = None
    """Needed by `up` only."""
    read_only: bool = False
    """Looks and nothing else: what a crash left is said, not settled."""
