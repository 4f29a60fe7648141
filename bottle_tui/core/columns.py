"""Evidence in the columns of a card: for each of its facts what was seen, and what was decided before. Pure.

"no such denial seen" is said only of events that were read; what was not read is "not known". Text in it is foreign.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bottle_tui.core import evidence_text as text
from bottle_tui.core.evidence import Evidence, Group, Prior, Replay, Unseen
from bottle_tui.core.evidence_text import Clock
from bottle_tui.core.views import Fact

LOOKING = "looking…"
UNKNOWN = "not known"
SHOWN = 3


def with_evidence(
    facts: Iterable[Fact],
    found: Evidence | None,
    now: datetime,
    *,
    slug: str = "",
    clock: Clock,
    exact: bool = True,
    trouble: str = "",
) -> tuple[Fact, ...]:
    """The facts with their second column. `clock`: how the reader's clock writes a time of day; `exact`: whether the
    evidence is about this very edit; `trouble`: why there is none."""
    rows = []
    for fact in facts:
        seen = _of(fact, found, now, slug, exact, clock) if found else _absent(fact, trouble)
        rows.append(replace(fact, seen=seen[0], shorter=seen[1:]) if seen else fact)
        if fact.name == "method" and exact and found and found.unseen:
            rows.append(also(found.unseen))
    return (*rows, Fact("before", before(found.prior, now))) if found and found.prior else tuple(rows)


def also(found: Unseen) -> Fact:
    """What the candidate admits that nobody tried: each of its methods goes on each of its paths."""
    forms = _listed(found.some, found.count, len(found.some))
    return Fact("also", f"{found.count} not seen", forms[0], shorter=forms[1:])


def _listed(items: Sequence[str], count: int, most: int) -> tuple[str, ...]:
    """So many of them by name and how many more there are, then fewer and fewer."""
    return tuple(
        ", ".join(items[:some]) + (f", {count - some} more" if count > some else "")
        for some in range(min(most, len(items)), 0, -1)
    )


def before(known: Sequence[Prior], now: datetime) -> str:
    """The last decision about this host, with what an operator needs first: what, when, why, and how often since."""
    last = known[0]
    word = {"rejected": "refused", "ended": "approved and ended"}.get(last.status, last.status)
    why = f": {last.reason}" if last.reason else ""
    again = f"; asked again {last.again}×" if last.again else ""
    others = f"; {len(known) - 1} more" if len(known) > 1 else ""
    return f"{word} {text.span(now, last.at)} ago{why}{again}{others}, by {last.by} ({last.asked})"


def replay(found: Replay, clock: Clock) -> tuple[str, ...]:
    """What the candidate would have let through, and since when that is known."""
    if found.cut_short and not found.total:
        return (f"replay: {UNKNOWN}: {text.CUT_SHORT}", f"replay: {UNKNOWN}")
    if not found.total:
        return ("replay: no denials to try it on",)
    since = f" since {clock(found.since)}" if found.since else ""
    since += ", newest not read" if found.cut_short else ""
    asked = "all asked for" if not found.unasked else f"{found.unasked} not asked for"
    asked = f", {asked}" if found.admits else ""
    unread = f", {found.unread} repeats there have no path" if found.unread else ""
    of = f"{found.admits} of {found.total}"
    brief = (f"{of}{since}, {found.unasked} unasked",) if found.admits and found.unasked else ()
    long, mid, short = (f"replay: {words}{since}" for words in (f"admits {of} denials", f"admits {of}", of))
    return (long + asked + unread, mid + asked + unread, mid + asked, short + asked, *brief, short, of + since)


def _absent(fact: Fact, trouble: str) -> tuple[str, ...]:
    """While nothing was read, or where it could not be."""
    if fact.name not in ("host", "path", "method", "until"):
        return ()
    if not trouble:
        return (LOOKING,)
    return (f"{UNKNOWN}: {trouble}",) if fact.name == "path" else (UNKNOWN,)


def _of(fact: Fact, found: Evidence, now: datetime, slug: str, exact: bool, clock: Clock) -> tuple[str, ...]:
    """What was seen of it, in fewer and fewer words; nothing where there is nothing to say."""
    match fact.name:
        case "host":
            return (host(found, now, slug),)
        case "path":
            return paths(found, fact.set or fact.asked, now)
        case "method":
            return methods(found)
        case "auth":
            cost = text.scanned(found)
            return (f"scanned: {cost.removeprefix('scanning ')}",) if cost and fact.seen.startswith("scanned") else ()
        case "until":
            if not exact:
                return ("replay: computing…",)
            if found.replay:
                return replay(found.replay, clock)
            return () if found.known else (f"replay: {UNKNOWN}",)
    return ()


def host(found: Evidence, now: datetime, slug: str) -> str:
    """Whether it is new here, what its grants were used for, which of them the ask covers, and who else has it."""
    here = f"new for {slug}" if slug else "new here"
    if found.uses:
        used = sum(use.requests for use in found.uses)
        last = max((use.last for use in found.uses if use.last), default=None)
        ago = f", last {text.span(now, last)} ago" if last else ""
        here = f"{len(found.uses)} grant{'s' * (len(found.uses) > 1)} here, " + (
            f"used {used}×{ago}" if used else "never used"
        )
    others = [text.elsewhere(each, now) for each in found.elsewhere[:2]]
    more = [f"{len(found.elsewhere) - 2} more have it"] if len(found.elsewhere) > 2 else []
    covers = [f"this covers {' '.join(each.grant for each in found.subsumes[:2])}"] if found.subsumes else []
    return "; ".join([here, *covers, *others, *more])


def paths(found: Evidence, asked: str, now: datetime) -> tuple[str, ...]:
    """How often the host was denied, how long ago the last time, and where."""
    if not found.known:
        return (f"{UNKNOWN}: the gate's events cannot be read",)
    if found.cut_short and not found.denied:
        return (f"{UNKNOWN}: {text.CUT_SHORT}", UNKNOWN)
    if not found.denied:
        return ("no such denial seen" + (" (but its own knocking)" if found.groups else ""),)
    _, last = text.first_and_last(found)
    ago = text.span(now, last)
    least = "at least " if found.cut_short else ""
    often = f"seen {least}{found.denied}× denied, last {ago} ago"
    counts = _by_folder(found.groups, asked)
    named = _listed([f"{path} {count}" for path, count in counts], len(counts), SHOWN)
    return (*(f"{often}: {where}" for where in named), often, f"{'≥' if least else ''}{found.denied}×, {ago} ago")


def _by_folder(groups: Iterable[Group], asked: str) -> list[tuple[str, int]]:
    """Counts by the whole paths where they are few, shortened by what was asked; else by their first segments."""
    counts: Counter[str] = Counter()
    for group in groups:
        if group.background or group.prefix is None:
            continue
        known = sum(count for _, count in group.paths)
        for path, count in group.paths:
            counts[_short(path, asked)] += count
        if group.count > known:
            counts[_short(group.prefix, asked)] += group.count - known
    return counts.most_common()


def _short(path: str, asked: str) -> str:
    if asked.endswith("/") and path.startswith(asked) and path != asked:
        return path.removeprefix(asked)
    return path


def methods(found: Evidence) -> tuple[str, ...]:
    """Which methods were denied, with their counts."""
    if not found.known:
        return (UNKNOWN,)
    counts: Counter[str] = Counter()
    for group in found.groups:
        if not group.background:
            counts[group.method] += group.count
    if not counts:
        return (UNKNOWN if found.cut_short else "none seen",)
    listed = ", ".join(f"{method} {count}" for method, count in counts.most_common(5))
    listed += ", no other" if len(counts) <= 5 and not found.cut_short else ""
    return (f"seen {listed}", listed)
