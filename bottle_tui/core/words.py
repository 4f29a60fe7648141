"""Amounts, states and causes as people read them. Imports nothing, so that a status bar's start stays short."""

WHY = {
    "dropped": "events were dropped by the gate",
    "rotated": "the log was rotated before it was counted",
    "restarted": "the gate started anew; the bytes of what was under way are not counted",
    "not_drained": "the bottle ended before its log was counted",
}
"""Why a count of traffic is too low."""


def size(count: int) -> str:
    """Bytes in one unit: "512 B", "1.2 kB", "3.4 MB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{count} B"


def plain(state: str) -> str:
    """A state as people say it: "needs tokens"."""
    return "not known" if state == "unknown" else state.replace("_", " ")


def counted(count: object, noun: str) -> str:
    """ "1 stream", "2 streams"; what is no number stands as it is."""
    return f"{count} {noun}{'s' * (count != 1)}"
