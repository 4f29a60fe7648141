"""Denied and not asked for, as rows: the pane of wide screens, the list, the words in the tabs."""

from datetime import datetime

from bottle_tui.core import evidence_text
from bottle_tui.core.evidence import DeniedGroup
from bottle_tui.core.text import visible
from bottle_tui.core.timers import Ending
from bottle_tui.core.words import counted
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.standing import Key, key_of
from bottle_tui.tui.presentation.rows import Row, Span, cut, cut_list, cut_middle, fit, fit_row, row, rule, wrapped
from bottle_tui.tui.presentation.times import age, ago, clock, day_clock, stale

STALE = 90.0
"""Seconds after which a list that nobody could read anew is "not known"."""


def count(board: Board) -> int:
    """How many denials nobody asked for, background left out."""
    return sum(group.count for group in board.denied if not group.background)


def summary(board: Board, view: str) -> Row:
    """For the tabs: how many denials in how many groups, and the key where it opens them; nothing without any."""
    groups = [group for group in board.denied if not group.background]
    if not groups:
        return ()
    words = f"not asked: {count(board)} in {sum(group.groups for group in groups)} ▸ "
    key = (Span("p ", "key"),) if view == "inbox" else ()
    return row(*key, Span(words, "muted" if board.standing.trouble else "warn"))


def heard(board: Board) -> str:
    """How old the list is."""
    at = board.standing.at
    if at is None:
        return (board.standing.trouble and "not known") or "looking…"
    return f"{'not known for' if stale(at, board.now, STALE) else ''} {ago(at, board.now)}".strip() + (
        "" if stale(at, board.now, STALE) else " ago"
    )


def group_row(group: DeniedGroup, now: datetime, width: int, *, selected: bool = False) -> Row:
    """Bottle, age of the latest, count, method, host and its most frequent path."""
    mark = Span("▶ " if selected else "  ", "accent")
    if group.background:
        text = f"{visible(group.slug)}: {group.count}× background, {visible(group.problem)}"
        return fit_row(row(mark, Span(cut(text, width - 3), "faint")), width)
    if group.more:
        text = f"{visible(group.slug)}: and {counted(group.more, 'more group')}, {group.count}×"
        return fit_row(row(mark, Span(cut(text, width - 3), "muted")), width)
    slug = Span(fit(visible(group.slug), 10) + " ", "strong" if selected else "plain")
    since = Span(f"{age(group.last, now):>6} ", "muted")
    count = Span(f"{group.count:>5}× ", "accent")
    method = Span(fit(visible(group.method), 7) + " ", "muted")
    room = width - 2 - 11 - 7 - 7 - 8
    shown = _host(group, now, room)
    style = "muted" if group.fit is None else "strong" if selected else "plain"
    return fit_row(row(mark, slug, since, count, method, Span(fit(shown, room), style)), width)  # type: ignore[arg-type]


def _host(group: DeniedGroup, now: datetime, room: int) -> str:
    """Of its host with what became of its grant, or else its most frequent path, as much as there is room for."""
    host = visible(group.host)
    if group.over is not None:
        at = "" if group.over.how == "used up" else f" {day_clock(group.over.at, now, brief=True)}"
        note = f" {group.over.how}{at}" if len(host) + len(group.over.how) + len(at) < room else f" {group.over.how}"
        return cut_middle(host, room - 1 - len(note)) + note
    path = f" {visible(group.paths[0][0])}" if group.paths and room > 50 else ""
    return host + path if len(host + path) <= room else cut_middle(host, room - 1)


def pane_rows(board: Board, width: int, most: int) -> list[Row]:
    """For the left of a wide screen: the groups that wait for nobody, background in one line."""
    loud = [group for group in board.denied if not group.background]
    quiet = sum(group.count for group in board.denied if group.background)
    if not loud and not quiet and not board.standing.trouble:
        return []
    rows = [rule("denied, not asked", f"{heard(board)} · p", width)]
    shown = [group for group in loud if not group.more][: most - 1 if len(loud) > most else most]
    rows += [group_row(group, board.now, width) for group in shown]
    if left := sum(group.groups for group in loud) - len(shown):
        rows.append(row(Span(f"  and {counted(left, 'more group')}", "muted")))
    if quiet:
        rows.append(row(Span(f"  {quiet}× background: the agents' own knocking", "faint")))
    if board.standing.trouble:
        rows.append(row(Span("  " + cut(visible(board.standing.trouble), width - 3), "danger")))
    return rows


def ending_row(ending: Ending, now: datetime, width: int) -> Row:
    """What runs out, and in how long."""
    if ending.at is None:
        left = f"{ending.uses} use{'s' * (ending.uses != 1)}"
        style = "muted"
    else:
        seconds = (ending.at - now).total_seconds()
        left = age(now, ending.at) if seconds > 0 else "over"
        style = "warn" if seconds < 60 else "muted"
    slug = Span("  " + fit(visible(ending.slug), 10) + " ")
    what = visible(ending.what)
    room = width - 13 - 9 - 12
    host = Span(fit(cut_middle(visible(ending.host), room - 1), room))
    return fit_row(row(slug, Span(f"{left:>7}  ", style), host, Span(fit(what, 11), "muted")), width)  # type: ignore[arg-type]


def ending_rows(board: Board, width: int, most: int) -> list[Row]:
    """Timers that run out, the next one first."""
    endings = board.standing.running_out(board.only, board.now)
    if not endings:
        return []
    return [rule("running out", "", width), *(ending_row(each, board.now, width) for each in endings[:most])]


def list_rows(board: Board, selected: Key | None, width: int) -> list[Row]:
    """Every group, for the list; background last."""
    return [group_row(group, board.now, width, selected=key_of(group) == selected) for group in board.denied]


def detail_rows(group: DeniedGroup, now: datetime, width: int) -> list[Row]:
    """What is known of one group, and what `enter` would file."""
    since = f"first {clock(group.first)}, last {ago(group.last, now)} ago: {visible(group.reason)}"
    title = f"{group.more} more" if group.more else f"{visible(group.method)} {visible(group.host)}".strip()
    rows = [rule(title or "background", since, width)]
    for path, count in group.paths:
        rows.append(row(Span(f"  {count:>5}×  ", "muted"), Span(cut(visible(path), width - 12))))
    if group.over is not None:
        ended = visible(evidence_text.over(group.over, lambda at: day_clock(at, now)))
        rows += [row(Span(f"  {line}", "warn")) for line in wrapped(ended, width - 4)]
    if group.fit is None:
        return rows + [row(Span(f"  {line}", "warn")) for line in wrapped(visible(group.problem), width - 4)]
    paths = cut_list(", ".join(visible(path) for path in group.fit.paths) or "every path", max(2 * width - 60, 20))
    methods = ", ".join(visible(method) for method in group.fit.methods) or "every method"
    line = f"the narrowest route: {methods} {paths} on {', '.join(map(str, group.fit.ports))}"
    rows += [row(Span(f"  {piece}", "ok")) for piece in wrapped(line, width - 4)]
    if group.unseen is None:
        return rows
    beside = cut(visible(evidence_text.unseen(group.unseen)), 2 * width - 30)
    return rows + [row(Span(f"  {piece}", "warn")) for piece in wrapped(beside, width - 4)]
