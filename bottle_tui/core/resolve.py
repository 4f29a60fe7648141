"""From a manifest to the plan that `up` carries out. Pure: what stands on a disk or in an environment is an argument.

Order: provider routes, manifest routes, bare hosts of the allowlist and the provider, then what was approved "always".
"""

import hashlib
import posixpath
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bottle_tui.core import always, providers
from bottle_tui.core.manifest import Auth, Manifest, ManifestRoute
from bottle_tui.core.nodes import Path
from bottle_tui.core.plan import (
    DlpPattern,
    GrantableToken,
    PipelockPlan,
    Plan,
    SupervisePlan,
    TokenSlot,
)
from bottle_tui.core.resolve_agent import build_folder, resolve_agent
from bottle_tui.core.slots import FILE, Slots
from bottle_tui.errors import InvalidFile, TokenUnset
from sidecar_addon import hosts
from sidecar_addon.table import Grant, Route, fingerprint

__all__ = ["build_folder", "extra_ca_file", "resolve", "slots_after"]

_PEM = "-----BEGIN "


@dataclass(frozen=True)
class _Resolved:
    """A route on its way into the table, and where the manifest wrote it (None: the provider's)."""

    route: ManifestRoute
    path: Path | None


@dataclass
class _Taking:
    """The slots while a plan is made: what is given is kept, fresh numbers are never old ones."""

    slots: Slots
    used: list[str] = field(default_factory=list)

    def slot(self, token_ref: str) -> str:
        """The slot of `token_ref`, a fresh one when it has none."""
        self.slots, slot = self.slots.taken(token_ref)
        if token_ref not in self.used:
            self.used.append(token_ref)
        return slot

    def names(self) -> set[str]:
        """Every host variable that has a slot."""
        return set(self.slots.refs.values())


def resolve(
    manifest: Manifest,
    *,
    base: str,
    build_digest: str | None = None,
    extra_ca: str | None = None,
    grants: bytes | None = None,
    slots: Slots | None = None,
    host_env_names: Collection[str] | None = None,
) -> Plan:
    """The plan. Raises InvalidManifest, InvalidFile (grants.yaml, slots.json), TokenUnset.

    `base`: the manifest's folder, absolute. `build_digest`: of the build folder's content, where there is one.
    `extra_ca`: the PEM text of `extra_ca_file`. `grants`: the bytes of grants.yaml. `slots`: those given before.
    `host_env_names`: variables of the host that are set and not empty; None leaves that check out.
    """
    provider = providers.ALL[manifest.agent.provider]
    pem = _extra_ca(manifest, extra_ca)
    held = _Taking(_checked_slots(slots or Slots()))
    listed, notes = _ordered(manifest, provider)
    routes = tuple(_table_route(each.route, number, held) for number, each in enumerate(listed, 1))
    _refuse_blinding_wildcards(manifest, listed, routes)
    routes, brought_back = _with_grants(routes, grants, held)
    if host_env_names is not None:
        _require_tokens(routes, held, provider, host_env_names)
    roles = tuple(dict.fromkeys(role for each in listed for role in each.route.roles))
    agent, said = resolve_agent(manifest, provider, roles, held.names(), base)
    return Plan(
        slug=manifest.name,
        manifest=posixpath.join(base, posixpath.basename(manifest.file)),
        digest=_digest(manifest, build_digest, pem),
        agent=agent,
        routes=routes,
        tokens=_token_slots(routes, held),
        pipelock=_pipelock(manifest, pem),
        supervise=SupervisePlan(
            manifest.supervise.wait_seconds,
            tuple(GrantableToken(ref, where) for ref, where in manifest.supervise.grantable_tokens),
        ),
        background_hosts=provider.background_hosts,
        notes=(*notes, *said, *_websocket_notes(routes), *brought_back),
    )


def slots_after(plan: Plan, before: Slots | None = None) -> Slots:
    """What `slots.json` holds once this plan is launched."""
    slots = before or Slots()
    for token in plan.tokens:
        slots, _ = slots.taken(token.token_ref)
    return slots


