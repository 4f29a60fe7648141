"""What was decided, as rows."""

from datetime import datetime

from bottle_tui.core.deeds import Deed
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
    rule,
    spread,
)
from bottle_tui.tui.presentation.times import day_clock

VERB_STYLES: dict[str, Style] = {
    "approved": "ok", "rejected": "warn", "revoked": "warn", "quarantined": "danger", "ended": "muted",
    "started": "ok", "stopped": "muted", "removed": "muted",
}  # fmt: skip


def deed_row(deed: Deed, now: datetime, width: int, *, selected: bool, doing: str = "") -> Row:
    """When, who, what, about what, how it ended, and the key that takes it back."""
    mark = Span("▶ " if selected else "  ", "accent")
    brief = width < 100
    when = Span(fit(day_clock(deed.at, now, brief=brief), 6 if brief else 12), "muted")
    who = Span(fit(cut(visible(deed.actor), 9), 10), "plain") if width >= 76 else Span("")
    verb = Span(fit(visible(deed.said), 12), VERB_STYLES.get(deed.verb, "accent") if deed.ok is not False else "danger")
    key = f"{doing}… " if doing else "u revoke " if deed.undo else "o reopen " if deed.reopen else ""
    tail = (Span(key[:1], "key"), Span(key[1:], "plain")) if not doing else (Span(key, "accent"),)
    room = width - 2 - len(when.text) - len(who.text) - 12
    what_room = min(max(room * 2 // 5, 20), 44)  # the same in every row, with a key at its end or not
    room -= len(key)
    what = Span(fit(cut_middle(visible(deed.what), what_room - 1), what_room), "strong" if selected else "plain")
    result, style = _result(deed)
    return fit_row((mark, when, who, verb, what, Span(fit(result, room - what_room), style), *tail), width)


def _result(deed: Deed) -> tuple[str, Style]:
    told = visible(deed.told)
    if deed.ok is None:
        return told, "warn"
    if not deed.ok:
        return f"✗ {told}", "danger"
    if deed.verb in ("approved", "revoked", "routes", "pipelock", "started") and told:
        return f"✓ {told}", "muted"
    return told, "muted"


def ledger_head(count: int, find: str, active: bool, trouble: str, width: int) -> Row:
    """The rule above the ledger."""
    if trouble:
        return rule("decisions", cut(visible(trouble), max(width - 20, 0)), width, "warn")
    filtered = f"/{visible(find)} · " if find else ""
    return rule("decisions", f"{filtered}{count}", width, "title" if active else "muted")


def slug_row(slugs: list[str], slug: str | None, width: int) -> Row:
    """Whose history."""
    if slug is None:
        return fit_row(row(Span(" no bottle was ever here: there is no history", "muted")), width)
    place = f" {slugs.index(slug) + 1}/{len(slugs)}" if slug in slugs and len(slugs) > 1 else ""
    return spread((Span(" "), Span(visible(slug), "strong"), Span(place, "muted")), row(Span("")), width)
