"""The inbox and the bottles as aligned rows, one each."""

from datetime import datetime

from rich.cells import cell_len

from bottle_tui.core.folding import Line
from bottle_tui.core.text import visible
from bottle_tui.core.views import BottleState, BottleStatus, Card, SidecarState
from bottle_tui.tui.board import Board, Result
from bottle_tui.tui.presentation.risk_rows import GLYPHS, RISK_STYLES, worst_first
from bottle_tui.tui.presentation.rows import (
    Row,
    Span,
    Style,
    cut,
    cut_middle,
    fit,
    fit_row,
    row,
    rule,
    width_of,
    wrapped,
)
from bottle_tui.tui.presentation.times import age, ago, clock, left, stale

SENTENCE = 26
"""Columns of a result that are never given to what follows it: its end says whether it is in force."""
_PATH = 8
"""Columns in which the beginning of a path says something; with less the host stands alone."""
STATE_STYLES: dict[BottleState, Style] = {
    "running": "ok", "starting": "accent", "degraded": "danger", "needs_tokens": "warn", "quarantined": "danger",
    "stopped": "muted", "foreign": "warn", "unknown": "muted",
}  # fmt: skip
SIDECAR_MARKS: dict[SidecarState, tuple[str, Style]] = {
    "up": ("✓ up", "ok"), "down": ("✗ down", "danger"), "unknown": ("? not known", "muted"),
}  # fmt: skip


def inbox_row(card: Card, board: Board, width: int, *, plain: bool = False, again: int = 1) -> Row:
    """Bottle, age, what is asked, how, the worst risk, and where it stands. `plain`: without the cursor.

    `again`: how many asks for this host stand on the row.
    """
    selected = card.id == board.selection.selected and not plain
    mark = Span(("▶" if selected else " ") + ("•" if card.id in board.marks else " "), "accent")
    slug = Span(fit(visible(card.slug), 10) + " ", "strong" if selected else "plain")
    since = Span(f"{age(card.created, board.now):>6}  ", "muted")
    state = _state(card, board)
    tail: list[Span] = []
    if width >= 100:
        tail.append(Span(fit(_methods(card), 10) + " ", "muted"))
    if width >= 40:
        tail.append(_worst(card, 20 if width >= 76 else 3))
    if width >= 52:
        tail.append(Span(f"{state[0]:>12} ", state[1]))
    room = width - width_of((mark, slug, since, *tail))
    more = f" again {again - 1}×" if again > 1 else ""
    asked = _asked(card, room - 1 - len(more)) + more
    return fit_row((mark, slug, since, Span(fit(asked, room), "strong" if selected else "plain"),
                    *tail), width)  # fmt: skip