def extra_ca_file(manifest: Manifest, base: str) -> str | None:
    """The file to read for `extra_ca`, None when there is none or its text stands in the manifest."""
    stated = manifest.pipelock.extra_ca
    return None if stated is None or stated.startswith(_PEM) else posixpath.normpath(posixpath.join(base, stated))


def _digest(manifest: Manifest, build_digest: str | None, extra_ca: str | None) -> str:
    parts = ("bottle-tui plan 1", manifest.sha256, build_digest or "", extra_ca or "")
    return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _extra_ca(manifest: Manifest, given: str | None) -> str | None:
    stated = manifest.pipelock.extra_ca
    if stated is None:
        return None
    pem = stated if stated.startswith(_PEM) else given
    path: Path = ("pipelock", "extra_ca")
    if pem is None:
        raise manifest.refuse(path, f"{stated} could not be read; name a PEM file relative to this one")
    if "PRIVATE KEY-----" in pem:
        raise manifest.refuse(path, "holds a private key; give the certificate alone")
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise manifest.refuse(path, "is no PEM certificate; it starts with -----BEGIN CERTIFICATE-----")
    return pem


def _checked_slots(slots: Slots) -> Slots:
    seen: dict[str, str] = {}
    for slot, token_ref in slots.refs.items():
        if token_ref in seen:
            message = f"{token_ref} has {seen[token_ref]} and {slot}; `down` and `up` write it anew"
            raise InvalidFile(message, file=FILE, place=slot)
        seen[token_ref] = slot
    return slots


def _ordered(manifest: Manifest, provider: providers.Provider) -> tuple[list[_Resolved], list[str]]:
    """Every route in order, the provider's with what the manifest overrides, and a note for each override."""
    notes: list[str] = []
    stated = {route.host: (index, route) for index, route in enumerate(manifest.routes)}
    listed: list[_Resolved] = []
    for route in provider.routes:
        index, own = stated.pop(route.host, (0, None))
        if own is None:
            listed.append(_Resolved(route, None))
        else:
            listed.append(_Resolved(_overridden(manifest, route, own, index), ("egress", "routes", index)))
            notes += [f"{route.host}: {key} from line {own.line} replaces the provider's" for key in _overrides(own)]
    listed += [_Resolved(route, ("egress", "routes", index)) for index, route in stated.values()]
    taken = {each.route.host for each in listed}
    for host in (*manifest.allowlist, *provider.hosts):
        if host not in taken:
            taken.add(host)
            listed.append(_Resolved(ManifestRoute(host), None))
    return _one_role_each(manifest, listed), notes


def _one_role_each(manifest: Manifest, listed: list[_Resolved]) -> list[_Resolved]:
    """A role that the manifest gives to a route of its own is no longer the provider's route's."""
    claimed = {role: route.host for route in manifest.routes for role in route.roles}

    def kept(route: ManifestRoute) -> ManifestRoute:
        return replace(route, roles=tuple(role for role in route.roles if claimed.get(role, route.host) == route.host))

    return [replace(each, route=kept(each.route)) for each in listed]


def _overrides(own: ManifestRoute) -> list[str]:
    return [key for key in ("auth", "path_allowlist", "methods", "pipelock") if key in own.stated]


def _overridden(manifest: Manifest, route: ManifestRoute, own: ManifestRoute, index: int) -> ManifestRoute:
    if "ports" in own.stated and own.ports != route.ports:
        message = f"{own.host} is the provider's; its auth, path_allowlist, methods and pipelock can be overridden only"
        raise manifest.refuse(("egress", "routes", index, "ports"), message)
    return replace(
        route,
        auth=own.auth or route.auth,
        path_allowlist=own.path_allowlist or route.path_allowlist,
        methods=own.methods or route.methods,
        passthrough=route.passthrough if own.passthrough is None else own.passthrough,
        roles=tuple(dict.fromkeys((*route.roles, *own.roles))),
        line=own.line,
    )


