"""Every action of a view by name. What decides is asked for once more there, so that no typed name decides."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from textual.app import SystemCommand
from textual.binding import Binding, BindingType

from bottle_tui.tui.moved_keys import shown_key
from bottle_tui.tui.screens.view import DECIDING, View


def commands(view: View, of_app: Iterable[BindingType], moved: Mapping[str, str]) -> Iterator[SystemCommand]:
    """The view's own bindings and the app's, each with its key. `moved`: the settings' own keys by binding id."""
    for each in of_app:
        if isinstance(each, Binding) and each.action != "command_palette":
            title = f"{each.description} ({shown_key(each, moved)})"
            yield SystemCommand(title, each.tooltip, partial(_run, view, f"app.{each.action}"))
    for binding in own_bindings(view):
        title = f"{binding.description} ({shown_key(binding, moved)})"
        key = binding.key.split(",")[0]
        if key in DECIDING:
            yield SystemCommand(title, f"{binding.tooltip}; asks for y", partial(view.ask, key))
        else:
            yield SystemCommand(title, binding.tooltip, partial(_run, view, binding.action))
    yield SystemCommand("release from quarantine", "Let this bottle out; asks for y", view.action_release)
    if view.NAME != "routes":
        yield SystemCommand("Edit routes", "All routes in $EDITOR; then a card", partial(_edit, view, "routes"))
        yield SystemCommand("Edit pipelock", "Its lists in $EDITOR; then a card", partial(_edit, view, "pipelock"))


def own_bindings(view: View) -> Iterator[Binding]:
    """Those that a view and its bases declare, most of them its own, each once."""
    seen: set[str] = set()
    for owner in type(view).__mro__:
        for binding in owner.__dict__.get("BINDINGS", ()) if issubclass(owner, View) else ():
            if isinstance(binding, Binding) and binding.id and binding.id not in seen:
                seen.add(binding.id)
                yield binding


def _edit(view: View, kind: str) -> None:
    """In the view of the routes, of the bottle that is looked at here."""

    async def go() -> None:
        slug = getattr(view, "slug", None)
        await view.app.run_action("view('routes')")
        there = view.app.screen
        if slug is not None and hasattr(there, "look_at"):
            there.look_at(slug)
        await there.run_action(f"edit({kind!r})")

    view.call_later(go)


def _run(view: View, action: str) -> None:
    view.call_later(view.run_action, action)
