"""`list-egress-routes`: what the running gate says about itself, asked through the proxy like any request."""

import json
from typing import Any

import httpx2

from sidecar_addon import hosts

URL = "http://_egress.local/allowlist"
LIMIT_BYTES = 16 * 1024 * 1024
SHOWN = 200
TIMEOUT = 10.0
QUICK = 2.0


class GateUnreachable(Exception):
    """The gate did not answer, or not with a table; the message says what happened."""


async def fetch(proxy: str, timeout: float = TIMEOUT) -> dict[str, Any]:
    """The table in the gate's memory. Raises GateUnreachable."""
    try:
        async with (
            httpx2.AsyncClient(proxy=proxy, trust_env=False, timeout=timeout) as client,
            client.stream("GET", URL) as response,
        ):
            if response.status_code != 200:
                raise GateUnreachable(f"the gate answered {response.status_code}")
            value = json.loads(await _body(response))
    except httpx2.HTTPError as error:
        raise GateUnreachable(f"the gate cannot be reached ({type(error).__name__})") from None
    except (ValueError, RecursionError):
        raise GateUnreachable("the gate's answer is no JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("routes"), list):
        raise GateUnreachable("the gate's answer is no route table")
    return value


def cut(table: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The table for a model: as text and as data, with at most SHOWN routes."""
    routes = table["routes"]
    shown = routes[:SHOWN]
    left_out = len(routes) - len(shown)
    lines = [json.dumps(route, separators=(",", ":"), ensure_ascii=True) for route in shown]
    head = f"The gate allows {len(routes)} route(s); no path_allowlist means every path, no methods every method."
    if not routes:
        head = "The gate allows nothing yet; ask for what you need with egress-block."
    if left_out:
        lines.append(f"… and {left_out} more that are not shown")
    data = {**table, "routes": shown, "total": len(routes)}
    return "\n".join([head, *lines]), data


def wildcard_over(table: dict[str, Any], host: str) -> str | None:
    """The wildcard route that decides for an exact host, None when another route or none does."""
    patterns = {route["host"]: route["host"] for route in table["routes"] if isinstance(_host_of(route), str)}
    wildcards = {pattern[2:]: pattern for pattern in patterns if hosts.is_wildcard(pattern)}
    found = hosts.best_match(host, patterns, wildcards)
    return found if found is not None and hosts.is_wildcard(found) else None


def _host_of(route: Any) -> Any:
    return route.get("host") if isinstance(route, dict) else None


async def _body(response: httpx2.Response) -> bytes:
    parts = bytearray()
    async for part in response.aiter_bytes():
        parts += part
        if len(parts) > LIMIT_BYTES:
            raise GateUnreachable("the gate's answer is too large")
    return bytes(parts)
