"""Traffic of a bottle, kept per minute for 30 days under its folder: drained from the gate's log, added up on demand.

Whoever is there drains: dashboards, commands, `down`. Twice is as good as once; what nobody counted is a gap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from bottle_tui.core import counting, rollup, rollup_file
from bottle_tui.core.counting import Batch, Cursor
from bottle_tui.core.denials import reaches
from bottle_tui.core.evidence import Use
from bottle_tui.core.rollup import Gap, Row
from bottle_tui.core.traffic import HostTraffic, by_host
from bottle_tui.errors import BottleError, SidecarUnreachable
from bottle_tui.ports import BottleHome, Sidecar, World
from bottle_tui.services import backlog, lookup
from bottle_tui.services.rounds import Rounds
from sidecar_addon import hosts
from sidecar_addon.times import parse_time

FOLDER = "traffic"
CURSOR = f"{FOLDER}/cursor.json"
SOURCE = "the traffic kept per minute on this host"
KEPT = timedelta(days=30)
MAX_LINES = 100_000
"""Of one drain; the next goes on from there."""
SECONDS = 5.0
_SLACK = timedelta(seconds=2)
_DAY_BYTES = 1024 * 1024
"""A day's file that grows past this is added up anew."""
_DAY_ROWS = 10_000


@dataclass(frozen=True)
class Traffic:
    """What was counted since a moment: `rows` by kind, `hosts` added up, `gaps` where not everything was counted."""

    slug: str
    lines: int
    """Rows per minute that this is made of."""
    hosts: tuple[HostTraffic, ...]
    rows: tuple[Row, ...] = ()
    gaps: tuple[Gap, ...] = ()
    since: datetime | None = None
    remark: str | None = None
    """Why the newest could not be counted, if it could not."""


def traffic(world: World, slug: str, *, since: datetime | None = None, host: str | None = None) -> Traffic:
    """Drain what is new, then add up. `host` may be a wildcard. Raises NotFound for a slug never seen, UsageError."""
    lookup.home_of(world, slug)
    remark = drain(world, slug)
    rows, gaps = kept(world, slug, since)
    chosen = [row for row in rows if host is None or _is(host, row.host)]
    totals = rollup.summed(chosen)
    return Traffic(slug, len(chosen), tuple(by_host(totals)), tuple(totals), tuple(gaps), since, remark)


def uses(world: World, slug: str) -> dict[str, Use]:
    """What each grant has admitted, as far as it was counted; nothing is drained."""
    rows, _ = kept(world, slug, None)
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.grant is not None and row.reason is None:
            found.setdefault(row.grant, []).append(row)
    return {grant: _use(grant, listed) for grant, listed in found.items()}


def drain(world: World, slug: str) -> str | None:
    """Count what is new; None, or one line on why not all of it could be counted now. Never waits long for the lock."""
    if world.read_only:
        return "read-only: counted as far as others have"
    try:
        if (new := _uncounted(world, slug)) is None:
            return None
        with new.home.lock(timeout=1.0):
            _absorb(world, new)
    except BottleError as error:
        return str(error)
    return new.found.problem or None


def aside(world: World, slugs: Iterable[str]) -> Rounds[str | None]:
    """Count many at once beside whatever else is done: `settled` waits for them, and nobody has to."""
    rounds = Rounds[str | None]()
    rounds.ask({slug: partial(drain, world, slug) for slug in slugs}, 0.0)
    return rounds


def close(world: World, slug: str) -> str | None:
    """The last drain of an incarnation, under the bottle's lock: what comes later is another log."""
    try:
        if (new := _uncounted(world, slug)) is None:
            return None
        _absorb(world, new, closing=True)
    except BottleError as error:
        return str(error)
    return new.found.problem or None


@dataclass(frozen=True)
class _Uncounted:
    """What the log of one incarnation says since it was last counted."""

    home: BottleHome
    found: backlog.Backlog
    incarnation: str


def _uncounted(world: World, slug: str) -> _Uncounted | None:
    """None where no gate has begun yet."""
    record = lookup.find(world, slug)
    if record is None or record.details.get("starting"):
        return None
    home = world.home.bottle(slug)
    egress = lookup.runtime_of(world, record).sidecar(record, "egress")
    return _Uncounted(home, _new(world, egress, _cursor(home)), record.incarnation)


def _new(world: World, egress: Sidecar, cursor: Cursor) -> backlog.Backlog:
    """What the log says since the cursor; all of it where it seems not to reach back, to be sure of that.

    Raises SidecarUnreachable where it broke off before it could: what lies between is not gone.
    """
    since = parse_time(cursor.seen[0][0]) - _SLACK if cursor.seen else None
    found = backlog.read(world.clock, egress, limit=MAX_LINES, seconds=SECONDS, since=since)
    if since is not None and not counting.reaches_back(cursor, found.events):
        found = backlog.read(world.clock, egress, limit=MAX_LINES, seconds=SECONDS)
        if found.broke_off and not counting.reaches_back(cursor, found.events):
            raise SidecarUnreachable(found.problem)
    return found


