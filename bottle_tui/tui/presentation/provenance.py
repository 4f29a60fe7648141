"""A grant's way as rows: who asked, who decided, when, why, and the traffic it has let through."""

from collections.abc import Sequence
from datetime import datetime

from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Row as Traffic
from bottle_tui.core.text import visible, visible_lines
from bottle_tui.core.words import counted, size
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, cut_middle, fit, row, rule, short_id, wrapped
from bottle_tui.tui.presentation.times import ago

SOURCES = {
    "proposal": "the agent asked, an operator approved",
    "operator": "an operator's own",
    "manifest": "the manifest, or its provider",
    "always": "approved “always” before (grants.yaml)",
    "asked": "the agent asked",
    "none": "no grant decided",
    "unknown": "not known",
}
MOST_TRAFFIC = 200


def provenance_rows(found: Provenance, rows: Sequence[Traffic], now: datetime, width: int) -> list[Row]:
    """All that is known, nothing cut: the line, the facts, the words, the traffic."""
    out = [row(Span(f" {line}", "strong")) for line in wrapped(visible(found.line), width - 2)]
    out.append(())
    for name, text, style in _facts(found, now):
        pieces = wrapped(text, max(width - 12, 10))
        out += [
            row(Span(f" {name if at == 0 else '':<9} ", "muted"), Span(each, style)) for at, each in enumerate(pieces)
        ]
    if found.words:
        out += [(), rule("the agent's words" if found.source == "proposal" else "why", "", width)]
        for line in visible_lines(found.words):
            out += [row(Span(f" {each}", "quote")) for each in wrapped(line, width - 2)]
    if found.grant:
        out += [(), *traffic_rows(rows, now, width)]
    return out


def _facts(found: Provenance, now: datetime) -> list[tuple[str, str, Style]]:
    facts: list[tuple[str, str, Style]] = [("FROM", SOURCES[found.source], "plain")]
    if found.grant:
        state: Style = "ok" if found.in_table else "muted"
        facts.append(
            ("GRANT", f"{visible(found.grant)}  {'in the table' if found.in_table else 'not in force any more'}", state)
        )
    route = f" (route {visible(found.route)})" if found.route and found.route != found.host else ""
    facts.append(("HOST", visible(found.host) + route or "–", "plain"))
    if found.rules:
        facts.append(("RULES", visible(found.rules), "plain"))
    if found.proposal:
        facts.append(("PROPOSAL", visible(found.proposal), "accent"))
    if found.asked_by or found.asked_at:
        facts.append(("ASKED", _when(found.asked_by or "?", found.asked_at, now), "plain"))
    if found.decided_by or found.decided_at:
        edited = ", with changes" if found.edited else ", as asked" if found.source == "proposal" else ""
        name = "DECIDED" if found.source == "asked" else "APPROVED"
        facts.append((name, _when(found.decided_by or "?", found.decided_at, now) + edited, "plain"))
    if found.lasts:
        facts.append(("LASTS", visible(found.lasts), "plain"))
    if found.expires_at:
        facts.append(("ENDS", f"{found.expires_at.astimezone():%Y-%m-%d %H:%M:%S}", "plain"))
    if found.reason:
        facts.append(("REASON", visible(found.reason), "plain"))
    return facts


def _when(who: str, at: datetime | None, now: datetime) -> str:
    return visible(who) + (f", {at.astimezone():%Y-%m-%d %H:%M:%S} ({ago(at, now)} ago)" if at else "")


def traffic_rows(rows: Sequence[Traffic], now: datetime, width: int) -> list[Row]:
    """What the grant has admitted, by host, method and path prefix."""
    total = sum(each.count for each in rows)
    up, down = size(sum(each.bytes_up for each in rows)), size(sum(each.bytes_down for each in rows))
    sums = f"{counted(total, 'request')}, {up} up, {down} down"
    out = [rule("its traffic", sums if rows else "never used", width)]
    for each in rows[:MOST_TRAFFIC]:
        sent = f"{size(each.bytes_up):>8} ↑ " if width >= 80 else ""
        right = f"{each.count:>6}×  {sent}{size(each.bytes_down):>8} ↓  {fit(_moment(each.last), 11)} "
        room = max(width - len(right) - 2, 10)
        text = f"{visible(each.method)} {visible(each.host)}{visible(each.prefix)}"
        out.append(row(Span(f" {fit(cut_middle(text, room), room)} "), Span(right, "muted")))
    if len(rows) > MOST_TRAFFIC:
        out.append(row(Span(f" {len(rows) - MOST_TRAFFIC} more kinds: `bottle-tui traffic`", "muted")))
    return out


def _moment(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone():%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return "–"


def strip_row(found: Provenance | None, trouble: str, now: datetime, width: int) -> Row:
    """One line below a log: which grant decided, who approved it, and what `u` would do."""
    if found is None:
        return row(Span(f" {cut(visible(trouble) or 'looking it up…', width - 2)}", "warn" if trouble else "muted"))
    if not found.grant:
        return row(Span(f" {cut(visible(found.line), width - 2)}", "muted"))
    who = (
        f" by {visible(found.decided_by)} {ago(found.decided_at, now)} ago"
        if found.decided_by and found.decided_at
        else ""
    )
    source = {"proposal": "approved", "operator": "added"}.get(found.source, SOURCES[found.source])
    ended = "not in force any more · " if not found.in_table else ""
    text = f" {ended}grant {short_id(found.grant)}, {source}{who} · {visible(found.host)} {visible(found.rules)}"
    return row(Span(cut(text, width), "accent" if found.in_table else "muted"))
