"""What `up` will make, resolved from the manifest. Holds no token value; every runtime reads the same plan."""

from dataclasses import dataclass, field

from sidecar_addon.table import Route


@dataclass(frozen=True)
class Limits:
    """Per container. `memory` in bytes, `cpus` in cores."""

    memory: int
    pids: int
    cpus: float | None = None


@dataclass(frozen=True)
class Mount:
    """A host folder or file (absolute) and where it stands in the agent's container."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class TokenSlot:
    """A slot of the gate and the host variable whose value goes there."""

    slot: str
    token_ref: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class GrantableToken:
    """What an approval may hand to a new route, and to which hosts."""

    token_ref: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class DlpPattern:
    """A secret shape of the operator's own."""

    name: str
    regex: str
    severity: str = "critical"


@dataclass(frozen=True)
class AgentPlan:
    """The agent's container. `build` is a folder with a Dockerfile; exactly one of it and `image` for docker."""

    image: str | None
    build: str | None
    command: tuple[str, ...]
    workdir: str | None
    mounts: tuple[Mount, ...]
    env: dict[str, str]
    """As the agent sees it: the manifest's, the provider's placeholders; not the proxy and trust variables."""
    files: dict[str, bytes]
    """Files a provider needs in the agent (absolute path → content), read-only, under /etc/bottle."""
    provider: str
    user: str | None
    limits: Limits


@dataclass(frozen=True)
class PipelockPlan:
    """The scanning proxy. `extra_ca` is PEM text."""

    image: str | None
    extra_ca: str | None
    allow_private: tuple[str, ...]
    patterns: tuple[DlpPattern, ...]
    scan_limit_mb: int


@dataclass(frozen=True)
class SupervisePlan:
    """The queue's settings."""

    wait_seconds: int
    grantable_tokens: tuple[GrantableToken, ...]


@dataclass(frozen=True)
class Plan:
    """Everything `up` needs. `digest` pins the manifest and the build folder (`sha256:…`)."""

    slug: str
    manifest: str
    """Absolute path of the manifest file."""
    digest: str
    agent: AgentPlan
    routes: tuple[Route, ...]
    tokens: tuple[TokenSlot, ...]
    pipelock: PipelockPlan
    supervise: SupervisePlan
    background_hosts: tuple[str, ...] = ()
    """What the agent program knocks on by itself: counted, never waiting."""
    notes: tuple[str, ...] = field(default=())
    """What `up` prints: overrides of provider routes, what grants.yaml brings back."""