def _table_route(route: ManifestRoute, number: int, slots: _Taking) -> Route:
    grant = Grant(f"m{number}", route.path_allowlist, route.methods, route.ports)
    return replace(_bare(route.host, route.auth, bool(route.passthrough), slots), grants=(grant,))


def _bare(host: str, auth: Auth | None, passthrough: bool, slots: _Taking) -> Route:
    """A route without grants."""
    state = "passthrough" if passthrough else "scanned"
    if auth is None:
        return Route(host, pipelock=state)
    return Route(
        host,
        auth_scheme=auth.scheme,
        token_env=slots.slot(auth.token_ref),
        auth_header=auth.header,
        token_fingerprint=fingerprint(auth.token_ref),
        pipelock=state,
    )


def _refuse_blinding_wildcards(manifest: Manifest, listed: list[_Resolved], routes: tuple[Route, ...]) -> None:
    """Pipelock lets a passthrough wildcard win over everything below it, so it must not cover a scanned route."""
    for each, route in zip(listed, routes, strict=True):
        if route.pipelock != "passthrough" or not hosts.is_wildcard(route.host) or each.path is None:
            continue
        for other in routes:
            if other.pipelock == "scanned" and hosts.covers(route.host, other.host):
                message = f"passthrough of {route.host} would stop the scanning of {other.host} too; name exact hosts"
                raise manifest.refuse((*each.path, "pipelock"), message)


def _with_grants(
    routes: tuple[Route, ...], data: bytes | None, slots: _Taking
) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """The routes with what grants.yaml brings back, and a note for each entry."""
    notes = []
    for entry in always.parse(data) if data is not None else ():
        auth = None if hosts.is_wildcard(entry.host) else entry.auth
        if always.route_index(routes, entry.host) is not None:
            auth = None
        routes = always.merged(routes, entry, _bare(entry.host, auth, _may_pass(entry, routes), slots))
        rules = " ".join((*(entry.path_allowlist or ()), *(entry.methods or ()))) or "every path and method"
        notes.append(f"grants.yaml brings back {entry.host}: {rules}")
    return routes, tuple(notes)


def _may_pass(entry: always.Always, routes: tuple[Route, ...]) -> bool:
    """Whether the entry's host may stay unscanned: not where that would blind pipelock on another route."""
    blinds = any(other.pipelock == "scanned" and hosts.covers(entry.host, other.host) for other in routes)
    return entry.passthrough and not blinds


def _require_tokens(
    routes: tuple[Route, ...], slots: _Taking, provider: providers.Provider, names: Collection[str]
) -> None:
    for route in routes:
        ref = slots.slots.refs.get(route.token_env or "")
        if ref is not None and ref not in names:
            remedy = provider.remedy.get(ref, f"export {ref} in this shell and run the command again")
            raise TokenUnset(f"{ref} is unset or empty, and the route {route.host} needs it; {remedy}")


def _token_slots(routes: tuple[Route, ...], slots: _Taking) -> tuple[TokenSlot, ...]:
    def hosts_of(slot: str) -> tuple[str, ...]:
        return tuple(route.host for route in routes if route.token_env == slot)

    return tuple(TokenSlot(slots.slot(ref), ref, hosts_of(slots.slot(ref))) for ref in slots.used)


def _pipelock(manifest: Manifest, extra_ca: str | None) -> PipelockPlan:
    part = manifest.pipelock
    return PipelockPlan(
        image=part.image,
        extra_ca=extra_ca,
        allow_private=part.allow_private,
        patterns=tuple(DlpPattern(name, regex, severity) for name, regex, severity in part.patterns),
        scan_limit_mb=part.scan_limit_mb,
    )


def _websocket_notes(routes: tuple[Route, ...]) -> list[str]:
    return [
        f"{route.host}: WEBSOCKET is named but the host is scanned, so upgrades will be denied; "
        "write pipelock: {tls_passthrough: true}"
        for route in routes
        if route.pipelock == "scanned" and any("WEBSOCKET" in (grant.methods or ()) for grant in route.grants)
    ]
