"""Adding to a manifest's text without touching the rest: comments, order and style stay as a person wrote them. Pure.

Inserts; only what stood on one line in braces becomes a block. Whoever calls it reads the result again, so that what
cannot be placed is noticed and never printed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

_PLAIN = re.compile(r"^(/[A-Za-z0-9_./-]*|[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.[a-z][a-z-]*|[A-Za-z_][A-Za-z0-9_-]*)\Z")
_NOT_TEXT = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
"""Words that some reader of YAML takes for something else."""


@dataclass(frozen=True)
class Insertion:
    """Text to stand at a line and column, both from 0, in the place of `instead` characters of that line."""

    line: int
    column: int
    text: str
    instead: int = 0


def new_routes(text: str, routes: Sequence[tuple[Mapping[str, Any], str]]) -> list[Insertion]:
    """`egress.routes` with these at its end; each with a remark for its line."""
    root = _root(text)
    egress = _value(root, "egress")
    if egress is None:
        block = "".join(_block_route(route, remark, 4) for route, remark in routes)
        return [Insertion(text.count("\n") + 1, 0, f"egress:\n  routes:\n{block}")]
    listed = _value(egress, "routes")
    opened = None if root.flow_style else _as_block(text, egress, listed, routes)
    if opened is not None:
        return opened
    flow = ", ".join(_flow(route) for route, _ in routes)
    if listed is not None and listed.flow_style:
        return [_into_flow(listed, flow)]
    if listed is not None:
        column = listed.start_mark.column
        return [_after(listed, "".join(_block_route(route, remark, column) for route, remark in routes))]
    if egress.flow_style:
        return [_into_flow(egress, f"routes: [{flow}]")]
    column = egress.start_mark.column
    block = "".join(_block_route(route, remark, column + 2) for route, remark in routes)
    return [_after(egress, f"{' ' * column}routes:\n{block}")]


def grown(text: str, index: int, key: str, items: Sequence[str | int]) -> list[Insertion]:
    """The list `key` of `egress.routes[index]`, which has it, with these at its end."""
    routes = _value(_value(_root(text), "egress"), "routes")
    listed = _value(routes.value[index], key)
    if listed.flow_style:
        return [_into_flow(listed, ", ".join(_flow(item) for item in items))]
    column = listed.start_mark.column
    return [_after(listed, "".join(f"{' ' * column}- {_flow(item)}\n" for item in items))]


def inserted(text: str, insertions: Sequence[Insertion]) -> str:
    """The text with all of them in it, in its own kind of line ends."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    for each in sorted(insertions, key=lambda one: (one.line, one.column), reverse=True):
        addition = each.text.replace("\n", newline)
        if each.line >= len(lines):
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += newline
            lines.append(addition)
        else:
            line = lines[each.line]
            lines[each.line] = line[: each.column] + addition + line[each.column + each.instead :]
    return "".join(lines)


def _root(text: str) -> Any:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _value(node: Any, key: str) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _as_block(
    text: str, egress: Any, listed: Any, routes: Sequence[tuple[Mapping[str, Any], str]]
) -> list[Insertion] | None:
    """What is written in braces on one line, opened into a block with the new routes; None where it is not."""
    node = egress if egress.flow_style else listed
    if node is None or not node.flow_style or node.start_mark.line != node.end_mark.line:
        return None
    old = [f"- {_source(text, each)}" for each in (listed.value if listed is not None else ())]
    column = 4 if node is egress else egress.start_mark.column + 2
    block = "".join(f"{' ' * column}{line}\n" for line in old)
    block += "".join(_block_route(route, remark, column) for route, remark in routes)
    if node is egress:
        keys = [(name.value, value) for name, value in egress.value if value is not listed]
        block = "".join(f"  {name}: {_source(text, value)}\n" for name, value in keys) + f"  routes:\n{block}"
    return [_without(text, node), Insertion(node.end_mark.line + 1, 0, block)]


def _without(text: str, node: Any) -> Insertion:
    """Takes the node away, and the blanks before it; a comment behind it stays."""
    blanks = len(text[: node.start_mark.index]) - len(text[: node.start_mark.index].rstrip(" "))
    start = node.start_mark.column - blanks
    return Insertion(node.start_mark.line, start, "", node.end_mark.column - start)


def _source(text: str, node: Any) -> str:
    """As a person wrote it."""
    return text[node.start_mark.index : node.end_mark.index]


def _into_flow(node: Any, text: str) -> Insertion:
    if not node.value:
        return Insertion(node.start_mark.line, node.start_mark.column + 1, text)
    last = node.value[-1]
    mark = (last[1] if isinstance(last, tuple) else last).end_mark
    return Insertion(mark.line, mark.column, f", {text}")


def _after(node: Any, text: str) -> Insertion:
    return Insertion(_last_line(node) + 1, 0, text)


def _last_line(node: Any) -> int:
    """The last line that something of the node stands on; a block's own end mark is past the comments after it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        mark = node.end_mark
        return int(mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def _block_route(route: Mapping[str, Any], remark: str, column: int) -> str:
    pad = " " * column
    lines = [f"{key}: {_flow(value)}" for key, value in route.items()]
    first = f"{pad}- {lines[0]}" + (f"  # {remark}" if remark else "")
    return "".join(f"{line}\n" for line in (first, *(f"{pad}  {line}" for line in lines[1:])))


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, bool | int):
        return json.dumps(value)
    return value if _PLAIN.match(value) and value.lower() not in _NOT_TEXT else json.dumps(value)
