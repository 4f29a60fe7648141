"""YAML and JSON read strictly: no duplicate keys, no aliases, only string keys, and no surprising scalars.

PyYAML alone keeps the last of two equal keys, reads `no` as false and `012` as 10; a policy must not.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from sidecar_addon.strict_json import StrictYamlError as StrictYamlError
from sidecar_addon.strict_json import decode
from sidecar_addon.strict_json import load_json as load_json

MOST_DEEP = 1_000
_OPENING = ("[", "{", "- ", "-\t", "? ", "?\t")
"""What a level can begin with in few characters; levels by indents alone need a text of the square of their number."""

type Path = tuple[str | int, ...]
"""Where a value sits: keys and list positions from the root, e.g. ("routes", 0, "host")."""


@dataclass(frozen=True)
class Document:
    """A parsed document and, for every value, the line (from 1) on which it stands."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of `path`, or of its nearest ancestor that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]
    """YAML 1.2's core scalars: `true`/`false`, plain decimal integers, `null`; everything else is text."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), [*_first, *([""] if "null" in _tag else [])])

_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}


def load_yaml(text: bytes | str, *, limit: int) -> Document:
    """Read one YAML document of at most `limit` bytes. Raises StrictYamlError."""
    decoded = decode(text, limit)
    try:
        loader = _Loader(decoded)
        try:
            _refuse_shapes(decoded)
            node = loader.get_single_node()
            lines: dict[Path, int] = {}
            return Document(None if node is None else _build(loader, node, (), lines), lines)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise StrictYamlError(error.problem or "not valid YAML", mark.line + 1 if mark else 0) from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = str(error).splitlines()
        raise StrictYamlError(reason[0] if reason else "nested too deeply") from None


def load(text: bytes | str, *, limit: int) -> Any:
    """Read JSON when it looks like JSON (70 times faster), else YAML. Raises StrictYamlError."""
    decoded = decode(text, limit)
    if decoded.lstrip()[:1] in ("{", "["):
        try:
            return load_json(decoded, limit=limit)
        except StrictYamlError:
            if "\n" not in decoded.strip():
                raise
    return load_yaml(decoded, limit=limit).value


def _refuse_shapes(text: str) -> None:
    """Neither aliases nor a nesting so deep that reading would overflow the C parser's stack, and end the process."""
    may_nest = sum(map(text.count, _OPENING)) > MOST_DEEP
    if not may_nest and "&" not in text and "*" not in text:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise StrictYamlError("anchors and aliases are not allowed", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEEP:
            raise StrictYamlError("nested too deeply", line)


def _build(loader: Any, node: Any, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if node.tag not in _PLAIN_TAGS:
        raise StrictYamlError(f"the tag {node.tag} is not allowed", node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(loader, node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, item, (*path, index), lines) for index, item in enumerate(node.value)]
    try:
        return loader.construct_object(node)
    except ValueError:
        raise StrictYamlError("a number with too many digits", node.start_mark.line + 1) from None


def _build_mapping(loader: Any, node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
            raise StrictYamlError("keys must be text", line)
        key = key_node.value
        if key in found:
            raise StrictYamlError(f"the key {key!r} is there twice", line)
        lines[(*path, key)] = line
        found[key] = _build(loader, value_node, (*path, key), lines)
    return found
