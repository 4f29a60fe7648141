"""What the inbox shows with nothing waiting: what runs, what was denied and not asked, what ends, what was decided."""

from bottle_tui.core.text import visible
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.denied import ending_row, group_row, heard
from bottle_tui.tui.presentation.result_rows import result_row
from bottle_tui.tui.presentation.rows import Row, Span, cut, row
from bottle_tui.tui.presentation.sections import Section, stacked
from bottle_tui.tui.presentation.silence import nothing_waits
from bottle_tui.tui.presentation.standing_rows import decided_row, running_rows

MOST_WIDTH = 120
"""Columns that a line is drawn in: the eye does not find its way over more."""


def empty_rows(board: Board, width: int, height: int) -> list[Row]:
    """With nothing waiting: each of these in its share of the height."""
    is_heard = board.cards_at is not None and board.bottles_at is not None
    first = "Nothing waits for you." if is_heard else "Asking what waits and what runs…"
    unknown = nothing_waits(board, width)
    if unknown and not board.ours:
        return unknown
    rows = unknown[1:2] if unknown else [row(Span(f"  {first}", "strong"))]
    if not is_heard:
        return [row(), *rows]
    width = min(width, MOST_WIDTH)
    rows += no_bottle_rows(board, width)
    missing = _missing(board)
    rows += [row(Span("  " + cut(missing, width - 3), "muted"))] if missing else []
    rows.append(row())
    return rows + stacked(_sections(board, width), width, height - len(rows))


def no_bottle_rows(board: Board, width: int) -> list[Row]:
    """How to start one, where there is none; nothing of the kind while an engine is silent: there may be some."""
    if board.ours:
        return []
    if (unknown := nothing_waits(board, width)) is not None:
        return unknown[1:]
    line = "No bottle yet: bottle-tui up -f bottle.yaml starts one, bottle-tui demo shows it all."
    return [row(Span("  " + cut(line, width - 3), "muted"))]


def _sections(board: Board, width: int) -> list[Section]:
    standing, now = board.standing, board.now
    loud = [group_row(group, now, width) for group in board.denied if not group.background and not group.more]
    beyond = sum(group.more for group in board.denied)
    quiet = sum(group.count for group in board.denied if group.background)
    if quiet:
        loud.append(row(Span(f"  {quiet}× background: the agents' own knocking", "faint")))
    endings = [ending_row(each, now, width) for each in standing.running_out(board.only, now)]
    decided = _decided_rows(board, width)
    return [
        Section("what runs", "", running_rows(board, width)),
        Section("denied, not asked", f"{heard(board)} · p", loud, beyond),
        Section("running out", "", endings),
        Section("last decisions", "5 History", decided),
    ]


def _decided_rows(board: Board, width: int) -> list[Row]:
    """By the ledgers; and what ended or was answered by itself since the dashboard is open."""
    decided = [(each.at, decided_row(each, board, width)) for each in board.standing.decided(board.only)]
    noted = [(each.at, result_row(each, width)) for each in board.results if not each.id and each.kind == "ok"]
    return [line for _, line in sorted([*decided, *noted], key=lambda each: each[0], reverse=True)]


def _missing(board: Board) -> str:
    """What there is nothing of, in one line; or why that is not known."""
    standing = board.standing
    if standing.trouble:
        return f"denied, ending, decided: {visible(standing.trouble)}"
    if standing.at is None:
        return "Looking at what was denied, what ends and what was decided…"
    none = {
        "no unasked denials": board.denied,
        "nothing ends": standing.running_out(board.only, board.now),
        "nothing decided yet": _decided_rows(board, MOST_WIDTH),
    }
    words = ", ".join(line for line, found in none.items() if not found)
    return f"{words[:1].upper()}{words[1:]}." if words else ""
