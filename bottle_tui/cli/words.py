"""Numbers as people read them."""

from datetime import datetime


def age(now: datetime, then: datetime | None) -> str:
    """How long ago, in one unit: "12s", "3m", "5h", "2d"."""
    if then is None:
        return "–"
    seconds = max(int((now - then).total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def size(count: int) -> str:
    """Bytes in one unit: "512 B", "1.2 kB", "3.4 MB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{count} B"
