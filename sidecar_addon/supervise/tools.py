"""The five tools as the agent sees them: names, when to use them, and the shape of their input."""

from typing import Any

import mcp_types as types

from sidecar_addon.asks import MAX_JUSTIFICATION, MAX_PORTS, MAX_PREFIXES, WANTS
from sidecar_addon.dockerfile_lines import ALLOWED, MAX_CHARACTERS
from sidecar_addon.table import METHODS

INSTRUCTIONS = (
    "This sandbox reaches the network only through an egress gate with an allowlist. A refused request answers 403 "
    "with the header X-Bottle-Denied and a reason. When you need what was refused, ask once with egress-block and say "
    "why: a person decides. Never look for a way around the gate, and never put credentials into a request: the gate "
    "adds them."
)

_JUSTIFICATION = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_JUSTIFICATION,
    "description": "One or two sentences for the operator: what you are doing and why it needs exactly this.",
}
_HOST = {
    "type": "string",
    "description": "The full host name, without scheme, port or path, e.g. api.example.com.",
}
_ID = {"type": "string", "description": "The id that egress-block, pipelock-block or capability-block answered."}

_WAITS = (
    " The call waits for the operator for a while; `pending` is a normal answer: the proposal stays filed, ask with "
    "proposal-status later. The same ask again joins the one that waits."
)


def _schema(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


EGRESS_BLOCK = types.Tool(
    name="egress-block",
    title="Ask for a route",
    description=(
        "Ask the operator to allow one host that the egress gate refused (403, X-Bottle-Denied: host_not_allowed, "
        "path_not_allowed, method_not_allowed or port_not_allowed). Ask for the least you need: path prefixes and "
        "methods are approved sooner than a whole host." + _WAITS
    ),
    input_schema=_schema(
        {
            "host": {**_HOST, "description": _HOST["description"] + " *.example.com asks for all below it."},
            "path_allowlist": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": MAX_PREFIXES,
                "description": "Path prefixes, e.g. /v1/ (no * and no query). Leave out only if every path is needed.",
            },
            "methods": {
                "type": "array",
                "items": {"type": "string", "enum": list(METHODS)},
                "minItems": 1,
                "description": "HTTP methods; GET includes HEAD, WEBSOCKET must be named. Left out: every method.",
            },
            "ports": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 65535},
                "minItems": 1,
                "maxItems": MAX_PORTS,
                "description": "Left out: 443. 80 (plain HTTP) only without path_allowlist, methods and auth.",
            },
            "auth": {
                **_schema(
                    {
                        "scheme": {"type": "string", "description": "Such as Bearer; none sends the token alone."},
                        "token_ref": {"type": "string", "description": "The NAME of a grantable token, not a token."},
                    },
                    ["scheme", "token_ref"],
                ),
                "description": "Only if the gate shall add a credential. Leave out if you do not know a token_ref.",
            },
            "justification": _JUSTIFICATION,
        },
        ["host", "justification"],
    ),
)

PIPELOCK_BLOCK = types.Tool(
    name="pipelock-block",
    title="Ask about the scanning proxy",
    description=(
        "Ask the operator about a host whose request the scanning proxy refused (403 with X-Bottle-Denied: pipelock), "
        "although its route is allowed. `passthrough`: stop scanning that host (a refused body, one that is too large, "
        "WebSocket). `allow`: add the host to the proxy's own list (rare). For a host without a route use egress-block."
        + _WAITS
    ),
    input_schema=_schema(
        {
            "host": _HOST,
            "want": {"type": "string", "enum": list(WANTS), "description": "What shall happen with the host."},
            "justification": _JUSTIFICATION,
        },
        ["host", "want", "justification"],
    ),
)

CAPABILITY_BLOCK = types.Tool(
    name="capability-block",
    title="Ask for a tool in the image",
    description=(
        "Ask the operator to add lines to the agent's Dockerfile, e.g. to install a program you miss. Approval "
        "rebuilds the image and REPLACES the running agent, so ask when your work is saved. The current file is at "
        "/etc/bottle/current-config/Dockerfile." + _WAITS
    ),
    input_schema=_schema(
        {
            "dockerfile": {
                "type": "string",
                "maxLength": MAX_CHARACTERS,
                "description": f"The lines to append, not the whole file. Instructions: {', '.join(ALLOWED)}.",
            },
            "justification": _JUSTIFICATION,
        },
        ["dockerfile", "justification"],
    ),
)

LIST_EGRESS_ROUTES = types.Tool(
    name="list-egress-routes",
    title="List what is allowed",
    description="Lists the hosts, paths, methods and ports that the gate allows now. Needs no approval.",
    input_schema=_schema({}, []),
)

PROPOSAL_STATUS = types.Tool(
    name="proposal-status",
    title="How a proposal stands",
    description=(
        "Tells how a proposal stands: pending, approved (with the route as applied), rejected (with the reason), "
        "superseded or failed. With wait_seconds it waits that long for a decision."
    ),
    input_schema=_schema(
        {
            "id": _ID,
            "wait_seconds": {"type": "integer", "minimum": 0, "description": "Left out: answers at once."},
        },
        ["id"],
    ),
)

ALL = [EGRESS_BLOCK, PIPELOCK_BLOCK, CAPABILITY_BLOCK, LIST_EGRESS_ROUTES, PROPOSAL_STATUS]
