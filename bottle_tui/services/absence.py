"""What happened since a moment: what ran out, what was decided, what flowed. For who comes back to the dashboard."""

from datetime import datetime

from bottle_tui.core.absence import Absence, Happened
from bottle_tui.core.deeds import Deed
from bottle_tui.errors import BottleError
from bottle_tui.ports import World
from bottle_tui.services import history, traffic

MOST = 50
_OVER = ("ended", "superseded")


def since(world: World, left: datetime) -> Absence:
    """Of all bottles; what cannot be read of one is said in the remark."""
    ran_out: list[Happened] = []
    decided: list[Happened] = []
    up = down = requests = 0
    remark = ""
    for name in world.home.slugs():
        try:
            for deed in history.listed(world, name):
                if deed.at < left:
                    break
                line = Happened(deed.at, name, _line(deed))
                (ran_out if deed.verb in _OVER else decided).append(line)
            counted = traffic.traffic(world, name, since=left)
        except BottleError as error:
            remark = f"{name}: {error}"
            continue
        up += sum(row.bytes_up for row in counted.rows)
        down += sum(row.bytes_down for row in counted.rows)
        requests += sum(row.count for row in counted.rows if row.reason is None)
        remark = remark or (f"{name}: some of it was not counted" if counted.gaps else "")
    more = (len(each) - len(_latest(each)) for each in (ran_out, decided))
    return Absence(left, _latest(ran_out), _latest(decided), up, down, requests, remark, *more)


def _line(deed: Deed) -> str:
    by = f" by {deed.actor}" if deed.actor else ""
    return f"{deed.what} {deed.said}{by}" + (f": {deed.told}" if deed.ok is False else "")


def _latest(found: list[Happened]) -> tuple[Happened, ...]:
    return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:MOST])
