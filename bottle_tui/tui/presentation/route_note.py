"""What the list of routes has no room for: everything that is known of the open grant."""

from datetime import datetime

from bottle_tui.core.listing import Item, Listing
from bottle_tui.core.text import visible
from bottle_tui.core.words import counted, size
from bottle_tui.tui.presentation.routes import methods, until
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, cut_middle, row, rule, short_id, wrapped
from bottle_tui.tui.presentation.times import age, ago, clock


def item_note(item: Item, listing: Listing, now: datetime, width: int) -> list[Row]:
    """What the list has no room for, of the open grant."""
    grant, route = item.grant, item.route
    title = cut_middle(visible(item.host), max(width - 34, 12))
    rows = [rule(title, f"grant {short_id(grant.id)}" if grant else "no grant", width)]
    if grant is None:
        text = "every grant on this route is gone: it denies until the route itself is removed"
        return [*rows, row(Span(f" {cut(text, width - 2)}", "muted"))]
    ports = " ".join(str(port) for port in grant.ports)
    pairs: list[tuple[str, str, Style]] = [
        ("PATHS", " ".join(visible(path) for path in grant.path_allowlist or ()) or "every path", "plain"),
        ("METHODS", f"{methods(item)}   port {ports}", "plain"),
        ("AUTH", _auth(item, listing), "accent" if route.has_auth else "plain"),
        ("SCAN", _scan(item, listing, now), "plain" if route.pipelock == "scanned" else "warn"),
        ("UNTIL", _until(item, listing, now), "plain"),
        ("USED", _used(item, now), "plain"),
        ("FROM", _origin(item), "plain"),
    ]
    if item.host != route.host:
        pairs.insert(0, ("ROUTE", f"{visible(route.host)}, limited to this host", "plain"))
    if listing.extra:
        pairs.append(("PIPELOCK", ", ".join(visible(each) for each in listing.extra) + " (beside the routes)", "plain"))
    if listing.remark:
        pairs.append(("NOTE", visible(listing.remark), "warn"))
    return rows + [line for name, text, style in pairs for line in _pair(name, text, width, style)]


def _pair(name: str, text: str, width: int, style: Style) -> list[Row]:
    """A name and its text, on two lines at most."""
    room = max(width - 11, 10)
    lines = wrapped(text, room)
    shown = lines if len(lines) <= 2 else [lines[0], cut(" ".join(lines[1:]), room)]
    return [row(Span(f" {name if at == 0 else '':<9}", "muted"), Span(line, style)) for at, line in enumerate(shown)]


def _auth(item: Item, listing: Listing) -> str:
    route = item.route
    if not route.has_auth:
        return "none"
    header = "" if route.auth_header == "Authorization" else f", header {visible(route.auth_header)}"
    slot = visible(route.token_env or "")
    variable = visible(listing.refs.get(route.token_env or "", ""))
    ready = "not known whether filled"
    if listing.slots is not None:
        ready = "filled" if route.token_env in listing.slots else "EMPTY: denied until `up` delivers it"
    named = f"{variable} in slot {slot}" if variable else f"slot {slot}"
    return f"{visible(route.auth_scheme or '')}, {named} ({ready}){header}"


def _scan(item: Item, listing: Listing, now: datetime) -> str:
    route = item.route
    words = {"scanned": "scanned", "passthrough": "passthrough: bodies unread", "not_scanned": "not scanned: the hop"}
    text = words.get(route.pipelock, visible(route.pipelock))
    if route.passthrough_until is not None:
        text += f", until {clock(route.passthrough_until)} ({age(now + listing.skew, route.passthrough_until)})"
    cost = (listing.scans or {}).get(route.host)
    if cost and cost[0]:
        text += f"; {counted(cost[0], 'request')}, {size(cost[1])}, {cost[2] / 1000:.1f} s to the first bytes"
    return text


def _until(item: Item, listing: Listing, now: datetime) -> str:
    grant = item.grant
    assert grant is not None, "only of a grant"
    text, _ = until(item, listing, now)
    if grant.expires_at is not None and text != "ended":
        return f"{grant.expires_at.astimezone():%H:%M:%S}, in {text}; the gate ends it by itself"
    if item.always:
        return "always: the next `up` grants it again"
    return {"–": "as long as the manifest says so", "stop": "the bottle stops"}.get(text, text)


def _used(item: Item, now: datetime) -> str:
    use = item.use
    if use is None:
        return "not known"
    since = f" since {use.since.astimezone():%m-%d %H:%M}" if use.since else ""
    if not use.requests:
        return f"never used{since}"
    last = f", last {ago(use.last, now)} ago" if use.last else ""
    return f"{use.requests}×{since}{last}; {size(use.bytes_up)} up, {size(use.bytes_down)} down"


def _origin(item: Item) -> str:
    grant = item.grant
    assert grant is not None, "only of a grant"
    kept = ", kept for the next `up`" if item.always else ""
    if item.origin == "proposal":
        return f"proposal {visible(grant.proposal or '')}{kept} · enter: who approved it, and why"
    return {"manifest": "the manifest, or its provider", "always": "grants.yaml"}.get(
        item.origin or "", "an operator's hand"
    ) + kept
