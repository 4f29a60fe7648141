"""The rows of a card: what was asked, what the operator set instead, what the sidecars' output says about it."""

from dataclasses import replace

from bottle_tui.core import denials, mirror, narrowing, slots
from bottle_tui.core.changes import State
from bottle_tui.core.edits import Edit
from bottle_tui.core.views import Fact
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.services import gate, loading
from bottle_tui.services.proposed import Proposed
from bottle_tui.services.queue import Entry
from bottle_tui.services.seen import Traffic
from bottle_tui.services.session import Live, Session
from sidecar_addon import hosts

SCAN_SECONDS = "2–4"
"""Per megabyte before the first byte, measured; what it has cost here is evidence."""


def asked_and_seen(
    entry: Entry, edit: Edit, traffic: Traffic, live: Live | None, proposed: Proposed | None
) -> tuple[Fact, ...]:
    """What was asked, what the operator set instead, what was seen: host, path, method, auth, until."""
    asked = entry.proposal.args
    if entry.proposal.tool == "capability-block":
        return (Fact("lines", str(len(str(asked.get("dockerfile", "")).splitlines()))),)
    wanted = edit.apply_to(asked)
    host, set_host = str(asked.get("host", "")), str(wanted.get("host", ""))
    state = live.state if live else State(slots=slots.Slots())
    seen_host = " · ".join(part for part in (_route_seen(set_host, state), _host_seen(set_host, traffic)) if part)
    facts = [_set(Fact("host", host, seen_host), set_host)]
    until = Fact("until", narrowing.UNTIL.get(edit.lasts, edit.lasts))
    if entry.proposal.tool == "pipelock-block":
        return (*facts, Fact("want", str(asked.get("want", ""))), until)
    top = _top(set_host, traffic)
    for name, key, every, part in (("path", "path_allowlist", "every path", 1), ("method", "methods", "every", 0)):
        fact = Fact(name, _joined(asked.get(key), every), _seen_part(top, part))
        facts.append(_set(fact, _joined(wanted.get(key), every)))
    auth = asked.get("auth")
    price = scan_price(scan(proposed, state, set_host), live.config if live else b"")
    facts.append(Fact("auth", f"{auth['scheme']} {auth['token_ref']}" if isinstance(auth, dict) else "none", price))
    ports, set_ports = (_joined(args.get("ports"), "443") for args in (asked, wanted))
    if (ports, set_ports) != ("443", "443"):
        facts.append(_set(Fact("port", ports), set_ports))
    return (*facts, until)


def _set(fact: Fact, text: str) -> Fact:
    return fact if text == fact.asked else replace(fact, set=text)


def scan(proposed: Proposed | None, state: State, host: str) -> str:
    """How a host will be handled by pipelock; empty where nothing says so."""
    after = proposed.merged.after if proposed else state
    try:
        route = after.named(hosts.normalise_pattern(host))
    except hosts.HostError:
        return ""
    return route.pipelock if route else ""


def scan_price(scan: str, config: bytes) -> str:
    """What a host's state costs, in one line; the limit is the one that pipelock runs with."""
    if scan == "passthrough":
        return "passthrough: nobody reads it, no limit"
    if scan != "scanned":
        return "not scanned: the hop stands in for pipelock" if scan else ""
    over = f", over {mirror.body_limit(config) // 1024**2} MB refused" if config else ""
    return f"scanned: {SCAN_SECONDS} s per MB{over}"


def restart(opened: Session | None, live: Live | None, proposed: Proposed | None) -> tuple[Fact, ...]:
    """What pipelock takes only at a start ends what flows: said beforehand, with how much that is right now."""
    if opened is None or live is None or proposed is None:
        return ()
    after = proposed.merged.after
    if not loading.needs_restart(live.mirrored, mirror.mirror(after.routes, after.extra)):
        return ()
    try:
        streams = gate.status(opened.sidecar("egress")).streams
    except SidecarUnreachable:
        return (Fact("restart", "pipelock restarts", "how many streams it cuts is not known"),)
    flowing = "nothing flows now" if not streams else f"cuts {streams} stream{'s' if streams > 1 else ''} after 10 s"
    return (Fact("restart", "pipelock restarts", flowing),)


def _host_seen(host: str, traffic: Traffic) -> str:
    if not traffic.known:
        return "not known"
    count = sum(amount for name, amount in traffic.denied.items() if denials.reaches(host, name))
    return f"{count} denied" if count else "none denied"


def _route_seen(host: str, state: State) -> str:
    try:
        route = state.named(hosts.normalise_pattern(host))
    except hosts.HostError:
        return ""
    return "new here" if route is None else f"route {route.host}, {route.pipelock}"


def _top(host: str, traffic: Traffic) -> list[tuple[str, str]]:
    """(method, path) of what was denied most, three at most."""
    asked = [
        pair for name, counts in traffic.requests.items() if denials.reaches(host, name) for pair in counts.items()
    ]
    asked.sort(key=lambda pair: -pair[1])
    return [(what.partition(" ")[0], what.partition(" ")[2]) for what, _ in asked[:3]]


def _seen_part(top: list[tuple[str, str]], part: int) -> str:
    return ", ".join(dict.fromkeys(item[part] for item in top if item[part]))


def _joined(value: object, every: str) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) and value else every
