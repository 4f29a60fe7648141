"""The keys of a view, and those that the settings file moves: how they are shown, and what is wrong with them."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from textual.binding import Binding

from bottle_tui.tui import key_names
from bottle_tui.tui.presentation.chrome import Hint

SHOWN = {"question_mark": "?", "colon": ":", "slash": "/", "left_square_bracket": "[", "right_square_bracket": "]",
         "escape": "esc", "equals_sign": "=", "minus": "-", "plus": "+"}  # fmt: skip


def bindings(owner: type) -> Iterator[Binding]:
    """Those of a view (or the app) and of what it is made of, with an id."""
    for each in owner.__mro__:
        for binding in each.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                yield binding


def problem(owners: Mapping[str, list[type]], ids: Iterable[str], moved: Mapping[str, str]) -> tuple[str, str] | None:
    """The first action that cannot have its key, and why: there is none of that id, no such key, or it is another's."""
    known = sorted(ids)
    for id, written in moved.items():
        if id not in known:
            near = difflib.get_close_matches(id, known, n=1)
            return id, f"no action has this id; {f'perhaps {near[0]}' if near else 'the key table in README has them'}"
        for key in written.split(","):
            if why := key_names.problem(key):
                return id, why
    return _collision(owners, moved)


def _collision(owners: Mapping[str, list[type]], moved: Mapping[str, str]) -> tuple[str, str] | None:
    """The action, the key and the other action, when a moved key is another action's in the same view."""
    for where, parts in owners.items():
        taken: dict[str, str] = {}
        for binding in (each for part in parts for each in bindings(part)):
            id = str(binding.id)
            for key in moved.get(id, binding.key).split(","):
                other = taken.setdefault(_plain(key), id)
                if other != id and (id in moved or other in moved):
                    both = f"{key} would be {other} and {id} in {where}; choose another, or move both"
                    return (id if id in moved else other), both
    return None


def _plain(key: str) -> str:
    """One name for a key, however it is written."""
    return SHOWN.get(key, key)


def shown_key(binding: Binding, moved: Mapping[str, str]) -> str:
    """The first key of an action as it is written for people: the operator's own, else the binding's."""
    if binding.id and binding.id in moved:
        return _plain(moved[binding.id].split(",")[0])
    return binding.key_display or _plain(binding.key.split(",")[0])


def hint(shown: Hint, owner: type, moved: Mapping[str, str]) -> Hint:
    """A hint of the footer with the operator's own keys in it."""
    if not moved:
        return shown
    names = {
        SHOWN.get(key, key): moved[str(binding.id)].split(",")[0]
        for binding in bindings(owner)
        if binding.id in moved
        for key in binding.key.split(",")[:1]
    }
    if shown.key in names:
        return shown._replace(key=names[shown.key])
    parts = re.split(r"([/ ])", shown.key)
    return shown._replace(key="".join(names.get(part, part) for part in parts))
