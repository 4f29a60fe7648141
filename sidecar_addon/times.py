"""Moments as text, in files and events. Imports next to nothing, so that a status bar's start stays short."""

from datetime import UTC, datetime


def iso(moment: datetime | None) -> str | None:
    """UTC with milliseconds and a Z, or None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """An ISO 8601 moment with a zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone; write it in UTC with a Z at the end")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of the calendar's range") from None
