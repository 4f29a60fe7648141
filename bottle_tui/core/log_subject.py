"""What a log line is about: a grant's decision, an agent's proposal, or a host; of every sidecar's log. Pure."""

from collections.abc import Mapping
from typing import Any

from bottle_tui.core.log_filter import decision_of
from bottle_tui.core.views import LogLine

_OF_REQUESTS = frozenset({"allowed", "denied", "denied_more", "finished"})
_OF_LOADS = frozenset({"routes_loaded"})
_ID, _HOST = "proposal", "host"


def subject(line: LogLine) -> Mapping[str, Any] | None:
    """The gate's own event of a request; else `{"of": sidecar, …}` with `proposal`, `host` or `apply`; None.

    `refused` is True where the sidecar itself has refused; `apply` is the id of the load that a table came with.
    """
    event = line.event
    if event is None:
        return None
    if line.sidecar == "egress" and event.get("event") in _OF_REQUESTS:
        return event
    if line.sidecar == "egress" and event.get("event") in _OF_LOADS:
        load = event.get("apply")
        return {"of": "egress", "apply": load} if isinstance(load, str) and load else None
    if line.sidecar == "supervise":
        identity = event.get("id")
        return {"of": "supervise", _ID: identity} if isinstance(identity, str) and identity else None
    host = line.facts.get("host")
    if not isinstance(host, str) or not host:
        return None
    return {"of": line.sidecar, _HOST: host, "refused": decision_of(line) == "denied"}


def why_none(line: LogLine) -> str:
    """One line on a line that is about none of them."""
    if line.event is None:
        return "plain text: it names no request, proposal or host"
    if line.sidecar == "supervise":
        return "this line is about no proposal"
    return "this line is about no request, and names no host"
