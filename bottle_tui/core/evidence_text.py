"""Evidence as short lines, the same on the card and on the command line. Pure; hosts and paths in them are foreign."""

from collections.abc import Callable
from datetime import datetime

from bottle_tui.core.evidence import Elsewhere, Evidence, Over, Prior, Replay, Unseen, Use
from bottle_tui.core.words import counted

SHOWN = 4
CUT_SHORT = "the gate's newest events cannot be read"
type Clock = Callable[[datetime], str]
"""How a time of day is written where the reader is: what is pure knows no time zone."""


def lines(found: Evidence, now: datetime, clock: Clock) -> tuple[str, ...]:
    """Every line that says something: seen, replay, not seen, covers, elsewhere, before, used, scanned. `clock` writes
    times of day."""
    said = [
        seen(found, now),
        *([replay(found.replay, clock)] if found.replay else []),
        *([unseen(found.unseen)] if found.unseen else []),
        *(f"covers {each.grant} on {each.host}: {each.text}" for each in found.subsumes[:SHOWN]),
        *(elsewhere(each, now) for each in found.elsewhere[:SHOWN]),
        *(prior(each, now) for each in found.prior[:SHOWN]),
        *(f"{use.grant} on this host: {used(use, now)}" for use in found.uses[:SHOWN]),
        scanned(found),
    ]
    return tuple(line for line in said if line)


def first_and_last(found: Evidence) -> tuple[datetime, datetime]:
    """When the host was denied first and last; only where it was."""
    loud = [group for group in found.groups if not group.background]
    return min(group.first for group in loud), max(group.last for group in loud)


def seen(found: Evidence, now: datetime) -> str:
    """How often the host was denied, when, and where; "no such denial seen"; "not known"."""
    if not found.known:
        return "what was denied is not known: the gate's events cannot be read"
    if found.cut_short and not found.denied:
        return f"what was denied is not known: {CUT_SHORT}"
    if not found.denied:
        return "no such denial seen" + (", but for the agent program's own knocking" if found.groups else "")
    shown = [group for group in found.groups if not group.background and group.prefix is not None][:SHOWN]
    where = ", ".join(f"{group.method} {group.prefix} {group.count}" for group in shown)
    first, last = (span(now, at) for at in first_and_last(found))
    when = f"last {last} ago" if found.denied == 1 else f"first {first} ago, last {last} ago"
    least = "at least " if found.cut_short else ""
    rest = f"; {CUT_SHORT}" if found.cut_short else ""
    return f"denied {least}{found.denied}×, {when}" + (f": {where}" if where else "") + rest


def replay(found: Replay, clock: Clock) -> str:
    """What the candidate would have let through."""
    since = f" since {clock(found.since)}" if found.since else ""
    if found.cut_short and not found.total:
        return f"replay: not known: {CUT_SHORT}"
    if not found.total:
        return f"replay: no denials{since} to try it on"
    since += ", as far as they could be read" if found.cut_short else ""
    rest = f"; {found.unread} repeats there have no path" if found.unread else ""
    asked = "all asked for" if not found.unasked else f"{found.unasked} of them not asked for"
    return (
        f"replay: admits {found.admits} of {found.total} denials{since}" + (f", {asked}" if found.admits else "") + rest
    )


def unseen(found: Unseen) -> str:
    """What the candidate admits that nobody tried."""
    rest = found.count - len(found.some)
    which = ", ".join(found.some) + (f", {rest} more" if rest else "")
    return f"also admits {counted(found.count, 'combination')} not seen: {which}"


def over(found: Over, clock: Clock) -> str:
    """What became of the grant that there was."""
    match found.how:
        case "ran out":
            return f"its grant ran out at {clock(found.at)}"
        case "used up":
            return "its grant was used up"
    return f"its grant was revoked at {clock(found.at)}" + (f" by {found.by}" if found.by else "")


def elsewhere(found: Elsewhere, now: datetime) -> str:
    """Who else has the host."""
    had = f" {span(now, found.since)}" if found.since else ""
    uses = "" if found.uses is None else f" ({found.uses} uses)"
    return f"{found.slug} has had it{had}{uses}"


def prior(found: Prior, now: datetime) -> str:
    """What was decided before, and what came after."""
    word = {"rejected": "refused", "ended": "approved and ended"}.get(found.status, found.status)
    reason = f": {found.reason}" if found.reason else ""
    again = f"; asked again {found.again}×" if found.again else ""
    return f"{word} {span(now, found.at)} ago by {found.by} ({found.asked}){reason}{again}"


def used(use: Use, now: datetime) -> str:
    """What a grant has admitted, "never used" included."""
    if not use.requests:
        return f"never used{f' in {span(now, use.since)}' if use.since else ''}"
    return f"used {use.requests}×" + (f", last {span(now, use.last)} ago" if use.last else "")


def scanned(found: Evidence) -> str:
    """What scanning has cost on this host."""
    if found.scan is None or not found.scan[0]:
        return ""
    requests, size, ms = found.scan
    cost = f"scanning has cost {ms / 1000:.1f} s on {counted(requests, 'request')}"
    return cost + (f", {ms / 1000 / (size / 1_000_000):.1f} s per MB" if size >= 1_000_000 else "")


def span(now: datetime, then: datetime) -> str:
    """A length of time in one unit: "38 s", "40 min", "3 h", "3 d"."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 7_200), ("min", 120)):
        if seconds >= size:
            return f"{seconds // {'d': 86_400, 'h': 3_600, 'min': 60}[unit]} {unit}"
    return f"{seconds} s"
