"""Ages and times of day as the screen writes them."""

from datetime import datetime, timedelta


def age(since: datetime, now: datetime) -> str:
    """Short and of even width in a column: "0m38", "2m10", "1h05", "3d04"."""
    seconds = max(int((now - since).total_seconds()), 0)
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}"
    if seconds < 86400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02d}"
    return f"{seconds // 86400}d{seconds % 86400 // 3600:02d}"


def ago(since: datetime, now: datetime) -> str:
    """In a sentence: "2 s", "38 s", "4 min", "3 h", "2 d"."""
    seconds = max(int((now - since).total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def left(until: datetime, now: datetime) -> str:
    """A countdown: "14 min left", "38 s left", "ended"."""
    seconds = (until - now).total_seconds()
    if seconds <= 0:
        return "ended"
    if seconds < 120:
        return f"{int(seconds)} s left"
    return f"{int(seconds // 60)} min left" if seconds < 7200 else f"{int(seconds // 3600)} h left"


def clock(at: datetime) -> str:
    """The local time of day."""
    return at.astimezone().strftime("%H:%M")


def stale(as_of: datetime | None, now: datetime, limit: float = 10.0) -> bool:
    """Whether nothing has been heard for so long that the state is not known."""
    return as_of is None or now - as_of > timedelta(seconds=limit)


def day_clock(at: datetime, now: datetime, *, brief: bool = False) -> str:
    """The time of day, with the date where it is another day; brief: the one or the other."""
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return clock(at)
    return f"{local:%m-%d}" if brief else f"{local:%m-%d %H:%M}"
