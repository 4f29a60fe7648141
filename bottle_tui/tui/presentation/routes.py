"""The running table as rows: what is granted, until when, by whom, and what of it was used."""

from datetime import datetime

from bottle_tui.core.listing import Item, Listing
from bottle_tui.core.text import visible
from bottle_tui.tui.presentation.rows import (
    Row,
    Span,
    Style,
    cut,
    cut_middle,
    fit,
    fit_row,
    row,
    short_id,
    spread,
)
from bottle_tui.tui.presentation.times import age, ago, stale

SKEW = 2.0
"""Seconds by which two clocks may differ before it is said."""
SCAN_MARKS: dict[str, tuple[str, Style]] = {
    "scanned": ("scanned", "muted"), "passthrough": ("passthru", "warn"), "not_scanned": ("unscanned", "warn"),
}  # fmt: skip
SOON = 120.0
"""Seconds before its end in which a countdown is yellow."""


def state(listing: Listing | None, trouble: str, now: datetime) -> Span:
    """Whether what is listed is in force, and how old that knowledge is."""
    if listing is None:
        return Span(cut(visible(trouble), 60) if trouble else "asking…", "warn" if trouble else "muted")
    if listing.in_force is None or stale(listing.at, now) or trouble:
        return Span(f"? not known for {ago(listing.at, now)}" if stale(listing.at, now) else "? not known", "muted")
    if listing.quarantined:
        return Span("QUARANTINED: nothing gets out", "danger")
    if not listing.in_force:
        return Span("✗ the gate has another table", "danger")
    return Span(f"in force ✓ {ago(listing.at, now)} ago", "ok")


def head_row(
    slugs: list[str], slug: str | None, listing: Listing | None, trouble: str, now: datetime, width: int
) -> Row:
    """Whose table, which generation, whether it is in force."""
    if slug is None:
        return fit_row(row(Span(" no bottle is there: nothing is granted", "muted")), width)
    place = f" {slugs.index(slug) + 1}/{len(slugs)}" if slug in slugs and len(slugs) > 1 else ""
    spans = [Span(" "), Span(visible(slug), "strong"), Span(place, "muted"), Span("  ")]
    if listing is not None and listing.generation is not None:
        spans.append(Span(f"gen {listing.generation}  ", "muted"))
    if listing is not None and width >= 100:
        spans.append(Span(f"{visible(listing.digest)[:15]}…  ", "faint"))
    right = [state(listing, trouble, now), Span(" ")]
    if listing is not None and abs(listing.skew.total_seconds()) > SKEW:
        ahead = listing.skew.total_seconds()
        right.insert(0, Span(f"gate's clock {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}  ", "warn"))
    return spread(tuple(spans), tuple(right), width)


def columns(width: int) -> list[tuple[str, int]]:
    """Names and widths; the host takes what is left."""
    if width < 80:
        fixed = [("METHODS", 8), ("UNTIL", 7), ("USED", 11), ("FROM", 9)]
    elif width < 110:
        fixed = [("PATHS", 16), ("METHODS", 9), ("UNTIL", 9), ("USED", 11), ("FROM", 9)]
    else:
        fixed = [("PATHS", 24), ("METHODS", 14), ("AUTH", 16), ("SCAN", 10), ("UNTIL", 9), ("USED", 11), ("FROM", 9)]
    host = width - 2 - sum(size for _, size in fixed)
    if host > 44:
        fixed[0] = (fixed[0][0], fixed[0][1] + host - 44)
        host = 44
    return [("HOST", host), *fixed]


def header_row(width: int) -> Row:
    """The names of the columns."""
    return fit_row(row(Span("  " + "".join(fit(name, size) for name, size in columns(width)), "muted")), width)


