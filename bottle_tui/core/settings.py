"""`settings.yaml`: how one operator likes the dashboard. No policy stands here. Reading it strictly; pure.

A broken file gives the defaults, and one line that names the key. The one thing it may not lose is `read_only`.
"""

from dataclasses import dataclass, field
from typing import Any

from bottle_tui.core.manifest import dotted
from bottle_tui.core.nodes import Choice, Flag, Key, ListOf, Mapped, Path, Refusal, Text, TextMap
from bottle_tui.errors import InvalidFile
from sidecar_addon.strict_yaml import Document, StrictYamlError, load_yaml

LIMIT_BYTES = 64 * 1024
THEMES = ("dark", "light", "ansi")


@dataclass(frozen=True)
class Notify:
    """How the dashboard calls when its terminal has no focus. `command` gets JSON on its standard input."""

    command: tuple[str, ...] = ()
    bell: bool = True
    osc: bool = True
    """OSC 9 and 777: notices that many terminals show by themselves."""


@dataclass(frozen=True)
class Settings:
    """What the file says; every value has a default. `keys`: keys by the id of their action."""

    theme: str | None = None
    """dark | light | ansi; None leaves it to BOTTLE_TUI_THEME and the dashboard's own choice."""
    keys: dict[str, str] = field(default_factory=dict)
    notify: Notify = field(default_factory=Notify)
    read_only: bool = False


DEFAULTS = Settings()

_ACTION = Text("an action's id, as the key table in README names them", r"^[a-z][a-z0-9_-]{0,63}$")
_KEY = Text("a key, e.g. x, X, f5 or ctrl+r; several with commas between them", r"^[!-~]{1,64}$")
_NOTIFY = Mapped(
    {
        "command": Key(
            ListOf(Text("a word"), "words", "leave it out for no command"), "run for a notice, JSON on its input", ()
        ),
        "bell": Key(Flag(), "ring the terminal's bell", True),
        "osc": Key(Flag(), "ask the terminal for a notice (OSC 9, OSC 777)", True),
    },
    {},
)
_FILE = Mapped(
    {
        "theme": Key(Choice(THEMES), "the dashboard's colours"),
        "keys": Key(TextMap(_ACTION, _KEY), "other keys, by the id of the action"),
        "notify": Key(_NOTIFY, "how the dashboard calls while its terminal has no focus"),
        "read_only": Key(Flag(), "the dashboard decides nothing", False),
    },
    {},
)


def parse(data: bytes, file: str = "settings.yaml") -> Settings:
    """Read the file; an empty one is all defaults. Raises InvalidFile naming line, key and remedy."""
    try:
        document = load_yaml(data, limit=LIMIT_BYTES)
    except StrictYamlError as error:
        raise InvalidFile(error.message, file=file, place=str(error.line) if error.line else None) from None
    try:
        found = _FILE.read({} if document.value is None else document.value, ())
        keys = _keys(found["keys"] or {})
    except Refusal as refusal:
        raise InvalidFile(refusal.message, file=file, place=_place(document, refusal.path)) from None
    return Settings(found["theme"], keys, Notify(**(found["notify"] or {})), found["read_only"])


def wrong_key(data: bytes, file: str, action: str, why: str) -> InvalidFile:
    """What to raise of a key in a file that `parse` has read, when it is no good to the dashboard."""
    return InvalidFile(why, file=file, place=_place(load_yaml(data, limit=LIMIT_BYTES), ("keys", action)))


def of_broken(data: bytes) -> Settings:
    """What holds of a file that `parse` refused: the defaults, and `read_only` unless it is plainly off."""
    return Settings(read_only=_wants_read_only(data))


def json_schema() -> dict[str, Any]:
    """Draft 2020-12, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "settings.yaml",
        "description": "How one operator likes the dashboard of bottle-tui.",
    } | _FILE.schema()


def _place(document: Document, path: Path) -> str:
    """The line, and the key's whole name."""
    name = dotted(path)
    return f"{document.line(path)}{f' ({name})' if name else ''}"


def _keys(found: dict[str, str]) -> dict[str, str]:
    """The keys that were read: a text each, and no key twice."""
    taken: dict[str, str] = {}
    for action, written in found.items():
        for key in _KEY.read(written, ("keys", action)).split(","):
            if not key:
                raise Refusal(("keys", action), "names no key between two commas; the comma's own name is comma")
            if key in taken:
                raise Refusal(("keys", action), f"{key} is the key of {taken[key]} already; choose another")
            taken[key] = action
    return found


def _wants_read_only(data: bytes) -> bool:
    try:
        value = load_yaml(data, limit=LIMIT_BYTES).value
    except StrictYamlError:
        return b"read_only" in data
    return isinstance(value, dict) and "read_only" in value and value["read_only"] is not False
