"""An edit as lines of text that a person fills in, and back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bottle_tui.core import edits, narrowing
from bottle_tui.core.edits import Edit
from bottle_tui.core.narrowing import Ask
from bottle_tui.errors import UsageError
from sidecar_addon import asks
from sidecar_addon.asks import ProposalError

FIELDS = {
    "host": "exact, or *.example.com",
    "paths": "prefixes with blanks between them; empty is every path",
    "methods": "GET POST …; empty is every method",
    "ports": "443; 80 is plain HTTP and goes alone",
    "scan": "scanned or passthrough",
    "until": "once 15m 1h 8h bottle always, or a time such as 90m",
}
"""The fields in their order, with what they take."""


@dataclass(frozen=True)
class Filled:
    """What the lines say: an edit, or the field that is wrong and why."""

    edit: Edit | None
    field: str = ""
    why: str = ""


def fields_of(ask: Ask) -> tuple[str, ...]:
    """Those that can be edited of such an ask; none of a rebuild."""
    if ask.tool == "capability-block":
        return ()
    return tuple(FIELDS) if ask.tool == "egress-block" else ("until",)


def prefilled(ask: Ask) -> dict[str, str]:
    """The lines as they stand."""
    ports = ask.edit.ports if ask.edit.ports is not None else tuple(ask.args.get("ports") or (443,))
    return {
        "host": ask.host,
        "paths": " ".join(ask.paths),
        "methods": " ".join(ask.methods),
        "ports": " ".join(str(port) for port in ports or (443,)),
        "scan": ask.edit.scan or ask.scan,
        "until": ask.edit.lasts,
    }


def filled(ask: Ask, lines: Mapping[str, str]) -> Filled:
    """The edit that the lines ask for."""
    words = {name: line.replace(",", " ").split() for name, line in lines.items()}
    try:
        edits.duration(" ".join(words["until"]) or edits.BOTTLE)
    except UsageError as error:
        return Filled(None, "until", error.message)
    edit = replace(ask.edit, lasts=" ".join(words["until"]) or edits.BOTTLE)
    if ask.tool != "egress-block":
        return Filled(edit)
    if not all(port.isascii() and port.isdigit() and len(port) < 6 for port in words["ports"]):
        return Filled(None, "ports", "write numbers with blanks between them")
    scan = lines["scan"].strip()
    if scan not in ("", "scanned", "passthrough") and scan != ask.scan:
        return Filled(None, "scan", "write scanned or passthrough")
    edit = replace(
        edit,
        host=lines["host"].strip(),
        path_allowlist=tuple(words["paths"]),
        methods=tuple(method.upper() for method in words["methods"]),
        ports=tuple(int(port) for port in words["ports"]),
        scan=ask.edit.scan if scan in ("", ask.scan) else scan,
    )
    return _checked(ask, edit)


_PLACES = {"path_allowlist": "paths", "auth": "host"}


def _checked(ask: Ask, edit: Edit) -> Filled:
    """By the rules of the door, so that the field is named before anything is computed."""
    try:
        right = asks.normalise(ask.tool, {**edit.apply_to(dict(ask.args)), "justification": "the operator's edit"})
    except ProposalError as error:
        place, _, why = str(error).partition(": ")
        place = place.partition(".")[0]
        return Filled(None, _PLACES.get(place, place if place in FIELDS else "host"), why)
    edit = replace(
        edit,
        host=str(right["host"]),
        path_allowlist=tuple(right.get("path_allowlist") or ()),
        methods=tuple(right.get("methods") or ()),
        ports=tuple(right.get("ports") or (443,)),
    )
    return Filled(narrowing.settled(ask, edit))
