"""The gate's decision on one request: identity first, then the table, then what the table cannot know. Pure but for
the clocks and stores behind `Policy`."""

from dataclasses import dataclass

from sidecar_addon.gate.identity import Claims, Refused, check, method_of, target_problem
from sidecar_addon.gate.policy import Policy
from sidecar_addon.hosts import HostError, normalise
from sidecar_addon.matching import REASONS, Decision, Request
from sidecar_addon.table import METHODS, Grant, Route


@dataclass(frozen=True)
class Verdict:
    """Allowed when `reason` is None; then `request`, `route` and `grant` are all there."""

    reason: str | None
    request: Request
    detail: str | None = None
    route: Route | None = None
    grant: Grant | None = None


def judge(policy: Policy, claims: Claims, *, spent: Grant | None = None) -> Verdict:
    """What the policy says to a request now. `spent`: a grant of which this request has taken a use already."""
    asked = Request(
        method_of(claims),
        "https" if claims.encrypted else "http",
        claims.connection[0],
        claims.connection[1],
        claims.target.partition("?")[0],
    )
    if policy.table is None:
        return Verdict("gate_error", asked, "no route table has been loaded yet")
    if policy.table.quarantined:
        return Verdict("quarantined", asked)
    request = check(claims)
    if isinstance(request, Refused):
        return Verdict(request.reason, asked, request.detail)
    decision = policy.decide(request, spent=spent)
    reason, detail = _beyond_the_table(claims, decision, request)
    return Verdict(reason, request, detail, decision.route, decision.grant)


def judge_connect(policy: Policy, host: str, port: int) -> Verdict:
    """What a CONNECT is refused for at once: quarantine, a host that is none, a port that no grant of its route lists.

    A host that no route names is let in: inside, the agent can read why it is refused.
    """
    asked = Request("CONNECT", "https", host, port, "")
    if policy.table is None:
        return Verdict("gate_error", asked, "no route table has been loaded yet")
    if policy.table.quarantined:
        return Verdict("quarantined", asked)
    try:
        route = policy.table.route_for(normalise(host))
    except HostError as error:
        return Verdict("host_not_allowed", asked, str(error))
    if route is not None and route.grants and not any(port in grant.ports for grant in route.grants):
        return Verdict("port_not_allowed", asked, route=route)
    return Verdict(None, asked, route=route)


def _beyond_the_table(claims: Claims, decision: Decision, request: Request) -> tuple[str | None, str | None]:
    """The table's reason, or an earlier one that only the wire shows."""
    reason = decision.reason
    found: list[tuple[str, str]] = []
    problem = target_problem(claims)
    if problem is not None:
        found.append(("ambiguous_path", problem))
    if request.method not in METHODS:
        found.append(("method_not_allowed", "this method never passes"))
    if not claims.encrypted and not claims.plain:
        found.append(("tls_required", "plain http passes only as a request to the proxy itself, not inside a tunnel"))
    for other, detail in found:
        if reason is None or REASONS.index(other) < REASONS.index(reason):
            return other, detail
    return reason, None
