"""What is said while nothing is heard: that it is not known, since when, and of an engine that it does not answer."""

from datetime import datetime

from bottle_tui.core.text import visible
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.rows import Row, Span, row, wrapped
from bottle_tui.tui.presentation.times import ago, clock, stale

LINES = 4
"""Rows for what the engine's own line says, which ends in the remedy."""


def unknown_since(board: Board) -> datetime | None:
    """Since when it is not known what waits and what runs; None while it is known, or was not asked for yet."""
    silence = board.silence
    never = board.cards_at is None or board.bottles_at is None
    if silence is not None and (never or stale(silence.since, board.now)):
        return silence.since
    if board.cards_at is None or board.bottles_at is None:
        return None
    heard = min(board.cards_at, board.bottles_at)
    return heard if stale(heard, board.now) else None


def counts(board: Board) -> tuple[Span, Span]:
    """How many wait and how many run, for the title; grey where it is not known any more."""
    unknown, count = unknown_since(board) is not None, len(board.asking)
    silent_or_old = board.silence is not None or stale(board.bottles_at, board.now)
    runs = len([bottle for bottle in board.ours if bottle.state != "stopped"])
    told = f" {count} waiting" if board.cards_at and (count or not unknown) else " ? waiting"
    known = board.bottles_at is not None and not (unknown and silent_or_old)
    bottles = f"{runs} bottle{'s' * (runs != 1)}" if known else "? bottles"
    return Span(told, "accent" if count and not unknown else "muted"), Span(bottles, "muted")


def silent(board: Board) -> Span | None:
    """The title's phrase while the engine does not answer."""
    if board.silence is None or (since := unknown_since(board)) is None:
        return None
    return Span(f"? engine silent, not known for {ago(since, board.now)}", "muted")


def nothing_waits(board: Board, width: int) -> list[Row] | None:
    """What the inbox says instead of "nothing waits", where that is not known any more; None where it is."""
    since = unknown_since(board)
    if since is None:
        return None
    heard = f"since {clock(since)}, {ago(since, board.now)} ago"
    if board.silence is None:
        return [row(), row(Span(f"  What waits is not known: nothing was heard {heard}.", "muted")), row()]
    why = [row(Span(f"  {line}", "muted")) for line in wrapped(visible(board.silence.line), width - 4)[:LINES]]
    return [row(), row(Span(f"  The engine has not answered {heard}: what waits is not known.", "muted")), row(), *why]
