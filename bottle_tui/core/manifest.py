"""`bottle.yaml`: from bytes to a checked manifest. What it leads to (slots, provider's routes) is `resolve`'s."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bottle_tui.core.keys import BOTTLE, SINGLETON_ROLES
from bottle_tui.core.nodes import Path, Refusal
from bottle_tui.errors import InvalidManifest
from sidecar_addon import hosts
from sidecar_addon.strict_yaml import Document, StrictYamlError, load_yaml

LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Auth:
    """A credential that the gate adds. `token_ref` names the host's variable, never its value."""

    scheme: str
    token_ref: str
    header: str = "Authorization"


@dataclass(frozen=True)
class ManifestRoute:
    """One entry of `egress.routes`. `stated` are the keys that were written; the rest are defaults."""

    host: str
    path_allowlist: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    ports: tuple[int, ...] = (443,)
    auth: Auth | None = None
    roles: tuple[str, ...] = ()
    passthrough: bool | None = None
    """None: not said, so the default holds (scanned, or what the provider says)."""
    stated: frozenset[str] = frozenset()
    line: int = 0


@dataclass(frozen=True)
class AgentPart:
    """The `agent` key. `memory` in bytes; None: the default."""

    image: str | None
    build: str | None
    command: tuple[str, ...] | None
    workdir: str | None
    mounts: tuple[str, ...]
    env: dict[str, str]
    provider: str
    user: str | None
    memory: int | None
    pids: int | None
    cpus: float | None


@dataclass(frozen=True)
class PipelockPart:
    """The `pipelock` key. `patterns` as (name, regex, severity)."""

    image: str | None
    extra_ca: str | None
    allow_private: tuple[str, ...]
    patterns: tuple[tuple[str, str, str], ...]
    scan_limit_mb: int


@dataclass(frozen=True)
class SupervisePart:
    """The `supervise` key. `grantable_tokens` as (token_ref, hosts)."""

    wait_seconds: int
    grantable_tokens: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Manifest:
    """A manifest that holds together by itself. `lines` finds the line of a key, for later errors."""

    file: str
    name: str
    agent: AgentPart
    allowlist: tuple[str, ...]
    routes: tuple[ManifestRoute, ...]
    pipelock: PipelockPart
    supervise: SupervisePart
    sha256: str
    line: Callable[[Path], int]

    def refuse(self, path: Path, message: str) -> InvalidManifest:
        """The error for a key of this manifest, to be raised by the caller."""
        return _invalid(self.file, self.line(path), path, message)


def parse(data: bytes, file: str) -> Manifest:
    """Read a manifest. Raises InvalidManifest naming file, line, key and what would be right."""
    try:
        document = load_yaml(data, limit=LIMIT_BYTES)
    except StrictYamlError as error:
        raise _invalid(file, error.line, (), error.message) from None
    try:
        manifest = _built(BOTTLE.read(document.value, ()), document, data, file)
        for check in (_agent, _distinct_hosts, _wildcards, _plain_http, _singletons, _credentials_in_env, _grantable):
            check(manifest)
    except Refusal as refusal:
        raise _invalid(file, document.line(refusal.path), refusal.path, refusal.message) from None
    return manifest


