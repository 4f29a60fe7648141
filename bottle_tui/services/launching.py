"""Everything a runtime needs to start a bottle: first files of each sidecar, keys, tokens, the agent's environment."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from bottle_tui.core import changes, mirror
from bottle_tui.core.agent_environment import CA_BUNDLE, CURRENT_DOCKERFILE, GATE_CERTIFICATE, agent_environment
from bottle_tui.core.plan import Plan
from bottle_tui.core.providers import MCP_URL
from bottle_tui.errors import BottleError
from bottle_tui.ports import Authorities, BottleHome, Launch, Minted, Role, World
from bottle_tui.services import muting, tokens
from bottle_tui.services.blueprint import Blueprint
from bottle_tui.services.session import QUARANTINE_FILE, fresh_id
from sidecar_addon import proposals
from sidecar_addon.table import Table, fingerprint

PROXY_URL = "http://egress:9099"
_KEYS = {"gate": "ca/gate.pem", "pipelock": "ca/pipelock.pem"}
_CERTIFICATES = {"gate": "ca/gate-cert.pem", "pipelock": "ca/pipelock-cert.pem"}


@dataclass(frozen=True)
class Prepared:
    """A launch, and the table and the config that its sidecars must say they have loaded."""

    launch: Launch
    table: Table
    pipelock: bytes


def prepare(world: World, blueprint: Blueprint, incarnation: str, *, runtime: str) -> Prepared:
    """The launch of a plan. Mints the authorities of the incarnation when it has none yet."""
    plan = blueprint.plan
    home = world.home.bottle(plan.slug)
    gate, pipelock = _authorities(world, home, plan.slug)
    hop = uses_hop(world, runtime)
    apply = fresh_id(world)
    extra = mirror.parse_extra(home.read(mirror.EXTRA_FILE))
    planned = replace(plan, routes=mirror.unscanned(plan.routes, extra))
    table = first_table(planned, apply, hop=hop, quarantined=home.read(QUARANTINE_FILE) is not None)
    config = mirror.render_config(table.routes, extra, plan.pipelock, apply)
    roots = _minter(world).system_roots()
    launch = Launch(
        plan=plan,
        incarnation=incarnation,
        files={
            "egress": {
                "/etc/egress/routes.yaml": table.data,
                "/etc/egress/gate.json": gate_settings(plan, runtime=runtime, hop=hop),
                "/etc/egress/trust/pipelock.pem": pipelock.certificate,
                **_extra_ca(plan, "/etc/egress/trust/extra.pem"),
            },
            "pipelock": {
                "/etc/pipelock/pipelock.yaml": config,
                "/etc/pipelock/tls/ca.pem": pipelock.certificate,
                **_extra_ca(plan, "/etc/pipelock/extra/extra.pem"),
            },
            "supervise": {"/var/lib/supervise/decisions/state.json": first_state(world, plan)},
            "agent": _agent_files(blueprint, gate.certificate, roots),
        },
        private_files=_private(gate, pipelock),
        tokens=_tokens(world, plan),
        agent_env=agent_environment(plan.agent.env, proxy_url=PROXY_URL, mcp_url=MCP_URL, ca_file=CA_BUNDLE),
        home=home.path,
        joined=blueprint.joined,
    )
    return Prepared(launch, table, config)


def uses_hop(world: World, runtime: str) -> bool:
    """Whether the hop stands in for pipelock: then nothing is scanned."""
    return runtime == "local" or world.environ.get("BOTTLE_TUI_PIPELOCK") == "hop"


def first_table(plan: Plan, apply: str, *, hop: bool, quarantined: bool = False) -> Table:
    """The table of a plan. Where the hop stands in, nothing is scanned, and the table says so."""
    routes = plan.routes
    if hop:
        routes = changes.unread(routes)
    return Table(routes=routes, apply=apply, quarantined=quarantined)


def first_state(world: World, plan: Plan) -> bytes:
    """Supervise's `state.json`; a mute lasts over a stop."""
    muted_until = muting.until(world.home.bottle(plan.slug), world.clock.now())
    return proposals.render(replace(state_of(plan), muted_until=muted_until))