def _absorb(world: World, new: _Uncounted, *, closing: bool = False) -> None:
    """Append the batch, then move the cursor: a batch without its cursor was never counted and is taken out again."""
    cursor = _cursor(new.home)
    batch = counting.absorb(cursor, new.found.events, new.incarnation)
    batch = replace(batch, cursor=replace(batch.cursor, closed=closing and new.found.whole))
    if not batch.rows and not batch.gaps and batch.cursor == replace(cursor, number=batch.cursor.number):
        return
    _keep(world, new.home, batch, cursor)


def _keep(world: World, home: BottleHome, batch: Batch, before: Cursor) -> None:
    name = f"{FOLDER}/{world.clock.now().astimezone(UTC):%Y-%m-%d}.jsonl"
    data = home.read(name)
    if data is None:
        _tidy(world, home, before.number)
    elif _newest(data) > before.number or len(data) > _DAY_BYTES:
        home.write(name, _compact(data, before.number))
    if batch.rows or batch.gaps:
        home.append(name, rollup_file.line(batch.cursor.number, batch.rows, batch.gaps))
    home.write(CURSOR, rollup_file.render_cursor(batch.cursor))


def _newest(data: bytes) -> int:
    """The number of the last batch of a day's file; 0 where it cannot be read."""
    last = data.rstrip(b"\n").rpartition(b"\n")[2]
    head = last[:40].removeprefix(b'{"n":').partition(b",")[0]
    return int(head) if head.isdigit() else 0


def _compact(data: bytes, newest: int) -> bytes:
    rows, gaps = rollup_file.read(data, newest)
    return rollup_file.line(newest, rollup.bounded(rollup.added(rows), _DAY_ROWS), gaps[-1_000:]) + b"\n"


def _tidy(world: World, home: BottleHome, newest: int) -> None:
    """On the first batch of a day: days that are over are added up, and those past their time go."""
    oldest = f"{world.clock.now() - KEPT:%Y-%m-%d}"
    days = _days(home)
    for name in days:
        if name < oldest:
            home.delete(f"{FOLDER}/{name}")
    for name in days[-1:]:
        data = home.read(f"{FOLDER}/{name}")
        if name >= oldest and data is not None and data.count(b"\n") > 1:
            home.write(f"{FOLDER}/{name}", _compact(data, newest))


def _days(home: BottleHome) -> list[str]:
    return [name for name in home.names(FOLDER) if name.endswith(".jsonl")]


def kept(world: World, slug: str, since: datetime | None) -> tuple[list[Row], list[Gap]]:
    """Rows per minute and gaps from the files, since a moment; at most 30 days."""
    home = world.home.bottle(slug)
    newest = _cursor(home).number
    start = max(since or world.clock.now() - KEPT, world.clock.now() - KEPT).astimezone(UTC)
    rows: list[Row] = []
    gaps: list[Gap] = []
    for name in _days(home):
        if name[:10] < f"{start:%Y-%m-%d}":
            continue
        data = home.read(f"{FOLDER}/{name}") or b""
        more, holes = _read(data, min(newest, _newest(data) or newest))
        rows += more
        gaps += holes
    begin = f"{start:%Y-%m-%dT%H:%M}"
    return [row for row in rows if row.minute >= begin], [gap for gap in gaps if gap.end >= begin]


@lru_cache(maxsize=64)
def _read(data: bytes, newest: int) -> tuple[tuple[Row, ...], tuple[Gap, ...]]:
    """A day that is over is read once: `newest` is at most its own last, and not that of every count since."""
    rows, gaps = rollup_file.read(data, newest)
    return tuple(rows), tuple(gaps)


def _cursor(home: BottleHome) -> Cursor:
    return rollup_file.parse_cursor(home.read(CURSOR))


def _use(grant: str, rows: Sequence[Row]) -> Use:
    return Use(
        grant,
        sum(row.count for row in rows),
        sum(row.bytes_up for row in rows),
        sum(row.bytes_down for row in rows),
        _moment(min(row.first for row in rows)),
        _moment(max(row.last for row in rows)),
    )


def _moment(text: str) -> datetime | None:
    return parse_time(text) if text else None


def _is(pattern: str, host: str) -> bool:
    try:
        return reaches(hosts.normalise_pattern(pattern), host)
    except hosts.HostError:
        return pattern == host
