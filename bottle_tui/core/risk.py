"""The risks of a change, computed from what it adds to the policy, never from the agent's words. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from publicsuffixlist import PublicSuffixList

from bottle_tui.core import public_services
from bottle_tui.core.admission import narrower
from bottle_tui.core.changes import State
from bottle_tui.core.views import Risk, RiskLevel
from sidecar_addon import hosts
from sidecar_addon.table import Grant, Route

DANGERS = ("public_suffix", "mixed_script", "new_secret_host", "secret_new_paths", "drop_or_tunnel")
WARNINGS = (
    "every_method",
    "write_methods",
    "every_path",
    "wildcard",
    "plain_http",
    "not_scanned",
    "punycode",
    "private_address",
)
NOTES = ("new_host", "no_denial_seen")
ORDER = (*DANGERS, *WARNINGS, *NOTES)
"""Worst first."""
_WRITING = ("POST", "PUT", "PATCH", "DELETE", "WEBSOCKET")
_PRIVATE_SUFFIXES = ("local", "lan", "home", "corp", "intranet", "private", "home.arpa")


@dataclass(frozen=True)
class Seen:
    """What is known beside the policy. `denied` is None where nobody has looked."""

    denied: int | None = None
    allow_private: tuple[str, ...] = ()
    """Networks that upstream names may resolve to."""


@dataclass(frozen=True)
class Addition:
    """A grant that the change adds, on its route as it will be. `old` is the route as it was."""

    route: Route
    grant: Grant
    old: Route | None

    @property
    def pattern(self) -> str:
        """The hosts that it reaches."""
        return self.grant.host or self.route.host


def assess(before: State, after: State, seen: Seen = Seen()) -> tuple[Risk, ...]:
    """Every risk of going from one policy to the other, worst first, one line each."""
    found: list[Risk] = []
    for addition in additions(before.routes, after.routes):
        found += _of_names(addition.pattern)
        found += _of_secrets(addition, after)
        found += _of_rules(addition, seen)
    found += _of_routes(before, after)
    found += _of_lists(before, after)
    return _merged(found)


def additions(before: Sequence[Route], after: Sequence[Route]) -> list[Addition]:
    """Grants that are new, or whose wording changed."""
    old = {route.host: route for route in before}
    found: list[Addition] = []
    for route in after:
        was = old.get(route.host)
        known = set(was.grants) if was else set()
        found += [Addition(route, grant, was) for grant in route.grants if grant not in known]
    return found


def _risk(identity: str, text: str) -> Risk:
    level: RiskLevel = "danger" if identity in DANGERS else "warn" if identity in WARNINGS else "note"
    return Risk(identity, level, text)


def _of_names(pattern: str) -> list[Risk]:
    found: list[Risk] = []
    name = pattern.removeprefix("*.")
    if is_public_suffix(name):
        what = "is a public suffix: anybody can register a name below it"
        if name != pattern:
            what = "reaches names that anybody can register: a public suffix"
        found.append(_risk("public_suffix", f"{pattern} {what}"))
    if hosts.mixed_scripts(name):
        found.append(_risk("mixed_script", f"{pattern} mixes alphabets in one label, as look-alikes do"))
    if any(label.startswith("xn--") for label in name.split(".")):
        found.append(_risk("punycode", f"{pattern} is written in letters beyond a-z; read it twice"))
    service = public_services.why(pattern)
    if service is not None:
        found.append(_risk("drop_or_tunnel", f"{service[0]} is {service[1]}"))
    if hosts.is_wildcard(pattern):
        found.append(_risk("wildcard", f"{pattern} admits {name} and every name below it"))
    if name.endswith(tuple("." + suffix for suffix in _PRIVATE_SUFFIXES)):
        found.append(_risk("private_address", f"{pattern} looks like a name of a private network"))
    return found


def _credential_name(route: Route, state: State) -> str:
    return state.slots.refs.get(route.token_env or "", route.token_env or "")


def _of_secrets(addition: Addition, state: State) -> list[Risk]:
    route, grant, old = addition.route, addition.grant, addition.old
    if not route.has_auth:
        return []
    if old is None or not old.has_auth:
        return [_risk("new_secret_host", f"{_credential_name(route, state)} will be sent to {addition.pattern}")]
    if any(narrower(grant, known) for known in old.grants):
        return []
    return [_risk("secret_new_paths", f"the credential of {route.host} will go with more requests than before")]


def _of_rules(addition: Addition, seen: Seen) -> list[Risk]:
    grant, where = addition.grant, addition.pattern
    found: list[Risk] = []
    if grant.methods is None:
        found.append(_risk("every_method", f"every method, POST PUT PATCH DELETE too, on {where}"))
    elif any(method in _WRITING for method in grant.methods):
        writing = ", ".join(method for method in grant.methods if method in _WRITING)
        found.append(_risk("write_methods", f"{writing} on {where}: the agent can send data there"))
    if grant.path_allowlist is None or "/" in grant.path_allowlist:
        found.append(_risk("every_path", f"every path of {where}"))
    if 80 in grant.ports:
        found.append(_risk("plain_http", f"plain HTTP to {where}: readable and changeable on the way"))
    if addition.route.pipelock != "scanned":
        found.append(_unscanned(addition.route))
    if seen.allow_private:
        found.append(_risk("private_address", f"private addresses are allowed: {', '.join(seen.allow_private)}"))
    if addition.old is None:
        found.append(_risk("new_host", f"{where} is new to this bottle"))
    if seen.denied == 0:
        found.append(_risk("no_denial_seen", f"nothing to {where} was denied so far: asked in advance"))
    return found


def _unscanned(route: Route) -> Risk:
    unread = route.pipelock == "passthrough"
    how = "passes pipelock unread, both ways" if unread else "is not scanned: the hop stands in for pipelock"
    return _risk("not_scanned", f"{route.host} {how}")


def _of_routes(before: State, after: State) -> list[Risk]:
    """What a change of a route as a whole opens: less scanning, a credential, a wildcard taking over."""
    new = {route.host: route for route in after.routes}
    found: list[Risk] = []
    for was in before.routes:
        now = new.get(was.host)
        if now is None:
            found += _of_removal(was, after)
            continue
        if was.pipelock == "scanned" != now.pipelock and now.grants:
            found.append(_unscanned(now))
        if now.has_auth and now.grants and _credential(was) != _credential(now):
            found.append(_risk("new_secret_host", f"{_credential_name(now, after)} will be sent to {now.host}"))
    return found


def _credential(route: Route) -> tuple[str | None, str | None, str, str | None]:
    return route.auth_scheme, route.token_env, route.auth_header, route.token_fingerprint


def _of_removal(was: Route, after: State) -> list[Risk]:
    heir = after.named(was.host)
    if heir is None or not heir.grants:
        return []
    return [_risk("wildcard", f"without its own route {was.host} is decided by {heir.host}: that may admit more")]


def _of_lists(before: State, after: State) -> list[Risk]:
    found: list[Risk] = []
    for pattern in after.extra.hosts:
        if pattern not in before.extra.hosts:
            found += _of_names(pattern)
    for pattern in after.extra.passthrough:
        if pattern not in before.extra.passthrough:
            found += [*_of_names(pattern), _risk("not_scanned", f"{pattern} passes pipelock unread, both ways")]
    return found


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Whether anybody can register a name below it."""
    return bool(_suffixes().publicsuffix(name) == name)


def _merged(found: Iterable[Risk]) -> tuple[Risk, ...]:
    """One line for each risk, worst first; of several texts all are kept, in a row."""
    texts: dict[str, list[str]] = {}
    for risk in found:
        known = texts.setdefault(risk.id, [])
        if risk.text not in known:
            known.append(risk.text)
    return tuple(_risk(identity, "; ".join(texts[identity])) for identity in ORDER if identity in texts)
