"""Whether what is asked is admitted already, and the union of grants as people read it. Pure."""

from collections.abc import Iterable
from datetime import datetime
from itertools import product

from bottle_tui.core.evidence import Subsumed
from sidecar_addon import hosts, paths
from sidecar_addon.table import Grant, Route


def admitted(grants: Iterable[Grant], asked: Grant, host: str, now: datetime) -> bool:
    """Whether the grants of one route together admit all that `asked` would, for `host`, and for at least as long."""
    lasting = [grant for grant in grants if _reaches(grant, host) and _outlasts(grant, asked, now)]
    wanted = product(asked.path_allowlist or (None,), asked.methods or (None,), asked.ports)
    return all(any(_covers(grant, path, method, port) for grant in lasting) for path, method, port in wanted)


def narrower(grant: Grant, other: Grant) -> bool:
    """Whether everything that `grant` admits by path, method and port, `other` admits; times are left aside."""
    wanted = product(grant.path_allowlist or (None,), grant.methods or (None,), grant.ports)
    return all(_covers(other, path, method, port) for path, method, port in wanted)


def subsumed(before: Iterable[Route], added: Grant, host: str) -> tuple[Subsumed, ...]:
    """Grants that admit nothing but what the added one, on this host or pattern, admits too; times are left aside."""
    return tuple(
        Subsumed(grant.id, grant.host or route.host, rules(grant))
        for route in before
        for grant in route.grants
        if grant.id != added.id and hosts.covers(host, grant.host or route.host) and narrower(grant, added)
    )


def rules(grant: Grant) -> str:
    """A grant's paths and methods in one line."""
    return asked_line(grant.path_allowlist, grant.methods)


def asked_line(prefixes: Iterable[str] | None, methods: Iterable[str] | None) -> str:
    """Paths and methods in one line; nothing means every."""
    return f"{' '.join(prefixes or ()) or 'every path'}, {' '.join(methods or ()) or 'every method'}"


def _reaches(grant: Grant, host: str) -> bool:
    return grant.host is None or hosts.covers(grant.host, host)


def _outlasts(grant: Grant, asked: Grant, now: datetime) -> bool:
    if grant.uses is not None:
        return False
    if grant.expires_at is None:
        return True
    return grant.expires_at > now and asked.expires_at is not None and grant.expires_at >= asked.expires_at


def _covers(grant: Grant, path: str | None, method: str | None, port: int) -> bool:
    """One path (None: every), one method (None: every but WEBSOCKET), one port."""
    return port in grant.ports and _covers_path(grant, path) and _covers_method(grant, method)


def _covers_path(grant: Grant, path: str | None) -> bool:
    if grant.path_allowlist is None:
        return True
    return path is not None and any(paths.covers(prefix, path) for prefix in grant.path_allowlist)


def _covers_method(grant: Grant, method: str | None) -> bool:
    if grant.methods is None:
        return method != "WEBSOCKET"
    return method in grant.methods or (method == "HEAD" and "GET" in grant.methods)
