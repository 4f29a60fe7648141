"""The egress sidecar in memory: decides with the real table and the real matcher."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bottle_tui.adapters.fakes.sidecar import FakeSidecar, Surroundings
from bottle_tui.ports import Ran
from sidecar_addon.matching import Conditions, Request, decide
from sidecar_addon.table import SLOT, Table, TableError, digest_of, grant_as_data, route_as_data
from sidecar_addon.table_parser import parse
from sidecar_addon.times import iso

ROUTES = "/etc/egress/routes.yaml"


class FakeGate(FakeSidecar):
    """The egress sidecar: the real table, the real matcher, the contract's control verbs."""

    def __init__(self, runtime: Surroundings) -> None:
        super().__init__(runtime, "egress")
        self.parent_silent = 0.0
        """For how long pipelock has not answered it."""
        self.skew = timedelta()
        """How far its clock is ahead."""
        self.table: Table | None = None
        self.error: str | None = None
        self.generation = 0
        self.slots: dict[str, tuple[str, str]] = {}
        """slot → (fingerprint, value)."""
        self.in_flight: dict[str, int] = {}
        self.uses: dict[str, int] = {}
        self.lies: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None
        """Changes the answers of `decide`: a gate that does not do what it said."""

    def started(self) -> None:
        self.table = None
        self.reload()
        self.say({"event": "gate_ready", "digest": self.table and self.table.digest, "generation": self.generation})

    def reload(self) -> None:
        data = self.files.get(ROUTES, b"")
        try:
            table = parse(data)
            self._check(table)
        except TableError as error:
            self.error = str(error)
            apply = _apply_of(data)
            self.say({"event": "routes_rejected", "apply": apply, "digest": digest_of(data), "error": str(error)})
            return
        cut = self._cut(table)
        if self.table is None or self.table.digest != table.digest:
            self.generation += 1
        self.table, self.error = table, None
        self.say(
            {
                "event": "routes_loaded",
                "apply": table.apply,
                "digest": table.digest,
                "generation": self.generation,
                "routes": len(table.routes),
                "cut": cut,
                "in_flight": sum(self.in_flight.values()),
            }
        )

    def command(self, words: list[str], stdin: bytes) -> Ran:
        if words[:1] == ["put-token"] and len(words) == 2:
            return self._put_token(words[1], stdin)
        if words[:1] == ["control"] and len(words) == 2:
            return _printed(self._control(json.loads(words[1])))
        return super().command(words, stdin)

    def _check(self, table: Table) -> None:
        if self.rejects is not None:
            raise TableError(self.rejects)
        live = self.table
        if live is not None and table.base is not None and table.digest != live.digest and table.base != live.digest:
            raise TableError(f"base {table.base} is not what is loaded ({live.digest})")

    def _cut(self, table: Table) -> int:
        """Streams whose grant is gone; a fake stream stands for its host."""
        cut = 0
        for host in list(self.in_flight):
            route = table.route_for(host)
            if table.quarantined or route is None or not route.grants:
                cut += self.in_flight.pop(host)
        return cut

    def _put_token(self, slot: str, stdin: bytes) -> Ran:
        value = json.loads(stdin)
        if not SLOT.match(slot) or not value.get("value"):
            return Ran(1, b"", b"the slot must be named like EGRESS_TOKEN_0")
        self.slots[slot] = (value["fingerprint"], value["value"])
        self.say({"event": "token_loaded", "slot": slot, "fingerprint": value["fingerprint"]})
        return _printed({"slot": slot, "fingerprint": value["fingerprint"]})

    def _control(self, wish: dict[str, Any]) -> dict[str, Any]:
        verb = wish.get("verb")
        if verb == "status":
            return self._status()
        if verb == "decide":
            answers = [self._answer(request) for request in wish["requests"]]
            digest = self.table.digest if self.table else None
            shown = self.lies(answers) if self.lies else answers
            return {"digest": digest, "generation": self.generation, "answers": shown}
        if verb == "in_flight":
            return {"streams": sum(self.in_flight.get(host, 0) for host in wish["hosts"])}
        return {} if verb == "scan_stats" else {"error": f"unknown verb {verb!r}"}

    def _status(self) -> dict[str, Any]:
        table = self.table or Table()
        return {
            "digest": self.table.digest if self.table else None,
            "generation": self.generation,
            "apply": table.apply,
            "quarantined": table.quarantined,
            "hold_until": iso(table.hold_until),
            "time": iso(self.runtime.clock.now() + self.skew),
            "slots": {slot: kept[0] for slot, kept in self.slots.items()},
            "in_flight": dict(self.in_flight),
            "uses": dict(self.uses),
            "routes_error": self.error,
            "parent_silent": self.parent_silent,
        }

    def _answer(self, wish: dict[str, Any]) -> dict[str, Any]:
        url = urlsplit(wish["url"])
        scheme = url.scheme
        port = url.port or (443 if scheme == "https" else 80)
        request = Request(wish["method"], scheme, url.hostname or "", port, url.path or "/")
        conditions = Conditions(
            now=self.runtime.clock.now() + self.skew,
            uses_left=lambda grant: (grant.uses or 0) - self.uses.get(grant.id, 0),
            tokens_ready=lambda route: self._ready(route.token_env, route.token_fingerprint),
        )
        decision = decide(self.table or Table(), request, conditions)
        route, grant = decision.route, decision.grant
        return {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "route": route_as_data(route) if route else None,
            "grant": grant_as_data(grant) if grant else None,
            "scan": route.pipelock if route else None,
            "token_ready": route is None or not route.has_auth or self._ready(route.token_env, route.token_fingerprint),
        }

    def _ready(self, slot: str | None, fingerprint: str | None) -> bool:
        kept = self.slots.get(slot or "")
        return kept is not None and fingerprint in (None, kept[0])


def _apply_of(data: bytes) -> str | None:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value.get("apply") if isinstance(value, dict) else None


def _printed(value: dict[str, Any]) -> Ran:
    return Ran(0, json.dumps(value).encode() + b"\n", b"")
