"""Whether the keys that the settings give can be: what the dashboard's views and dialogs say to them."""

from collections.abc import Iterator, Mapping

from textual.screen import Screen

from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.moved_keys import bindings, problem
from bottle_tui.tui.screens import VIEWS


def key_problem(keys: Mapping[str, str]) -> tuple[str, str] | None:
    """The action that cannot have the key that the settings give it, and why; None when all is well."""
    owners: list[type] = [BottleApp, *_screens()]
    known = {str(binding.id) for owner in owners for binding in bindings(owner)}
    return problem({view.NAME: [view, BottleApp] for view in VIEWS}, known, keys)


def _screens(owner: type = Screen) -> Iterator[type]:
    """Every view and dialog."""
    yield owner
    below: list[type] = owner.__subclasses__()
    for each in below:
        yield from _screens(each)
