"""The body of "create a container" for each role, as plain values. Pure: what is asked of the engine can be tested."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bottle_tui.adapters.docker import names
from bottle_tui.core.plan import Limits, Mount

DEAD_DNS = "203.0.113.53"
"""A name server that leads nowhere: engines before the fix of CVE-2024-29018 forward names for internal networks."""
SIDECAR_LIMITS = {
    "egress": Limits(memory=768 * 1024 * 1024, pids=256),
    "pipelock": Limits(memory=768 * 1024 * 1024, pids=256),
    "supervise": Limits(memory=384 * 1024 * 1024, pids=128),
    "probe": Limits(memory=128 * 1024 * 1024, pids=32),
}
_TMPFS = "rw,noexec,nosuid,nodev"


@dataclass(frozen=True)
class Attachment:
    """A network (by name) and what the container is called there."""

    network: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Container:
    """One container to be made. Hardening is not among its fields: every container gets all of it."""

    name: str
    image: str
    user: str
    labels: dict[str, str]
    limits: Limits
    network: Attachment
    more_networks: tuple[Attachment, ...] = ()
    """Joined before it starts."""
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    """Volume name → path in the container."""
    mounts: tuple[Mount, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = True
    dead_dns: bool = True
    terminal: bool = False
    health_check: bool = False
    """Whether the image's own runs: an `exec` every few seconds, of which nobody here asks the result."""
    workdir: str | None = None
    restart: str = "on-failure"


def create_body(container: Container) -> dict[str, Any]:
    """The engine's JSON for POST /containers/create."""
    body: dict[str, Any] = {
        "Image": container.image,
        "User": container.user,
        "Env": [f"{key}={value}" for key, value in sorted(container.env.items())],
        "Labels": dict(container.labels),
        "Tty": container.terminal,
        "OpenStdin": container.terminal,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "HostConfig": _host_config(container),
        "NetworkingConfig": {
            "EndpointsConfig": {container.network.network: {"Aliases": list(container.network.aliases)}}
        },
    }
    if not container.health_check:
        body["Healthcheck"] = {"Test": ["NONE"]}
    if container.command:
        body["Cmd"] = list(container.command)
    if container.workdir:
        body["WorkingDir"] = container.workdir
    return body


def _host_config(container: Container) -> dict[str, Any]:
    limits = container.limits
    config: dict[str, Any] = {
        "NetworkMode": container.network.network,
        "CapDrop": ["ALL"],
        "CapAdd": [],
        "Privileged": False,
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": container.read_only,
        "Sysctls": {"net.ipv4.ip_forward": "0"},
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "PidsLimit": limits.pids,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "20m", "max-file": "3"}},
        "RestartPolicy": {"Name": container.restart},
        "PublishAllPorts": False,
        "PortBindings": {},
        "IpcMode": "private",
        "Tmpfs": dict(container.tmpfs),
        "Mounts": [*_volumes(container.volumes), *_binds(container.mounts)],
        "Init": container.terminal,
    }
    if limits.cpus is not None:
        config["NanoCpus"] = int(limits.cpus * 1_000_000_000)
    if container.dead_dns:
        config["Dns"] = [DEAD_DNS]
        config["DnsOptions"] = ["timeout:1", "attempts:1"]
        config["DnsSearch"] = ["."]
    return config


