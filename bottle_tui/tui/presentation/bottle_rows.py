"""The bottles as aligned rows, one each, and what the open one is about."""

from bottle_tui.core.text import visible
from bottle_tui.core.views import BottleState, BottleStatus, SidecarState
from bottle_tui.core.words import plain
from bottle_tui.tui.board import Board
from bottle_tui.tui.presentation.rows import Row, Span, Style, cut, fit, fit_row, row, rule, width_of, wrapped
from bottle_tui.tui.presentation.times import age, ago, stale

NOTE = 20
"""Columns below which the beginning of a note tells nothing."""
STATE_STYLES: dict[BottleState, Style] = {
    "running": "ok", "starting": "accent", "degraded": "danger", "needs_tokens": "warn", "quarantined": "danger",
    "stopped": "muted", "foreign": "warn", "unknown": "muted",
}  # fmt: skip
SIDECAR_MARKS: dict[SidecarState, tuple[str, Style]] = {
    "up": ("✓ up", "ok"), "down": ("✗ down", "danger"), "unknown": ("? not known", "muted"),
}  # fmt: skip


def bottle_header(width: int) -> Row:
    """The names of the columns."""
    return fit_row(row(Span("  " + "".join(fit(name, size) for name, size in _columns(width)), "muted")), width)


def _columns(width: int) -> list[tuple[str, int]]:
    columns = [("BOTTLE", 13), ("STATE", 14), ("EGRESS", 9), ("PIPELOCK", 10), ("SUPERVISE", 11)]
    if width >= 72:
        columns.append(("WAITING", 9))
    if width >= 92:
        columns += [("RUNTIME", 10), ("UP FOR", 9), ("GEN", 6)]
    return columns


def is_not_known(bottle: BottleStatus, board: Board) -> bool:
    """Whether it does not answer, or nothing was heard of it for ten seconds or since time has jumped."""
    return board.asleep or bottle.state == "unknown" or stale(bottle.as_of, board.now)


def heard(bottle: BottleStatus, board: Board, before: str = "heard ") -> str:
    """How old what is known of it is."""
    return f"{before}{ago(bottle.as_of, board.now)} ago" if bottle.as_of else "never heard"


def _sidecar(bottle: BottleStatus, role: str, board: Board) -> SidecarState:
    """Of a bottle that does not answer a fresh look still tells which of its parts are there, and which are gone."""
    is_told = bottle.state == "unknown" and not board.asleep and not stale(board.bottles_at, board.now)
    return bottle.sidecars.get(role, "unknown") if is_told or not is_not_known(bottle, board) else "unknown"


def bottle_row(bottle: BottleStatus, board: Board, width: int, *, selected: bool) -> Row:
    """One bottle; grey "not known" when nothing was heard of it for ten seconds."""
    grey = is_not_known(bottle, board)
    state = ("not known", "muted") if grey else (plain(bottle.state), STATE_STYLES[bottle.state])
    cells: list[tuple[str, Style]] = [(visible(bottle.slug), "strong" if selected else "plain"), (state[0], state[1])]  # type: ignore[list-item]
    for role in ("egress", "pipelock", "supervise"):
        mark, style = SIDECAR_MARKS[_sidecar(bottle, role, board)]
        cells.append((mark if mark != "? not known" else "?", style))
    columns = _columns(width)
    if len(columns) > 5:
        cells.append((str(bottle.pending) if bottle.pending else "–", "accent" if bottle.pending else "muted"))
    if len(columns) > 6:
        up_for = age(bottle.created, board.now) if bottle.created else "–"
        generation = str(bottle.generation) if bottle.generation is not None else "–"
        cells += [(visible(bottle.runtime), "muted"), (up_for, "muted"), (generation, "muted")]
    spans = [Span(fit(text, size - 1) + " ", style) for (text, style), (_, size) in zip(cells, columns, strict=True)]
    note = board.applying.get(bottle.slug, "") or (heard(bottle, board, "last heard ") if grey else "")
    note = f"{note}…" if bottle.slug in board.applying else note or visible(bottle.note)
    start = row(Span("▶ " if selected else "  ", "accent"), *spans)
    room = width - width_of(start) - 1
    short = heard(bottle, board, "") if grey else "with a note"
    shown = note if len(note) <= room else cut(note, room) if room >= NOTE else short
    return fit_row((*start, Span(shown, "muted")), width)


def bottle_note(bottle: BottleStatus, board: Board, width: int) -> list[Row]:
    """What the open bottle is about, below the list."""
    rows = [rule(visible(bottle.slug), heard(bottle, board), width)]
    pairs = [
        ("PROXY", bottle.proxy_url), ("MCP", bottle.mcp_url), ("CA", bottle.ca_file),
        ("NOTE", bottle.note),
    ]  # fmt: skip
    for name, text in pairs:
        for index, line in enumerate(wrapped(visible(_without_password(text)), width - 12)[:4] if text else ()):
            rows.append(row(Span(f" {'' if index else name:<9}", "muted"), Span(line)))
    return rows


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark and "@" in rest else url
