"""From event lines to a window of evidence: denials as values, and who came back for an answer. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bottle_tui.core.evidence import Denial, Window
from sidecar_addon.times import parse_time

type Event = Mapping[str, Any]


def window(gate: Iterable[Event], supervise: Iterable[Event]) -> Window:
    """What these events say. Lines of another kind or shape are left out."""
    timed = [(moment, event) for event in gate if (moment := _moment(event)) is not None]
    own = {str(event.get("host")) for _, event in timed if event.get("background") is True}
    denials = (denial for moment, event in timed for denial in _denials(moment, event, own))
    return Window(
        known=True,
        denials=tuple(denials),
        since=timed[0][0] if timed else None,
        until=timed[-1][0] if timed else None,
        dropped=sum(_number(event, "count", 0) for _, event in timed if event.get("event") == "dropped"),
        again=_again(supervise),
    )


def _denials(moment: datetime, event: Event, own: set[str]) -> Iterator[Denial]:
    """What one line tells. Merged repeats say where the most frequent were; those beyond have no path."""
    whole = _denial(moment, event, own)
    if whole is None:
        return
    left = whole.count
    listed = event.get("paths") if event.get("event") == "denied_more" else None
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("path"), str) and left:
            where = {name: each[name] for name in ("path", "port", "scheme", "count") if name in each}
            part = _denial(moment, {**event, **where}, own)
            if part is not None:
                yield replace(part, count=min(part.count, left))
                left -= min(part.count, left)
    if left:
        yield replace(whole, count=left)


def _denial(moment: datetime, event: Event, own: set[str]) -> Denial | None:
    kind, host = event.get("event"), event.get("host")
    if kind not in ("denied", "denied_more") or not isinstance(host, str):
        return None
    path = event.get("path")
    return Denial(
        at=moment,
        host=host,
        method=str(event.get("method") or ""),
        path=path if isinstance(path, str) else None,
        reason=str(event.get("reason") or "unknown"),
        scheme=str(event.get("scheme") or "https"),
        port=_number(event, "port", 443),
        count=_number(event, "count", 1) if kind == "denied_more" else 1,
        background=host in own,
        pipelock=event.get("layer") == "pipelock" or event.get("reason") == "pipelock",
    )


def _again(supervise: Iterable[Event]) -> dict[str, int]:
    """A call that comes after the decision is one more ask; the one that the decision woke has waited before."""
    decided: set[str] = set()
    counts = Counter[str]()
    for event in supervise:
        identity, kind = event.get("id"), event.get("event")
        if not isinstance(identity, str):
            continue
        if kind == "decision_loaded":
            (decided.discard if event.get("status") == "pending" else decided.add)(identity)
        elif kind == "waiting" and identity in decided:
            counts[identity] += 1
    return dict(counts)


def _moment(event: Event) -> datetime | None:
    try:
        return parse_time(str(event.get("time")))
    except ValueError:
        return None


def _number(event: Event, name: str, otherwise: int) -> int:
    value = event.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise
