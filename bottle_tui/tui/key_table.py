"""The keys as a table for the README: `python -m bottle_tui.tui.key_table README.md` writes it between its marks."""

import sys
from pathlib import Path

from textual.binding import Binding, BindingType

from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.screens import VIEWS
from bottle_tui.tui.screens.view import View

BEGIN, END = "<!-- keys:begin -->", "<!-- keys:end -->"
NAMES = {"question_mark": "?", "colon": ":", "slash": "/", "asterisk": "*",
         "left_square_bracket": "[", "right_square_bracket": "]",
         "escape": "esc", "equals_sign": "=", "minus": "-", "plus": "+", "shift+tab": ""}  # fmt: skip


def table() -> str:
    """One line a binding: the key, where it works, what it does."""
    rows = ["| key | where | what it does | id |", "|---|---|---|---|"]
    for where, owner in (("everywhere", BottleApp), ("every view", View), *((view.NAME, view) for view in VIEWS)):
        for binding in _of(owner):
            if isinstance(binding, Binding):
                rows.append(
                    f"| {_keys(binding)} | {where} | **{binding.description}**: {binding.tooltip} | `{binding.id}` |"
                )
    return "\n".join(rows)


def _of(owner: type) -> list[BindingType]:
    """Those it declares, and those of what it is made of, up to what every view has."""
    made_of = [owner, *(base for base in owner.__mro__[1:] if issubclass(base, View) and base is not View)]
    return [binding for each in made_of for binding in each.__dict__.get("BINDINGS", ())]


def _keys(binding: Binding) -> str:
    shown = [NAMES.get(key, key) for key in binding.key.split(",")]
    return " ".join(f"`{key}`" for key in shown if key)


def placed(text: str) -> str:
    """The text with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(placed(file.read_text(encoding="utf-8")), encoding="utf-8")
