"""Bytes, counts and ids as the looking views write them."""

from bottle_tui.core.text import visible


def size(count: int) -> str:
    """Bytes in one unit: "512 B", "1.2 kB", "3.4 MB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{count} B"


def short_id(id: str) -> str:
    """The end of a ULID, which tells it from others; a short id whole."""
    shown = visible(id)
    return shown if len(shown) <= 12 else f"…{shown[-6:]}"