def item_row(item: Item, listing: Listing, now: datetime, width: int, *, selected: bool, doing: str = "") -> Row:
    """One grant; what denies already is grey, what ends soon yellow."""
    over = item.ended(now + listing.skew)
    plain: Style = "faint" if over else "plain"
    until_text, until_style = until(item, listing, now)
    origin_text, origin_style = origin(item)
    used_text, used_style = used(item, now)
    scan_text, scan_style = SCAN_MARKS.get(item.route.pipelock, (visible(item.route.pipelock), "warn"))
    slot = item.route.token_env or ""
    auth = visible(listing.refs.get(slot) or slot.replace("EGRESS_TOKEN_", "slot ")) if item.route.has_auth else "–"
    cells: dict[str, tuple[str, Style]] = {
        "PATHS": (paths(item), plain),
        "METHODS": (methods(item), plain),
        "AUTH": (auth, "accent" if item.route.has_auth else "faint"),
        "SCAN": (scan_text, scan_style),
        "UNTIL": (until_text, until_style),
        "USED": (used_text, used_style),
        "FROM": (f"{doing}…", "accent") if doing else (origin_text, origin_style),
    }
    spans = [Span("▶ " if selected else "  ", "accent")]
    for name, width_ in columns(width):
        if name == "HOST":
            text = _narrow_host(item, width_ - 1) if width < 80 else cut_middle(visible(item.host), width_ - 1)
            spans.append(Span(fit(text, width_), "faint" if over else "strong" if selected else "plain"))
        else:
            text, style = cells[name]
            spans.append(Span(fit(cut(text, width_ - 1), width_), style))
    return fit_row(tuple(spans), width)


def _narrow_host(item: Item, room: int) -> str:
    """Host and first path in one column, the end of the host and of the path kept."""
    listed = item.grant.path_allowlist if item.grant else None
    path = f" {visible(listed[0])}" if listed else ""
    host = cut_middle(visible(item.host), max(room - len(path), room // 2))
    return host + cut_middle(path, room - len(host))


def paths(item: Item) -> str:
    """The first prefix and how many more; "every path"."""
    if item.grant is None:
        return "no grant: denied"
    listed = item.grant.path_allowlist
    if not listed:
        return "every path"
    more = f" +{len(listed) - 1}" if len(listed) > 1 else ""
    return visible(listed[0]) + more


def methods(item: Item) -> str:
    """By name, or "every"."""
    if item.grant is None:
        return "–"
    return " ".join(visible(method) for method in item.grant.methods or ()) or "every"


def until(item: Item, listing: Listing, now: datetime) -> tuple[str, Style]:
    """A countdown by the gate's own clock, or what else ends it."""
    grant, there = item.grant, now + listing.skew
    if grant is None:
        return "–", "faint"
    if item.ended(there):
        return ("used up" if grant.uses is not None and item.spent >= grant.uses else "ended"), "faint"
    if grant.expires_at is not None:
        left = (grant.expires_at - there).total_seconds()
        return age(there, grant.expires_at), "warn" if left <= SOON else "accent"
    if grant.uses is not None:
        left_uses = grant.uses - item.spent
        return f"{left_uses} use{'s' * (left_uses != 1)}", "accent"
    if item.always:
        return "always", "warn"
    return ("–", "muted") if item.origin == "manifest" else ("stop", "plain")


def used(item: Item, now: datetime) -> tuple[str, Style]:
    """How often, and how long ago the last time; "never"."""
    use = item.use
    if use is None:
        return ("–", "faint") if item.grant is None else ("not known", "muted")
    if not use.requests:
        return "never used", "muted"
    last = f" {ago(use.last, now).replace(' ', '')}" if use.last else ""
    return f"{use.requests}×{last}", "plain"


def origin(item: Item) -> tuple[str, Style]:
    """The manifest, a proposal by the end of its id, or the operator's hand."""
    if item.grant is None or item.origin is None:
        return "–", "faint"
    if item.origin == "proposal":
        return short_id(item.grant.proposal or item.grant.id), "accent"
    return {"manifest": "manifest", "always": "always", "operator": "by hand"}[item.origin], "muted"
