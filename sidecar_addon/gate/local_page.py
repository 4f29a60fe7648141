"""`http://_egress.local/`: what the agent may ask the gate itself. Never forwarded, never on the allowlist."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from mitmproxy.http import Response

from sidecar_addon.gate.control import judged
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.refusal import response
from sidecar_addon.table import Route, Table, as_data, grant_as_data, route_as_data

HOST = "_egress.local"
_PER_SECOND = 200


class LocalPage:
    """`/allowlist` and `/decide?method=&url=`; 200 answers a second."""

    def __init__(self, policy: Policy, monotonic: Callable[[], float]) -> None:
        self._policy = policy
        self._monotonic = monotonic
        self._second = 0
        self._count = 0
        self._made: tuple[Table, bytes] | None = None
        """The allowlist of a table, made once: for ten thousand routes it takes as long as fifty requests."""

    def answer(self, method: str, target: str) -> Response:
        """The page for a request target."""
        if not self._has_room():
            return _json(429, {"error": "too_many", "hint": f"at most {_PER_SECOND} a second; wait a second"})
        path, _, query = target.partition("?")
        if method not in ("GET", "HEAD"):
            return _json(405, {"error": "method_not_allowed", "hint": "GET /allowlist or GET /decide?method=&url="})
        if path == "/allowlist":
            return response(200, self._allowlist(), {})
        if path == "/decide":
            return _json(200, self._decide(query))
        return _json(404, {"error": "not_found", "hint": "GET /allowlist or GET /decide?method=&url="})

    def _allowlist(self) -> bytes:
        table, generation = self._policy.table, self._policy.generation
        if table is None:
            return _text({"routes": [], "digest": None, "generation": generation})
        if self._made is None or self._made[0] is not table:
            shown = as_data(table) | {"routes": [_shown(route) for route in table.routes]}
            self._made = table, _text(shown | {"digest": table.digest, "generation": generation})
        return self._made[1]

    def _decide(self, query: str) -> dict[str, Any]:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        decision = judged(self._policy, asked.get("method") or "GET", asked.get("url"))
        return {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "route": _shown(decision.route) if decision.route else None,
            "grant": grant_as_data(decision.grant) if decision.grant else None,
        }

    def _has_room(self) -> bool:
        second = int(self._monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= _PER_SECOND


def _shown(route: Route) -> dict[str, Any]:
    """A route without its slot: which credentials the operator has is not the agent's business."""
    data = route_as_data(route)
    return {key: value for key, value in data.items() if key not in ("token_env", "token_fingerprint")}


def _json(status: int, value: dict[str, Any]) -> Response:
    return response(status, _text(value), {})


def _text(value: dict[str, Any]) -> bytes:
    return (json.dumps(value) + "\n").encode()