def _asked(card: Card, room: int) -> str:
    if card.tool == "capability-block":
        return cut("lines for its Dockerfile", room)
    paths = card.args.get("path_allowlist")
    paths = [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
    path = f" {visible(paths[0])}" if paths else ""
    more = f" +{len(paths) - 1}" if len(paths) > 1 else ""
    if card.tool == "pipelock-block":
        path = f" {visible(str(card.args.get('want', '')))} (pipelock)"
    host = visible(card.host)
    left = room - len(host) - len(more)
    if left >= min(len(path), _PATH):
        return host + cut(path, left) + more
    return cut_middle(host, room - len(more)) + more


def _methods(card: Card) -> str:
    methods = card.args.get("methods")
    if not isinstance(methods, list) or not methods:
        return "any"
    return cut(" ".join(visible(str(method)) for method in methods), 10)


def _worst(card: Card, width: int) -> Span:
    risks = worst_first(card.risks)
    if not risks or width < 3:
        return Span(" " * width)
    text = GLYPHS[risks[0].level] + (" " + visible(risks[0].id).replace("_", " ") if width > 4 else "")
    return Span(fit(text, width), RISK_STYLES[risks[0].level])


def _state(card: Card, board: Board) -> tuple[str, Style]:
    if card.id in board.applying:
        return f"{board.applying[card.id]}…", "accent"
    if card.slug in board.standing.muted_now(board.now):
        return f"muted {ago(board.now, board.standing.muted[card.slug])}", "faint"
    if card.status == "failed":
        return "not in force", "danger"
    if card.status != "pending":
        return card.status, "muted"
    return ("waits", "accent") if card.agent_waits else ("went on", "muted")


def inbox_rows(board: Board, width: int, first: int = 0, most: int = 1_000) -> list[Row]:
    """One row a proposal or a folded bottle, in the order of the screen, from `first`."""
    return [
        fold_row(line, board, width)
        if line.folded
        else inbox_row(_shown(line, board), board, width, again=len(line.ids))
        for line in board.lines[first : first + most]
    ]


def _shown(line: Line, board: Board) -> Card:
    """The ask that stands for a row: the open one, else the first."""
    selected = board.selection.selected
    return board.cards[selected if selected in line.ids and selected else line.ids[0]]


def fold_row(line: Line, board: Board, width: int) -> Row:
    """All asks of one bottle: since when, how many, for which hosts, and the worst risk among them."""
    cards = [board.cards[id] for id in line.ids]
    selected = board.selection.selected in line.ids
    mark = Span("▶ " if selected else "  ", "accent")
    slug = Span(fit(visible(line.slug), 10) + " ", "strong" if selected else "plain")
    since = Span(f"{age(min(card.created for card in cards), board.now):>6}  ", "muted")
    risks = worst_first(tuple(risk for card in cards for risk in card.risks))
    worst = Span(fit(GLYPHS[risks[0].level], 3), RISK_STYLES[risks[0].level]) if risks and width >= 40 else Span("")
    waits = any(card.agent_waits for card in cards)
    state = Span(f"{'waits' if waits else 'went on':>12} " if width >= 52 else "", "accent" if waits else "muted")
    room = width - width_of((mark, slug, since, worst, state))
    hosts = ", ".join(dict.fromkeys(visible(card.host) or "its Dockerfile" for card in cards))
    text = fit(cut(f"▸ {len(cards)} asks: {hosts}", room - 1), room)
    return fit_row((mark, slug, since, Span(text, "strong" if selected else "plain"), worst, state), width)


def fold_rows(line: Line, board: Board, width: int, height: int) -> list[Row]:
    """What the card's place shows while the cursor is on a folded row: each ask in a line, none to be decided."""
    rows = [rule(f"{line.slug}: {len(line.ids)} asks", "enter: each on its own", width), row()]
    drawn = [inbox_row(board.cards[id], board, width, plain=True) for id in line.ids]
    room = max(height - 4, 1)
    shown = drawn[:room] if len(drawn) <= room else drawn[: room - 1]
    rows += shown
    if len(shown) < len(drawn):
        rows.append(row(Span(f"  and {len(drawn) - len(shown)} more", "muted")))
    return [*rows, row(), row(Span("  Nothing is decided from here: open the one you mean.", "muted"))]


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


def _state_word(state: BottleState) -> str:
    return "not known" if state == "unknown" else state.replace("_", " ")


def bottle_row(bottle: BottleStatus, board: Board, width: int, *, selected: bool) -> Row:
    """One bottle; grey "not known" when nothing was heard of it for ten seconds."""
    grey = board.asleep or stale(bottle.as_of, board.now)
    state = ("not known", "muted") if grey else (_state_word(bottle.state), STATE_STYLES[bottle.state])
    cells: list[tuple[str, Style]] = [(visible(bottle.slug), "strong" if selected else "plain"), (state[0], state[1])]  # type: ignore[list-item]
    for role in ("egress", "pipelock", "supervise"):
        mark, style = SIDECAR_MARKS["unknown" if grey else bottle.sidecars.get(role, "unknown")]
        cells.append((mark if mark != "? not known" else "?", style))
    columns = _columns(width)
    if len(columns) > 5:
        cells.append((str(bottle.pending) if bottle.pending else "–", "accent" if bottle.pending else "muted"))
    if len(columns) > 6:
        up_for = age(bottle.created, board.now) if bottle.created else "–"
        generation = str(bottle.generation) if bottle.generation is not None else "–"
        cells += [(visible(bottle.runtime), "muted"), (up_for, "muted"), (generation, "muted")]
    spans = [Span(fit(text, size - 1) + " ", style) for (text, style), (_, size) in zip(cells, columns, strict=True)]
    note = board.applying.get(bottle.slug, "") or (f"last heard {ago(bottle.as_of, board.now)} ago" if grey else "")
    note = f"{note}…" if bottle.slug in board.applying else note or visible(bottle.note)
    return fit_row((Span("▶ " if selected else "  ", "accent"), *spans, Span(note, "muted")), width)


def bottle_note(bottle: BottleStatus, board: Board, width: int) -> list[Row]:
    """What the open bottle is about, below the list."""
    rows = [rule(visible(bottle.slug), f"heard {ago(bottle.as_of, board.now)} ago", width)]
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


def empty_rows(board: Board, width: int) -> list[Row]:
    """With nothing waiting: what runs, and what was decided last."""
    heard = board.cards_at is not None and board.bottles_at is not None
    first = "Nothing waits for you." if heard else "Asking what waits and what runs…"
    rows = [row(), row(Span(f"  {first}", "strong")), row()]
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


def _further(result: Result, now: datetime | None, room: int) -> str:
    """How far it has come, and how long it lasts where both fit beside the sentence."""
    parts = [visible(result.delivery)] if result.delivery else []
    if now is not None and result.is_unread(now):
        parts.append(
            "agent is not listening, c copies a line for it" if room > 90 else "not listening: c copies a line"
        )
    if now is not None and result.ends is not None:
        parts.append(left(result.ends, now))
    text = " · ".join(parts)
    return text if len(visible(result.text)) + len(text) + 3 <= room or len(parts) < 2 else parts[0]


def result_row(result: Result, width: int, now: datetime | None = None) -> Row:
    """When, what, and the key that takes it back."""
    mark, style = {"ok": ("✓", "ok"), "bad": ("✗", "danger"), "busy": ("…", "accent")}[result.kind]
    key = "u undo " if result.undo else "o reopen " if result.reopen else ""
    space = width - len(key) - 1
    start = f" {mark} {clock(result.at)} "
    further = _further(result, now, space - len(start))
    least = min(cell_len(visible(result.text)), SENTENCE)
    further = cut(further, max(space - len(start) - least - 3, 0))
    room = space - len(start) - (len(further) + 3 if further else 0)
    text = start + cut_middle(visible(result.text), room) + (f" · {further}" if further else "")
    spans = row(Span(fit(text, space) + " ", style), Span(key[:1], "key"), Span(key[1:], "plain"))  # type: ignore[arg-type]
    return fit_row(spans, width)
