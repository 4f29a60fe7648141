"""A denial as the agent sees it: 403, JSON, and a hint that names the arguments to ask with."""

import json
from dataclasses import dataclass
from typing import Any

from mitmproxy.http import Response

from sidecar_addon import asks, paths
from sidecar_addon.table import METHODS

_LONGEST_PREFIX = asks.MAX_PREFIX_LENGTH // 2
"""Clients take no header of any length, and the hint is one."""
_FIXED = {
    "quarantined": "the operator has quarantined this bottle; do not retry, ask the operator",
    "gate_error": "the gate could not decide, so it denied; report this id to the operator and do not retry at once",
    "not_http": "only HTTP passes; use HTTPS through the proxy, no other protocol",
    "host_mismatch": "make the URL, the Host header and the TLS server name the same host and port, then retry",
    "tls_required": "use https:// for this host; plain http passes only as a proxy request to port 80 of a route "
    "whose grant lists port 80 without path or method rules",
    "token_missing": "the operator has not delivered this route's token yet; wait, then retry once",
    "secret_in_request": "the request carries a credential; leave it out: credentials belong to the gate, "
    "the operator sets them with egress.routes[].auth",
    "ambiguous_path": "send the path in canonical form (no dot segments, empty segments, `;`, needless or encoded "
    "delimiters), then retry",
    "token_reflected": "the answer held the gate's own credential and was cut",
}


@dataclass(frozen=True)
class Refusal:
    """A denial: what was asked, why not. `layer` is egress or pipelock."""

    id: str
    reason: str
    host: str
    path: str
    method: str
    port: int = 443
    detail: str | None = None
    layer: str = "egress"
    want: str = "passthrough"
    """What to ask pipelock for, where pipelock refused."""

    def body(self) -> bytes:
        """The JSON body."""
        data: dict[str, Any] = {
            "error": "egress_denied",
            "layer": self.layer,
            "reason": self.reason,
            "id": self.id,
            "host": self.host,
            "path": self.path,
            "method": self.method,
            "hint": hint(self),
        }
        if self.detail:
            data["detail"] = self.detail
        return (json.dumps(data, ensure_ascii=True) + "\n").encode()

    def response(self) -> Response:
        """The whole 403."""
        return response(403, self.body(), {"X-Bottle-Denied": self.reason, "X-Bottle-Hint": hint(self)})


def response(status: int, body: bytes, headers: dict[str, str]) -> Response:
    """A JSON response of the gate's own; nothing between agent and gate may keep it."""
    fields = {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}
    return Response.make(status, body, {name: value.encode("ascii", "replace") for name, value in fields.items()})


def hint(refusal: Refusal) -> str:
    """What to do next; for what can be asked for, the tool and its arguments, literally."""
    if refusal.reason in _FIXED:
        return _FIXED[refusal.reason]
    if refusal.reason == "pipelock":
        return (
            "pipelock could not or would not connect: the name does not resolve, leads to a private address, or what "
            "you sent was found to hold a secret; the host itself is granted, so do not ask for it again. "
            "Only for a false alarm, "
            f"call pipelock-block with {_arguments(host=refusal.host, want=refusal.want)}, then retry once"
        )
    if refusal.reason == "scan_state_mismatch":
        return (
            "the certificate did not match how this host is scanned; the operator must look at it "
            f"(or call pipelock-block with {_arguments(host=refusal.host, want='passthrough')})"
        )
    if refusal.method not in METHODS and refusal.method != "CONNECT":
        return f"the method {refusal.method[:20]} never passes; use another one"
    wanted = _wanted(refusal)
    try:
        asks.normalise("egress-block", {**wanted, "justification": "?"})
    except asks.ProposalError as error:
        return f"this cannot be asked for ({str(error)[:300]}); do without it or tell the user"
    asked = f"call egress-block with {_arguments(**wanted)}"
    if refusal.reason == "websocket_not_scannable":
        asked += f", and pipelock-block with {_arguments(host=refusal.host, want='passthrough')}"
    return f"{asked}, then retry once"


def _wanted(refusal: Refusal) -> dict[str, Any]:
    """The least that would admit the request; of a CONNECT neither path nor method are known."""
    if refusal.port == 80:  # plain http passes only without path and method rules
        return {"host": refusal.host, "ports": [80]}
    wanted: dict[str, Any] = {"host": refusal.host}
    prefix = _prefix(refusal.path)
    if prefix != "/":
        wanted["path_allowlist"] = [prefix]
    if refusal.method in METHODS:
        wanted["methods"] = [refusal.method]
    if refusal.port != 443:
        wanted["ports"] = [refusal.port]
    return wanted


def _prefix(path: str) -> str:
    """The longest prefix of a path that can be asked for: all of it, or up to a `*` or to where it gets too long."""
    fit = path[:_LONGEST_PREFIX].partition("*")[0]
    if fit != path:
        fit = fit.rpartition("/")[0] + "/"
    return fit if paths.problem(fit) is None else "/"


def _arguments(**wanted: Any) -> str:
    return json.dumps({**wanted, "justification": "<why you need it>"}, ensure_ascii=True)
