"""Approvals written into the manifest, as far as it can say exactly that. Pure.

A manifest has one rule for a host, paths and methods and ports together. An approval that would come out wider than it
was, or would take a host from a wildcard, is left out and named.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bottle_tui.core import manifest_edit
from bottle_tui.core.admission import narrower
from bottle_tui.core.always import Always
from bottle_tui.core.manifest import Auth, Manifest, ManifestRoute, parse
from bottle_tui.errors import Conflict, InvalidManifest
from sidecar_addon import hosts
from sidecar_addon.table import Grant


@dataclass(frozen=True)
class Saved:
    """The manifest's new text, what came into it, and what could not, with why."""

    text: str
    added: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class _Rule:
    """What one route of a manifest says. None: every path, every method."""

    paths: tuple[str, ...] | None
    methods: tuple[str, ...] | None
    ports: tuple[int, ...] = (443,)
    passthrough: bool = False
    auth: Auth | None = None
    ids: tuple[str, ...] = ()

    @property
    def grant(self) -> Grant:
        return Grant(id="rule", path_allowlist=self.paths, methods=self.methods, ports=self.ports)


def saved(text: str, file: str, entries: Sequence[Always], provided: Collection[str] = ()) -> Saved:
    """The text with the entries in it. `provided`: hosts of the provider's own routes. Raises Conflict."""
    manifest = parse(text.encode(), file)
    left: list[str] = []
    wanted: dict[str, _Rule] = {}
    for entry in entries:
        why = "" if entry.host in wanted else _unsayable(manifest, entry, provided, wanted)
        before = wanted.get(entry.host) or _stated(manifest, entry.host)
        rule = _rule(entry, before)
        merged = None if why else rule if before is None else _merged(before, rule)
        if merged is None:
            left.append(f"{entry.host}: {why or 'the manifest has one rule for a host, and this would widen it'}")
        else:
            wanted[entry.host] = merged
    changed = {host: rule for host, rule in wanted.items() if rule != _stated(manifest, host)}
    new = _written(text, file, manifest, changed)
    return Saved(new, tuple(changed), tuple(left))


def _unsayable(manifest: Manifest, entry: Always, provided: Collection[str], added: Collection[str]) -> str:
    """Why the manifest cannot hold this entry, empty when it can. `added`: hosts of the entries before it."""
    if _route(manifest, entry.host) is not None or entry.host in manifest.allowlist:
        return ""
    if entry.host in provided:
        return "the provider has a route for it, which one in the manifest would replace"
    listed = [*(route.host for route in manifest.routes), *manifest.allowlist, *provided, *added]
    above = next((host for host in listed if hosts.is_wildcard(host) and hosts.covers(host, entry.host)), None)
    return f"{above} covers it, and a route of its own would take it from there" if above else ""


def _route(manifest: Manifest, host: str) -> ManifestRoute | None:
    return next((route for route in manifest.routes if route.host == host), None)


def _stated(manifest: Manifest, host: str) -> _Rule | None:
    route = _route(manifest, host)
    if route is not None:
        return _Rule(route.path_allowlist, route.methods, route.ports, bool(route.passthrough), route.auth)
    return _Rule(None, None) if host in manifest.allowlist else None


def _rule(entry: Always, before: _Rule | None) -> _Rule:
    """The entry's rule. The credential of a route that stands there already is the manifest's."""
    auth = entry.auth if before is None else before.auth
    return _Rule(entry.path_allowlist, entry.methods, entry.ports, entry.passthrough, auth, (entry.id,))


def _merged(before: _Rule, more: _Rule) -> _Rule | None:
    """Both in one rule; None where that would admit something that neither does, or scan another way."""
    if more.passthrough != before.passthrough:
        return None
    if narrower(more.grant, before.grant):
        return before
    ids = (*before.ids, *more.ids)
    same_paths, same_methods = _same(before.paths, more.paths), _same(before.methods, more.methods)
    same_ports = _same(before.ports, more.ports)
    if same_methods and same_ports and before.paths and more.paths:
        return replace(before, paths=_union(before.paths, more.paths), ids=ids)
    if same_paths and same_ports and before.methods and more.methods:
        return replace(before, methods=_union(before.methods, more.methods), ids=ids)
    if same_paths and same_methods and before.ports != (443,):
        return replace(before, ports=_union(before.ports, more.ports), ids=ids)
    return None


def _same(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> bool:
    return (one is None) == (other is None) and set(one or ()) == set(other or ())


def _union[T](one: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return (*one, *(item for item in other if item not in one))


def _written(text: str, file: str, manifest: Manifest, changed: dict[str, _Rule]) -> str:
    """The new text, read again: it says what was meant and nothing else. Raises Conflict."""
    fresh: list[tuple[dict[str, Any], str]] = []
    insertions: list[manifest_edit.Insertion] = []
    for host, rule in changed.items():
        index = next((number for number, route in enumerate(manifest.routes) if route.host == host), None)
        if index is None:
            fresh.append((_as_data(host, rule), ", ".join(rule.ids)))
        else:
            insertions += _growth(text, index, manifest.routes[index], rule)
    new = manifest_edit.inserted(text, insertions)
    new = manifest_edit.inserted(new, manifest_edit.new_routes(new, fresh)) if fresh else new
    try:
        said = parse(new.encode(), file)
    except InvalidManifest as error:
        raise _by_hand(file, changed) from error
    meant = {route.host: _stated(manifest, route.host) for route in manifest.routes} | changed
    plain = {host: replace(rule, ids=()) for host, rule in meant.items() if rule is not None}
    kept = replace(said, routes=(), sha256="", line=manifest.line) == replace(manifest, routes=(), sha256="")
    if {route.host: _stated(said, route.host) for route in said.routes} != plain or not kept:
        raise _by_hand(file, changed)
    return new


def _growth(text: str, index: int, route: ManifestRoute, rule: _Rule) -> list[manifest_edit.Insertion]:
    lists = (
        ("path_allowlist", route.path_allowlist, rule.paths),
        ("methods", route.methods, rule.methods),
        ("ports", route.ports, rule.ports),
    )
    found: list[manifest_edit.Insertion] = []
    for key, before, after in lists:
        more = [item for item in after or () if item not in (before or ())]
        found += manifest_edit.grown(text, index, key, more) if more else []
    return found


def _by_hand(file: str, changed: dict[str, _Rule]) -> Conflict:
    return Conflict(
        f"is written in a way that cannot be added to; write these in by hand: {', '.join(changed)}", file=file
    )


def _as_data(host: str, rule: _Rule) -> dict[str, Any]:
    data: dict[str, Any] = {"host": host}
    if rule.paths is not None:
        data["path_allowlist"] = list(rule.paths)
    if rule.methods is not None:
        data["methods"] = list(rule.methods)
    if rule.ports != (443,):
        data["ports"] = list(rule.ports)
    if rule.auth is not None:
        data["auth"] = {"scheme": rule.auth.scheme, "token_ref": rule.auth.token_ref}
        if rule.auth.header != "Authorization":
            data["auth"]["header"] = rule.auth.header
    if rule.passthrough:
        data["pipelock"] = {"tls_passthrough": True}
    return data
