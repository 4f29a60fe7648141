"""What the inbox shows with nothing waiting."""

from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.bottle_rows import bottle_header, bottle_row
from bottle_tui.tui.presentation.result_rows import result_row
from bottle_tui.tui.presentation.rows import Row, Span, cut, row, rule
from bottle_tui.tui.presentation.silence import nothing_waits


def empty_rows(board: Board, width: int) -> list[Row]:
    """With nothing waiting: what runs, and what was decided last."""
    heard = board.cards_at is not None and board.bottles_at is not None
    first = "Nothing waits for you." if heard else "Asking what waits and what runs…"
    unknown = nothing_waits(board, width)
    if unknown and not board.ours:
        return unknown
    rows = unknown[:3] if unknown else [row(), row(Span(f"  {first}", "strong")), row()]
    if not heard:
        return rows
    if not board.ours:
        line = "No bottle yet: bottle-tui up -f bottle.yaml starts one, bottle-tui demo shows it all."
        return [*rows, row(Span("  " + cut(line, width - 3), "muted"))]
    rows += [bottle_header(width), *(bottle_row(bottle, board, width, selected=False) for bottle in board.ours)]
    done = [result for result in board.results if result.kind != "busy"]
    if done:
        rows += [
            row(),
            rule("last decisions", "", width),
            *(result_row(result.told(), width) for result in done[:8]),
        ]
    return rows
