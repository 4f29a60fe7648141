"""The keys of the inbox in its footer, each dim where it would do nothing now."""

from collections.abc import Mapping, Sequence

from bottle_tui.core import edit_form, narrowing
from bottle_tui.tui.board import Board
from bottle_tui.tui.board.deciding import is_own, problem
from bottle_tui.tui.presentation import denied
from bottle_tui.tui.presentation.chrome import Hint

type Footer = tuple[Sequence[Hint], Sequence[Hint]]


def narrowing_hints(board: Board) -> dict[str, Hint]:
    """Those that change what the open card would grant, by key."""
    ask = board.ask
    can = {key: ask is not None and step(ask).edit is not None for key, step in narrowing.STEPS.items()}
    return {
        "=": Hint("=", "fit to seen", can["="]),
        "path": Hint("- +", "path", can["-"] or can["+"]),
        "m": Hint("m", "methods", can["m"]),
        "w": Hint("w", "host", can["w"]),
        "t": Hint("t", "until", can["t"]),
        "s": Hint("s", "scan", can["s"]),
        "e": Hint("e", "edit", ask is not None and bool(edit_form.fields_of(ask))),
        "0": Hint("0", "as asked", can["0"]),
    }


def inbox_hints(board: Board, can: Mapping[str, bool], width: int, *, zoomed: bool, scrolls: bool) -> Footer:
    """Both lines. `can`: which deciding keys the guard would let through; `scrolls`: moves are the card's."""
    keys = narrowing_hints(board)
    edit, leave = [keys["e"], Hint("p", "denied")], [Hint("?", "help"), Hint("q", "quit")]
    first, more = _deciding(board, can, keys, width), [keys["t"], keys["s"]]
    if width < 80:
        return first, [*more, keys["e"], Hint("p", _denied(board)), *leave]
    zoom = Hint("enter", "unfold" if board.fold else "back" if zoomed else "zoom")
    second = [
        Hint("j/k", "scroll" if scrolls else "next"),
        zoom,
        *edit,
        Hint("X", "quarantine", can["X"]),
        *leave,
        keys["0"],
        *_looking(board),
    ]
    return [*first, *more], second


def _deciding(board: Board, can: Mapping[str, bool], keys: Mapping[str, Hint], width: int) -> list[Hint]:
    """What decides, and what changes what would be decided."""
    marked = f" {len(board.marked)} marked" if board.marked else ""
    fit = "fit to seen" if width >= 84 else "fit seen" if width >= 80 else "fit"
    own = bool(board.marked or board.open_card) and all(map(is_own, board.marked or (board.open_card,)))
    return [
        Hint("a", f"approve{marked}", can["a"] and problem(board) is None),
        Hint("r", f"{'withdraw' if own else 'reject'}{marked}", can["r"]),
        keys["="]._replace(text=fit),
        *(keys[key] for key in ("path", "m", "w")),
    ]


def _denied(board: Board) -> str:
    """With their number, for which the tabs have no room where this is."""
    return f"denied {denied.count(board) or ''}".rstrip()


def _looking(board: Board) -> list[Hint]:
    """What is less in a hurry."""
    last, shown = board.last, board.open_card is not None
    return [
        Hint("o", "reopen") if last and last.reopen else Hint("u", "undo", bool(last and last.undo)),
        Hint("d", "diff", shown),
        Hint("v", "words", shown),
        Hint("c", "copy", shown),
        Hint(":", "all actions"),
        Hint("b", "all bottles" if board.only else "one bottle"),
        Hint("tab", "pane"),
    ]
