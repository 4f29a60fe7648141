"""Questions to the running gate: one JSON object in, one out. Used by `control` and `put-token`, in the container over
a unix socket that only the gate's own user can open."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sidecar_addon import strict_yaml
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flights
from sidecar_addon.gate.parent import Parent
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.reload import Reloader
from sidecar_addon.gate.tokens import TokenError, checked
from sidecar_addon.hosts import HostError, normalise
from sidecar_addon.matching import Decision, Request
from sidecar_addon.table import grant_as_data, route_as_data
from sidecar_addon.times import iso

_LIMIT = 4 * 1024 * 1024
_MOST = 1_000


class ControlError(ValueError):
    """The question cannot be answered; the message says what would be right."""


class Control:
    """Answers the verbs; runs on the event loop, so an answer is one moment's truth."""

    def __init__(self, policy: Policy, flights: Flights, reloader: Reloader, events: Events, parent: Parent) -> None:
        self._parent = parent
        self._policy = policy
        self._flights = flights
        self._reloader = reloader
        self._events = events
        self._verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "status": self._status,
            "decide": self._decide,
            "in_flight": self._in_flight,
            "scan_stats": self._scan_stats,
            "put_token": self._put_token,
        }

    def answer(self, question: Any) -> dict[str, Any]:
        """The answer, or `{"error": …}`; never raises for what was asked."""
        try:
            if not isinstance(question, dict) or question.get("verb") not in self._verbs:
                raise ControlError(f"the verb must be one of {', '.join(self._verbs)}")
            return self._verbs[question["verb"]](question)
        except (ControlError, TokenError, OSError) as error:
            return {"error": str(error)}

    def _status(self, question: dict[str, Any]) -> dict[str, Any]:
        table = self._policy.table
        counted = [grant.id for _, grant in table.grants() if grant.uses is not None] if table else []
        return {
            "digest": table.digest if table else None,
            "generation": self._policy.generation,
            "apply": table.apply if table else None,
            "quarantined": table.quarantined if table else False,
            "hold_until": iso(table.hold_until) if table and self._policy.hold_left() else None,
            "time": iso(datetime.now(UTC)),
            "slots": {slot: token.fingerprint for slot, token in self._policy.tokens.all().items()},
            "in_flight": self._flights.by_host(),
            "uses": self._policy.uses.spent(counted),
            "routes_error": self._reloader.error,
            "parent_silent": round(self._parent.silent, 1),
        }

    def _decide(self, question: dict[str, Any]) -> dict[str, Any]:
        requests = question.get("requests")
        if not isinstance(requests, list) or len(requests) > _MOST:
            raise ControlError(f'requests must be a list of at most {_MOST} {{"method": …, "url": …}}')
        table = self._policy.table
        return {
            "digest": table.digest if table else None,
            "generation": self._policy.generation,
            "answers": [self._answer_one(item) for item in requests],
        }

    def _answer_one(self, item: Any) -> dict[str, Any]:
        method, url = (item.get("method"), item.get("url")) if isinstance(item, dict) else (None, None)
        decision = judged(self._policy, method, url)
        route, grant = decision.route, decision.grant
        return {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "route": route_as_data(route) if route else None,
            "grant": grant_as_data(grant) if grant else None,
            "scan": route.pipelock if route else None,
            "token_ready": self._policy.token_ready(route) if route and route.has_auth else None,
        }

    def _in_flight(self, question: dict[str, Any]) -> dict[str, Any]:
        wanted = question.get("hosts")
        if not isinstance(wanted, list):
            raise ControlError("hosts must be a list")
        counts = self._flights.by_host()
        return {"streams": sum(count for host, count in counts.items() if host in wanted)}

    def _scan_stats(self, question: dict[str, Any]) -> dict[str, Any]:
        return {host: vars(stats) for host, stats in self._flights.stats.items()}

    def _put_token(self, question: dict[str, Any]) -> dict[str, Any]:
        slot, token = checked(question.get("slot"), question.get("fingerprint"), question.get("value"))
        self._policy.tokens.put(slot, token)
        self._events.emit("token_loaded", slot=slot, fingerprint=token.fingerprint)
        return {"slot": slot, "fingerprint": token.fingerprint}


def judged(policy: Policy, method: object, url: object) -> Decision:
    """The decision on a method and URL as text; an unusable URL is `host_not_allowed`. Consumes no use."""
    if not isinstance(method, str) or not isinstance(url, str):
        return Decision(False, "host_not_allowed")
    try:
        parts = urlsplit(url)
        scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
        host = normalise(parts.hostname or "")
        usual = {"https": 443, "http": 80}[scheme]
        port = usual if parts.port is None else parts.port
    except (ValueError, KeyError, HostError):
        return Decision(False, "host_not_allowed")
    rest = url.partition("://")[2]
    path = "/" + rest.partition("/")[2] if "/" in rest.partition("?")[0] else "/"
    return policy.decide(Request(method, scheme, host, port, path.partition("?")[0]))


async def serve(path: Path, answer: Callable[[Any], Awaitable[dict[str, Any]]]) -> asyncio.Server:
    """Listen on a unix socket, 0600; one question and one answer, each a line, per connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            line = await asyncio.wait_for(reader.readline(), 10)
            try:
                reply = await answer(strict_yaml.load_json(line, limit=_LIMIT))
            except strict_yaml.StrictYamlError as error:
                reply = {"error": f"the question is not JSON: {error}"}
            writer.write(json.dumps(reply, separators=(",", ":")).encode() + b"\n")
            await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(talk, path, limit=_LIMIT, start_serving=False)
    path.chmod(0o600)
    await server.start_serving()
    return server