def _volumes(volumes: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Type": "volume", "Source": name, "Target": path} for name, path in volumes.items()]


def _binds(mounts: tuple[Mount, ...]) -> list[dict[str, Any]]:
    return [
        {
            "Type": "bind",
            "Source": mount.source,
            "Target": mount.target,
            "ReadOnly": mount.read_only,
            "BindOptions": {"Propagation": "rprivate"},
        }
        for mount in mounts
    ]


def pipelock(slug: str, image: str, labels: dict[str, str], *, hop: bool) -> Container:
    """The only container with a way out: the chain on one side, the outside network on the other."""
    return Container(
        name=names.container(slug, "pipelock"),
        image=image,
        user="65532:65532",
        labels=labels,
        limits=SIDECAR_LIMITS["pipelock"],
        network=Attachment(names.network(slug, "chain"), ("pipelock",)),
        more_networks=(Attachment(names.network(slug, "outside")),),
        command=("hop",) if hop else (),
        env={"SSL_CERT_DIR": "/etc/ssl/certs:/etc/pipelock/extra"},
        volumes={names.volume(slug, "pipelock"): "/etc/pipelock"},
        tmpfs={"/tmp": f"{_TMPFS},size=16m,uid=65532,gid=65532,mode=0700"},
        dead_dns=False,
    )


def egress(slug: str, image: str, labels: dict[str, str]) -> Container:
    """The gate, between the agent's network and the chain. Tokens live on a tmpfs only."""
    owner = "uid=10001,gid=10001,mode=0700"
    return Container(
        name=names.container(slug, "egress"),
        image=image,
        user="10001:10001",
        labels=labels,
        limits=SIDECAR_LIMITS["egress"],
        network=Attachment(names.network(slug, "agent"), ("egress",)),
        more_networks=(Attachment(names.network(slug, "chain")),),
        volumes={names.volume(slug, "egress"): "/etc/egress"},
        tmpfs={"/tmp": f"{_TMPFS},size=64m,{owner}", "/run/tokens": f"{_TMPFS},size=1m,{owner}"},
    )


def supervise(slug: str, image: str, labels: dict[str, str]) -> Container:
    """The MCP server and its queue; it needs no way out at all."""
    return Container(
        name=names.container(slug, "supervise"),
        image=image,
        user="10001:10001",
        labels=labels,
        limits=SIDECAR_LIMITS["supervise"],
        network=Attachment(names.network(slug, "agent"), ("supervise",)),
        volumes={names.volume(slug, "supervise"): "/var/lib/supervise"},
        tmpfs={"/tmp": f"{_TMPFS},size=16m,uid=10001,gid=10001,mode=0700"},
    )


@dataclass(frozen=True)
class AgentShape:
    """What is known of the agent's container only once its image is there."""

    image: str
    user: str
    home: str
    mounts: tuple[Mount, ...]
    env: Mapping[str, str]
    command: tuple[str, ...]
    workdir: str | None
    limits: Limits


def agent(slug: str, shape: AgentShape, labels: dict[str, str]) -> Container:
    """The user's image: its root writable, HOME on a volume, a terminal to join; the same drops as the sidecars."""
    return Container(
        name=names.container(slug, "agent"),
        image=shape.image,
        user=shape.user,
        labels=labels,
        limits=shape.limits,
        network=Attachment(names.network(slug, "agent"), ("agent",)),
        command=shape.command,
        env={"HOME": shape.home, **shape.env},
        volumes={names.volume(slug, "home"): shape.home},
        mounts=shape.mounts,
        read_only=False,
        terminal=True,
        health_check=True,
        workdir=shape.workdir,
        restart="no",
    )


def probe(name: str, network: str, image: str, labels: dict[str, str], question: str) -> Container:
    """A throw-away container that stands where the agent will stand, and tries to get out."""
    return Container(
        name=name,
        image=image,
        user="10001:10001",
        labels=labels,
        limits=SIDECAR_LIMITS["probe"],
        network=Attachment(network),
        command=("probe", question),
        restart="no",
    )


def listener_body(image: str, labels: dict[str, str]) -> dict[str, Any]:
    """A throw-away listener in the host's own network namespace: what the probe must fail to reach.

    It is ours, it holds nothing, and it lives for the seconds of the probe; it is the only container that ever
    shares a namespace with the host.
    """
    return {
        "Image": image,
        "User": "10001:10001",
        "Labels": dict(labels),
        "Cmd": ["probe", "listen"],
        "HostConfig": {
            "NetworkMode": "host",
            "UsernsMode": "host",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": True,
            "Memory": SIDECAR_LIMITS["probe"].memory,
            "PidsLimit": SIDECAR_LIMITS["probe"].pids,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
            "RestartPolicy": {"Name": "no"},
        },
    }
