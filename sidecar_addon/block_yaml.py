"""Plain values as the YAML that people read and edit and diffs are made of."""

from typing import Any

import yaml


class _BlockDumper(yaml.SafeDumper):
    """Block style for mappings and lists of mappings, flow style for lists of scalars; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flow = not any(isinstance(item, dict) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_BlockDumper.add_representer(list, _represent_list)


def block_yaml(value: Any) -> str:
    """Plain values as block YAML, lists of scalars in one line: the form of `render_yaml`."""
    text: str = yaml.dump(value, Dumper=_BlockDumper, sort_keys=False, width=4096, allow_unicode=False)
    return text