def dotted(path: Path) -> str:
    """`("egress", "routes", 0, "host")` as `egress.routes[0].host`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _invalid(file: str, line: int, path: Path, message: str) -> InvalidManifest:
    key = dotted(path)
    place = f"{line} ({key})" if line and key else str(line or "") or key or None
    return InvalidManifest(message, file=file, place=place)


def _built(value: dict[str, Any], document: Document, data: bytes, file: str) -> Manifest:
    egress = value["egress"] or {"allowlist": (), "routes": ()}
    return Manifest(
        file=file,
        name=value["name"],
        agent=_agent_part(value["agent"]),
        allowlist=egress["allowlist"],
        routes=tuple(
            _route(item, frozenset(document.value["egress"]["routes"][index]), document, index)
            for index, item in enumerate(egress["routes"])
        ),
        pipelock=_pipelock_part(value["pipelock"] or BOTTLE.keys["pipelock"].node.read({}, ("pipelock",))),
        supervise=_supervise_part(value["supervise"] or BOTTLE.keys["supervise"].node.read({}, ("supervise",))),
        sha256=hashlib.sha256(data).hexdigest(),
        line=document.line,
    )


def _agent_part(value: dict[str, Any]) -> AgentPart:
    limits = value["limits"] or {}
    return AgentPart(
        image=value["image"],
        build=value["build"],
        command=value["command"],
        workdir=value["workdir"],
        mounts=value["mounts"],
        env=value["env"] or {},
        provider=value["provider"],
        user=value["user"],
        memory=int(limits["memory"]) if limits.get("memory") else None,
        pids=limits.get("pids"),
        cpus=limits.get("cpus"),
    )


def _route(value: dict[str, Any], stated: frozenset[str], document: Document, index: int) -> ManifestRoute:
    return ManifestRoute(
        host=value["host"],
        path_allowlist=value["path_allowlist"],
        methods=value["methods"],
        ports=value["ports"],
        auth=Auth(**value["auth"]) if value["auth"] else None,
        roles=value["role"],
        passthrough=value["pipelock"]["tls_passthrough"] if value["pipelock"] else None,
        stated=stated,
        line=document.line(("egress", "routes", index)),
    )


def _pipelock_part(value: dict[str, Any]) -> PipelockPart:
    patterns = value["dlp"]["patterns"] if value["dlp"] else ()
    return PipelockPart(
        image=value["image"],
        extra_ca=value["extra_ca"],
        allow_private=value["allow_private"],
        patterns=tuple((item["name"], item["regex"], item["severity"]) for item in patterns),
        scan_limit_mb=value["scan_limit_mb"],
    )


def _supervise_part(value: dict[str, Any]) -> SupervisePart:
    return SupervisePart(
        wait_seconds=value["wait_seconds"],
        grantable_tokens=tuple((item["token_ref"], item["hosts"]) for item in value["grantable_tokens"]),
    )


def _agent(manifest: Manifest) -> None:
    if manifest.agent.image and manifest.agent.build:
        raise Refusal(("agent", "build"), "image and build exclude each other; leave one of them")


def _distinct_hosts(manifest: Manifest) -> None:
    seen: dict[str, int] = {}
    for index, route in enumerate(manifest.routes):
        if route.host in seen:
            message = f"{route.host} has a route already, on line {seen[route.host]}; write one route with both rules"
            raise Refusal(("egress", "routes", index, "host"), message)
        seen[route.host] = route.line


def _wildcards(manifest: Manifest) -> None:
    for index, route in enumerate(manifest.routes):
        if route.auth and hosts.is_wildcard(route.host):
            message = f"a wildcard cannot carry a credential; write a route for the one host below {route.host[2:]}"
            raise Refusal(("egress", "routes", index, "auth"), message)


def _plain_http(manifest: Manifest) -> None:
    for index, route in enumerate(manifest.routes):
        ruled = [key for key in ("auth", "path_allowlist", "methods") if key in route.stated]
        if 80 in route.ports and ruled:
            message = f"port 80 is plain HTTP and goes without rules; leave out 80, or {' and '.join(ruled)}"
            raise Refusal(("egress", "routes", index, "ports"), message)


def _singletons(manifest: Manifest) -> None:
    owners: dict[str, str] = {}
    for index, route in enumerate(manifest.routes):
        for role in route.roles:
            if role in SINGLETON_ROLES and role in owners:
                message = f"the role {role} belongs to {owners[role]} already; only one route can have it"
                raise Refusal(("egress", "routes", index, "role"), message)
            owners[role] = route.host


def _credentials_in_env(manifest: Manifest) -> None:
    held = {route.auth.token_ref for route in manifest.routes if route.auth}
    held |= {token_ref for token_ref, _ in manifest.supervise.grantable_tokens}
    for name in manifest.agent.env:
        if name in held:
            message = "is a credential that the gate holds back; the agent gets no variable of that name from here"
            raise Refusal(("agent", "env", name), f"{name} {message}")


def _grantable(manifest: Manifest) -> None:
    seen: set[str] = set()
    for index, (token_ref, _) in enumerate(manifest.supervise.grantable_tokens):
        if token_ref in seen:
            message = f"{token_ref} is listed twice; write one entry with all its hosts"
            raise Refusal(("supervise", "grantable_tokens", index, "token_ref"), message)
        seen.add(token_ref)