def state_of(plan: Plan) -> proposals.State:
    """What supervise is told: what may be granted, how long a call waits."""
    grantable = {token.token_ref: token.hosts for token in plan.supervise.grantable_tokens}
    return proposals.State(grantable_tokens=grantable or None, wait_seconds=plan.supervise.wait_seconds)


def gate_settings(plan: Plan, *, runtime: str, hop: bool) -> bytes:
    """The gate's `gate.json`."""
    settings: dict[str, Any] = {
        "listen": ["0.0.0.0", 9099],
        "parent": "http://pipelock:8888",
        "runtime": runtime,
        "hop": hop,
        "dlp_patterns": [{"name": each.name, "regex": each.regex} for each in plan.pipelock.patterns],
        "background_hosts": list(plan.background_hosts),
        "proxy_password": None,
    }
    return (json.dumps(settings) + "\n").encode()


def structure(plan: Plan) -> str:
    """Digest of what a running bottle cannot take over: its containers' shape, and settings read only at a start."""
    agent = asdict(plan.agent)
    agent["files"] = {path: hashlib.sha256(data).hexdigest() for path, data in plan.agent.files.items()}
    parts = {"agent": agent, "pipelock": asdict(plan.pipelock), "background": plan.background_hosts}
    return "sha256:" + hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _authorities(world: World, home: BottleHome, slug: str) -> tuple[Minted, Minted]:
    """The two authorities: the incarnation's own, minted now when it has none."""
    found = {name: _kept(home, name) for name in _KEYS}
    for name, minted in found.items():
        if minted is None:
            minter = _minter(world)
            fresh = minter.gate(slug, world.clock.now()) if name == "gate" else minter.pipelock(slug, world.clock.now())
            home.write(_KEYS[name], fresh.key)
            home.write(_CERTIFICATES[name], fresh.certificate)
            found[name] = fresh
    gate, pipelock = found["gate"], found["pipelock"]
    assert gate is not None
    assert pipelock is not None
    return gate, pipelock


def _kept(home: BottleHome, name: str) -> Minted | None:
    key, certificate = home.read(_KEYS[name]), home.read(_CERTIFICATES[name])
    return None if key is None or certificate is None else Minted(key, certificate)


def _minter(world: World) -> Authorities:
    if world.authorities is None:
        raise BottleError("this program was built without a certificate authority; nothing can be started")
    return world.authorities


def _extra_ca(plan: Plan, path: str) -> dict[str, bytes]:
    return {} if plan.pipelock.extra_ca is None else {path: plan.pipelock.extra_ca.encode()}


def _agent_files(blueprint: Blueprint, certificate: bytes, roots: bytes) -> dict[str, bytes]:
    return {
        **blueprint.plan.agent.files,
        CA_BUNDLE: roots.rstrip(b"\n") + b"\n" + certificate,
        GATE_CERTIFICATE: certificate,
        CURRENT_DOCKERFILE: blueprint.dockerfile,
    }


def _private(gate: Minted, pipelock: Minted) -> dict[Role, dict[str, bytes]]:
    return {
        "egress": {"/etc/egress/ca/mitmproxy-ca.pem": gate.key + gate.certificate},
        "pipelock": {"/etc/pipelock/tls/ca-key.pem": pipelock.key},
    }


def _tokens(world: World, plan: Plan) -> dict[str, tuple[str, str]]:
    """slot → (value, fingerprint). Raises TokenUnset."""
    return {
        token.slot: (
            tokens.required(world, token.token_ref, f"the route {', '.join(token.hosts) or 'of a grant'}"),
            fingerprint(token.token_ref),
        )
        for token in plan.tokens
    }
