"""Questions to the running gate, by exec in its container; nothing it answers is taken on a file's word."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Sidecar
from sidecar_addon.table import fingerprint
from sidecar_addon.times import parse_time

PYTHON = ("python", "-m", "sidecar_addon")
SECONDS = 15.0


@dataclass(frozen=True)
class GateStatus:
    """What the gate has in force. `uses`: spent ones by grant."""

    digest: str | None
    generation: int
    apply: str | None
    quarantined: bool
    slots: Mapping[str, str]
    in_flight: Mapping[str, int]
    uses: Mapping[str, int]
    error: str | None
    time: datetime
    """By the gate's own clock, which is what its table's moments are compared with."""
    parent_silent: float = 0.0
    """Seconds for which pipelock has given it no answer; 0 also of a gate that does not say."""

    @property
    def streams(self) -> int:
        """All that flows right now."""
        return sum(self.in_flight.values())


@dataclass(frozen=True)
class Answer:
    """What the gate would do with a request. `grant` is an id."""

    allowed: bool
    reason: str | None
    grant: str | None
    scan: str | None
    token_ready: bool | None


@dataclass(frozen=True)
class Answers:
    """Answers of one moment, and the table they come from."""

    digest: str | None
    answers: tuple[Answer, ...]


def status(egress: Sidecar, *, seconds: float = SECONDS) -> GateStatus:
    """What is in force. Raises SidecarUnreachable, also when there is no answer for so many seconds."""
    value = _ask(egress, {"verb": "status"}, seconds=seconds)
    try:
        return GateStatus(
            digest=value["digest"],
            generation=int(value["generation"]),
            apply=value["apply"],
            quarantined=bool(value["quarantined"]),
            slots=dict(value["slots"]),
            in_flight={str(host): int(count) for host, count in value["in_flight"].items()},
            uses={str(grant): int(count) for grant, count in value["uses"].items()},
            error=value["routes_error"],
            time=parse_time(value["time"]),
            parent_silent=float(value.get("parent_silent", 0.0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _nonsense(error) from None


def decide(egress: Sidecar, requests: Sequence[tuple[str, str]]) -> Answers:
    """What it would do with (method, url); no use is spent. Raises SidecarUnreachable."""
    wish = {"verb": "decide", "requests": [{"method": method, "url": url} for method, url in requests]}
    value = _ask(egress, wish)
    try:
        answers = tuple(_answer(item) for item in value["answers"])
        digest = value["digest"]
    except (KeyError, TypeError, AttributeError) as error:
        raise _nonsense(error) from None
    if len(answers) != len(requests):
        raise SidecarUnreachable("the gate answered another number of questions than it was asked")
    return Answers(digest, answers)


def _answer(item: dict[str, Any]) -> Answer:
    return Answer(
        allowed=item["allowed"] is True,
        reason=item["reason"],
        grant=item["grant"]["id"] if item["grant"] else None,
        scan=item["scan"],
        token_ready=item["token_ready"],
    )


def scan_stats(egress: Sidecar, *, seconds: float = SECONDS) -> dict[str, dict[str, int]]:
    """host → {requests, bytes, ms}: what scanning has cost so far, whole numbers only. Raises SidecarUnreachable."""
    value = _ask(egress, {"verb": "scan_stats"}, empty=True, seconds=seconds)
    found = {str(host): stats for host, stats in value.items() if isinstance(stats, dict)}
    return {host: {name: many for name, many in each.items() if type(many) is int} for host, each in found.items()}


def put_token(egress: Sidecar, slot: str, token_ref: str, value: str) -> None:
    """Fill a slot; the value goes by standard input only. Raises SidecarUnreachable."""
    mark = fingerprint(token_ref)
    stdin = json.dumps({"fingerprint": mark, "value": value}).encode()
    ran = egress.run([*PYTHON, "put-token", slot], stdin=stdin)
    answer = _object(ran.stdout) if ran.code == 0 else {}
    if answer.get("slot") != slot or answer.get("fingerprint") != mark:
        said = ran.stderr.decode("utf-8", "replace").replace(value, "…").strip()[-300:]
        raise SidecarUnreachable(f"the gate did not take the token for {slot}: {said or 'no word why'}")


def _ask(egress: Sidecar, wish: Mapping[str, Any], *, empty: bool = False, seconds: float = SECONDS) -> dict[str, Any]:
    ran = egress.run([*PYTHON, "control", json.dumps(wish, separators=(",", ":"))], timeout=seconds)
    answer = _object(ran.stdout)
    if ran.code != 0 or not (answer or empty) or "error" in answer:
        said = str(answer.get("error") or ran.stderr.decode("utf-8", "replace").strip()[-300:] or "no word why")
        raise SidecarUnreachable(f"the gate does not answer `{wish['verb']}`: {said}")
    return answer


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _nonsense(error: Exception) -> SidecarUnreachable:
    return SidecarUnreachable(f"the gate's answer makes no sense ({type(error).__name__}: {error})")
