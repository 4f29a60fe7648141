"""Which hosts a ledger record is about, by what it holds itself: the proposal, or the files before and after. Pure."""

import json
from collections.abc import Mapping
from typing import Any

ROUTES, PIPELOCK = "routes.yaml", "pipelock.yaml"


def asked(record: Mapping[str, Any]) -> str:
    """The host that the recorded proposal or operation is for; empty where there is none. Foreign text."""
    host = record.get("host") or _object(_object(record.get("proposal_bytes")).get("args")).get("host")
    return host if isinstance(host, str) else ""


def changed(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Hosts whose route, or whose line in pipelock's lists, is another after it; in the files' order."""
    before, after = _object(record.get("before")), _object(record.get("after"))
    old, new = _routes(before.get(ROUTES)), _routes(after.get(ROUTES))
    found = [host for host in (*new, *old) if old.get(host) != new.get(host)]
    if not found:
        was, now = _listed(before.get(PIPELOCK)), _listed(after.get(PIPELOCK))
        found = [host for host in (*now, *was) if (host in was) != (host in now)]
    return tuple(dict.fromkeys(found))


def _routes(text: object) -> dict[str, object]:
    listed = _object(text).get("routes")
    routes = listed if isinstance(listed, list) else []
    return {str(each["host"]): each for each in routes if isinstance(each, dict) and "host" in each}


def _listed(text: object) -> dict[str, None]:
    """The items of pipelock's lists that can be hosts, without reading the whole file anew."""
    lines = text.splitlines() if isinstance(text, str) else []
    items = (line.strip().removeprefix("- ").strip("'\"") for line in lines if line.strip().startswith("- "))
    return {item: None for item in items if "." in item and ":" not in item}


def _object(value: object) -> dict[str, Any]:
    """A JSON object, also as text; empty when it is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
