"""The inbox as aligned rows: one a proposal, or one for all that a bottle asks."""

from bottle_tui.core.folding import Line
from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.board import Board
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
)
from bottle_tui.tui.presentation.times import age, ago

_PATH = 8
"""Columns in which the beginning of a path says something; with less the host stands alone."""


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
    if card.tool in ("capability-block", "pipelock-block"):
        return ""
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
    if card.by_operator:
        return "yours", "muted"
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
    """The folded asks of one bottle: since when, how many, for which hosts, and the worst risk among them."""
    cards = [board.cards[id] for id in line.ids]
    selected = board.selection.selected in line.ids
    mark = Span("▶ " if selected else "  ", "accent")
    slug = Span(fit(visible(line.slug), 10) + " ", "strong" if selected else "plain")
    since = Span(f"{age(min(card.created for card in cards), board.now):>6}  ", "muted")
    risks = worst_first(tuple(risk for card in cards for risk in card.risks))
    worst = Span(fit(GLYPHS[risks[0].level], 3), RISK_STYLES[risks[0].level]) if risks and width >= 40 else Span("")
    asked = [card for card in cards if not card.by_operator]
    waits = any(card.agent_waits for card in asked)
    stands = "waits" if waits else "went on" if asked else "yours"
    state = Span(f"{stands:>12} " if width >= 52 else "", "accent" if waits else "muted")
    room = width - width_of((mark, slug, since, worst, state))
    hosts = ", ".join(dict.fromkeys(visible(card.host) or "its Dockerfile" for card in cards))
    more = "more " if any(other.slug == line.slug and other.ids != line.ids for other in board.lines) else ""
    text = fit(cut(f"▸ {len(cards)} {more}asks: {hosts}", room - 1), room)
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
