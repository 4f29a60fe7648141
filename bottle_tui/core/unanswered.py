"""For how long an ask waits for somebody. Pure, and light: a status bar asks it every few seconds."""

from datetime import datetime, timedelta

A_DAY = timedelta(hours=24)


def since(seen_at: datetime, decided_at: datetime | None) -> datetime:
    """From when it has waited: from when it was seen, or from what was tried with it last, or when it was reopened."""
    return seen_at if decided_at is None else max(seen_at, decided_at)


def is_over(waited_since: datetime, now: datetime) -> bool:
    """Whether it has waited for long enough: nobody will answer it any more."""
    return now - waited_since >= A_DAY
