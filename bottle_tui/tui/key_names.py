"""The names of keys: which a terminal sends, and which character a name stands for."""

import difflib
import string
import unicodedata

from textual.keys import KEY_NAME_REPLACEMENTS, Keys

MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
_NEVER = ("return", "newline")
"""Textual knows them, and no terminal's key is called so there: it is enter."""


def _name(character: str) -> str:
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


CHARACTERS = {_name(character): character for character in string.punctuation}
"""The characters that have a name as keys, e.g. question_mark."""
_OTHERS = {key.value.rpartition("+")[2] for key in Keys if key.value[0] != "<" and "-" not in key.value}
_NAMES = {name for name in _OTHERS if len(name) > 1} - set(_NEVER) | set(CHARACTERS)


def problem(key: str) -> str | None:
    """Why no key that a terminal sends is written like this, and what to write; None when there is one."""
    *modifiers, name = [key] if len(key) == 1 else key.split("+")
    if len(set(modifiers)) < len(modifiers) or not set(modifiers) <= set(MODIFIERS):
        return f"{key} is no key; write e.g. x, X, f5 or ctrl+r, in front of + one of {', '.join(MODIFIERS)}"
    if len(name) == 1 and name.isprintable() and not name.isspace():
        return _letter(key, modifiers, name)
    if name in _NAMES:
        return None
    near = difflib.get_close_matches(name, sorted(_NAMES), n=1)
    return f"{key} is no key that a terminal sends; {f'perhaps {near[0]}' if near else 'write e.g. x, X, f5 or ctrl+r'}"


def _letter(key: str, modifiers: list[str], name: str) -> str | None:
    """A terminal sends a letter's case instead of shift, and none with ctrl."""
    if modifiers == ["shift"]:
        return f"no terminal sends {key}; write {name.upper()}"
    if modifiers and name.isupper():
        return f"no terminal sends {key}; write {'+'.join([*modifiers, name.lower()])}"
    return None


def character(key: str) -> str:
    """The character that the key of this name types; the name itself when it types none."""
    return CHARACTERS.get(key, key)
