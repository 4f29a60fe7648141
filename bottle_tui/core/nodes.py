"""The kinds of value a hand-written file may hold: each checks a value and prints its own JSON Schema.

What a key means stands in `keys`; what spans several keys (duplicates, roles) stands in `manifest`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

type Path = tuple[str | int, ...]


class Refusal(ValueError):
    """A value is not what its place takes; `path` says where, the message what would be right."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class Node(Protocol):
    """One kind of value."""

    def read(self, value: Any, path: Path) -> Any:
        """The value in its normal form. Raises Refusal."""

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""


@dataclass(frozen=True)
class Text:
    """A text that is not empty. `normal` returns the normal form or raises ValueError."""

    what: str = "text"
    pattern: str | None = None
    normal: Callable[[str], str] | None = None
    secret: bool = False
    """Never quote the value in an error: it may be one."""

    def read(self, value: Any, path: Path) -> str:
        if not isinstance(value, str):
            hint = f'; put it in quotes: "{_scalar(value)}"' if isinstance(value, bool | int | float) else ""
            raise Refusal(path, f"must be {self.what}, not {kind_of(value)}{hint}")
        if not value:
            raise Refusal(path, f"must be {self.what}, not an empty text")
        try:
            found = self.normal(value) if self.normal else value
        except ValueError as error:
            raise Refusal(path, str(error)) from None
        if self.pattern is not None and not re.search(_whole(self.pattern), value):
            shown = "this" if self.secret else repr(value)
            raise Refusal(path, f"{shown} is not {self.what}")
        return found

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1} | ({"pattern": self.pattern} if self.pattern else {})


@dataclass(frozen=True)
class Number:
    """A number between two bounds."""

    low: float
    high: float
    whole: bool = True

    def read(self, value: Any, path: Path) -> float:
        kinds = (int,) if self.whole else (int, float)
        what = f"a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise Refusal(path, f"must be {what}, not {kind_of(value)}")
        if not self.low <= value <= self.high:
            raise Refusal(path, f"{value} is out of range; write {what}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer" if self.whole else "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Flag:
    """true or false."""

    def read(self, value: Any, path: Path) -> bool:
        if not isinstance(value, bool):
            raise Refusal(path, f"must be true or false, not {kind_of(value)}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, value: Any, path: Path) -> str:
        if not isinstance(value, str):
            raise Refusal(path, f"must be one of {', '.join(self.words)}, not {kind_of(value)}")
        if value not in self.words:
            raise Refusal(path, f"{value!r} is not known; write one of {', '.join(self.words)}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True)
class ListOf:
    """A list. `filled` explains what to write instead of an empty one; None lets it be empty."""

    item: Node
    what: str
    filled: str | None = None
    unique: bool = False

    def read(self, value: Any, path: Path) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Refusal(path, f"must be a list of {self.what}, not {kind_of(value)}")
        if not value and self.filled:
            raise Refusal(path, f"must not be empty; {self.filled}")
        found = tuple(self.item.read(item, (*path, index)) for index, item in enumerate(value))
        if self.unique:
            for index, item in enumerate(found):
                if item in found[:index]:
                    raise Refusal((*path, index), f"{item!r} is there twice; leave one of them")
        return found

    def schema(self) -> dict[str, Any]:
        data: dict[str, Any] = {"type": "array", "items": self.item.schema()}
        if self.filled:
            data["minItems"] = 1
        if self.unique:
            data["uniqueItems"] = True
        return data


@dataclass(frozen=True)
class TextMap:
    """A mapping from names to texts."""

    name: Text
    value: Text

    def read(self, value: Any, path: Path) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Refusal(path, f"must be a mapping of names to texts, not {kind_of(value)}")
        return {self.name.read(key, (*path, key)): _any_text(item, (*path, key)) for key, item in value.items()}

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": {"pattern": self.name.pattern},
            "additionalProperties": {"type": "string"},
        }


@dataclass(frozen=True)
class OneOrMany:
    """One value, or a list of them: always read as a tuple."""

    item: Node
    what: str

    def read(self, value: Any, path: Path) -> tuple[Any, ...]:
        if isinstance(value, list):
            return ListOf(self.item, self.what, "leave the key out instead", unique=True).read(value, path)
        return (self.item.read(value, path),)

    def schema(self) -> dict[str, Any]:
        many = ListOf(self.item, self.what, "-", unique=True).schema()
        return {"oneOf": [self.item.schema(), many]}


@dataclass(frozen=True)
class EitherScalar:
    """A whole number or a text, read as text: `user: 1000`, `memory: 8g`."""

    text: Text
    number: Number

    def read(self, value: Any, path: Path) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(self.number.read(value, path))
        return self.text.read(value, path)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [self.text.schema(), self.number.schema()]}


@dataclass(frozen=True)
class Nullable:
    """A value that may be written as null, which is the same as leaving it out."""

    node: Node

    def read(self, value: Any, path: Path) -> Any:
        return None if value is None else self.node.read(value, path)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [{"type": "null"}, self.node.schema()]}


@dataclass(frozen=True)
class Key:
    """One key of a mapping: what it takes, and one line on what it means."""

    node: Node
    about: str
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Mapped:
    """A mapping with known keys. Missing ones take their default; `hints` answer well-known wrong ones."""

    keys: Mapping[str, Key]
    hints: Mapping[str, str]

    def read(self, value: Any, path: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refusal(path, f"must be a mapping with the keys {', '.join(self.keys)}, not {kind_of(value)}")
        for key in value:
            if key not in self.keys:
                raise Refusal((*path, key), self._unknown(key))
        for name, key in self.keys.items():
            if key.required and name not in value:
                raise Refusal(path, f"the key {name} is missing: {key.about}")
        return {
            name: key.node.read(value[name], (*path, name)) if name in value else key.default
            for name, key in self.keys.items()
        }

    def _unknown(self, key: str) -> str:
        hint = self.hints.get(key)
        return f"{key} is refused: {hint}" if hint else f"unknown key; known here are {', '.join(self.keys)}"

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name, key in self.keys.items() if key.required],
            "properties": {name: key.node.schema() | {"description": key.about} for name, key in self.keys.items()},
        }


def kind_of(value: Any) -> str:
    """What a person wrote, in words: "a list", "true", "nothing"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "a mapping"


def _whole(pattern: str) -> str:
    # JSON Schema's `$` is the very end; Python's also stands before a last line feed.
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _any_text(value: Any, path: Path) -> str:
    return "" if value == "" else Text("a text").read(value, path)
