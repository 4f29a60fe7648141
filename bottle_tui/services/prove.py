"""The proof: the running gate is asked, and must answer as the table says, no more and no less."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from bottle_tui.ports import Clock, Sidecar
from bottle_tui.services import gate
from sidecar_addon import hosts
from sidecar_addon.matching import Conditions, Decision, Request, decide
from sidecar_addon.table import Grant, Route, Table

MOST_GRANTS = 12
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Question:
    """A request to ask about. `granted` names the grant that has to allow it, None where it must be as before."""

    what: str
    request: Request
    granted: str | None = None

    @property
    def url(self) -> str:
        """As the gate is asked."""
        request = self.request
        usual = {"https": 443, "http": 80}[request.scheme] == request.port
        return f"{request.scheme}://{request.host}{'' if usual else f':{request.port}'}{request.path}"


@dataclass(frozen=True)
class Proof:
    """What was asked and answered, one line each; `problem` is the first answer that is not as it must be."""

    lines: tuple[str, ...] = ()
    problem: str | None = None


type Decide = Callable[[Table, Request], Decision]


def prove(clock: Clock, egress: Sidecar, before: Table, after: Table, changed: Sequence[str]) -> Proof:
    """Ask the running gate about what changed, and about what must not have. Raises SidecarUnreachable."""
    counted = any(grant.uses is not None for _, grant in after.grants())
    spent = gate.status(egress).uses if counted else {}
    proof = _prove(_decider(clock, spent), egress, before, after, changed)
    if counted and proof.problem is not None and (now := gate.status(egress).uses) != spent:
        return _prove(_decider(clock, now), egress, before, after, changed)  # one was spent in between
    return proof


def _decider(clock: Clock, spent: Mapping[str, int]) -> Decide:
    """The matcher as the gate runs it now: same clock, same spent uses."""
    conditions = Conditions(clock.now(), uses_left=lambda grant: (grant.uses or 0) - spent.get(grant.id, 0))
    return lambda table, request: decide(table, request, conditions)


def _prove(expect: Decide, egress: Sidecar, before: Table, after: Table, changed: Sequence[str]) -> Proof:
    asked = [*questions(expect, before, after, changed), _stranger(before, after)]
    answers = gate.decide(egress, [(question.request.method, question.url) for question in asked])
    if answers.digest != after.digest:
        return Proof(problem=f"the gate has {answers.digest} in force, not {after.digest}")
    lines: list[str] = []
    for question, answer in zip(asked, answers.answers, strict=True):
        expected = expect(after, question.request)
        said = "allowed" if answer.allowed else f"refused ({answer.reason})"
        lines.append(f"{question.what}: {question.request.method} {question.url}: {said}")
        problem = _problem(question, expected, answer)
        if problem is None and question.granted is None:
            widened = expected.allowed and not expect(before, question.request).allowed
            problem = "it was refused before" if widened and question.what != "revoked" else None
        if problem is not None:
            return Proof(tuple(lines), f"{lines[-1]}, but {problem}")
    return Proof(tuple(lines))


def _problem(question: Question, expected: Decision, answer: gate.Answer) -> str | None:
    route = expected.route
    if route is not None and route.has_auth and expected.allowed and answer.token_ready is not True:
        return f"the slot {route.token_env} does not hold its token"
    if answer.allowed != expected.allowed:
        return "the table says otherwise"
    if question.granted is not None and not expected.allowed:
        return "the new grant does not admit it"
    if expected.allowed and expected.grant is not None and answer.grant != expected.grant.id:
        return f"by the grant {answer.grant}, not by {expected.grant.id}"
    if expected.allowed and route is not None and answer.scan != route.pipelock:
        return f"the gate holds it for {answer.scan}, the table says {route.pipelock}"
    return None


def questions(expect: Decide, before: Table, after: Table, changed: Sequence[str]) -> list[Question]:
    """For each grant that came or went: a request it alone admits, and neighbours that it does not."""
    new = {grant.id: (route, grant) for route, grant in after.grants()}
    old = {grant.id: (route, grant) for route, grant in before.grants()}
    found: list[Question] = []
    for identity in changed[:MOST_GRANTS]:
        if identity in new:
            route, grant = new[identity]
            found.append(_granted(expect, before, after, route, grant))
            found += [item for item in _neighbours(route, grant) if not _by(expect, after, item, changed)]
        elif identity in old:
            route, grant = old[identity]
            found += [Question("revoked", request) for request in _requests(route, grant)][:1]
    return found


def _granted(expect: Decide, before: Table, after: Table, route: Route, grant: Grant) -> Question:
    """A request that this grant admits, if there is one that nothing admitted before."""
    candidates = list(_requests(route, grant))
    admitted = [request for request in candidates if expect(after, request).allowed]
    fresh = (request for request in admitted if not expect(before, request).allowed)
    return Question("granted", next(fresh, (admitted or candidates)[0]), grant.id)


def _requests(route: Route, grant: Grant) -> Iterable[Request]:
    pattern = grant.host or route.host
    names = [pattern]
    if hosts.is_wildcard(pattern):
        names = [pattern[2:], f"proof-{secrets.token_hex(4)}.{pattern[2:]}"]
    paths = [_below(prefix) for prefix in grant.path_allowlist or ("/",)]
    methods = grant.methods or ("GET",)
    ports = grant.ports
    for name, path, method, port in product(names, paths, methods, ports):
        yield Request(method, _scheme(route, grant, port), name, port, path)


def _scheme(route: Route, grant: Grant, port: int) -> str:
    plain = grant.path_allowlist is None and grant.methods is None and not route.has_auth
    return "http" if port == 80 and plain else "https"


def _below(prefix: str) -> str:
    return prefix + "proof" if prefix.endswith("/") else prefix


def _by(expect: Decide, table: Table, question: Question, changed: Sequence[str]) -> bool:
    """Whether one of the new grants admits it after all: then it is no neighbour."""
    decision = expect(table, question.request)
    return decision.allowed and decision.grant is not None and decision.grant.id in changed


def _neighbours(route: Route, grant: Grant) -> list[Question]:
    """What lies beside the grant: another path, method, port, host."""
    first = next(iter(_requests(route, grant)))
    found: list[Question] = []
    if grant.path_allowlist is not None:
        path = f"/{secrets.token_hex(6)}{first.path}"
        found.append(Question("beside its paths", replace(first, path=path)))
    if grant.methods is not None:
        other = next((method for method in _METHODS if method not in grant.methods), "OPTIONS")
        found.append(Question("beside its methods", replace(first, method=other)))
    port = next(port for port in (8443, 8444, *range(9000, 9100)) if port not in grant.ports)
    found.append(Question("beside its ports", replace(first, port=port, scheme="https")))
    parent = first.host.partition(".")[2]
    if "." in parent:
        found.append(Question("beside its host", replace(first, host=f"{secrets.token_hex(6)}.{parent}")))
    return found


def _stranger(before: Table, after: Table) -> Question:
    """A host that nobody can have granted: nothing under `.invalid` exists."""
    name = f"{secrets.token_hex(8)}.invalid"
    while before.route_for(name) or after.route_for(name):  # pragma: no cover (only with a route for *.invalid)
        name = f"{secrets.token_hex(8)}.x{secrets.token_hex(4)}"
    return Question("a host never granted", Request("GET", "https", name, 443, "/"))
