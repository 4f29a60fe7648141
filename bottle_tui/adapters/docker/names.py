"""What the things of a bottle are called on the engine, and the labels they carry. Pure."""

from bottle_tui.ports import SIDECARS, Role

SLUG = "bottle-tui.slug"
ROLE = "bottle-tui.role"
UID = "bottle-tui.uid"
INCARNATION = "bottle-tui.incarnation"

NETWORKS = ("agent", "chain", "outside")
START_ORDER: tuple[Role, ...] = ("pipelock", "egress", "supervise", "agent")
VOLUME_PATHS: dict[Role, str] = {
    "egress": "/etc/egress",
    "pipelock": "/etc/pipelock",
    "supervise": "/var/lib/supervise",
}
UIDS: dict[Role, int] = {"egress": 10001, "supervise": 10001, "pipelock": 65532}
FOLDERS: dict[Role, tuple[str, ...]] = {
    "egress": ("/etc/egress/uses", "/etc/egress/ca", "/etc/egress/trust"),
    "pipelock": ("/etc/pipelock/tls", "/etc/pipelock/extra"),
    "supervise": ("/var/lib/supervise/proposals", "/var/lib/supervise/decisions"),
}
"""Made in each sidecar's volume before it starts, owned by its user."""

assert set(VOLUME_PATHS) == set(SIDECARS)


def container(slug: str, role: Role) -> str:
    """The container of a role."""
    return f"bottle-{slug}-{role}"


def network(slug: str, kind: str) -> str:
    """One of the three networks: agent, chain, outside."""
    return f"bottle-{slug}-{kind}"


def volume(slug: str, kind: str) -> str:
    """A sidecar's volume, or `home` for the agent's."""
    return f"bottle-{slug}-{kind}"


def labels(slug: str, role: str, uid: int, incarnation: str) -> dict[str, str]:
    """Labels find candidates; they prove nothing."""
    return {SLUG: slug, ROLE: role, UID: str(uid), INCARNATION: incarnation}
