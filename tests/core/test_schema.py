"""The schema for editors never refuses what the parser takes, and refuses most of what the parser refuses."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from bottle_tui.core import template
from bottle_tui.core.manifest import parse
from bottle_tui.core.schema import json_schema
from bottle_tui.errors import InvalidManifest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/bottle.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_it_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_every_example_validates(path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("provider", ["claude", "codex", "opencode", "none"])
def test_what_init_writes_validates_and_parses(provider: str) -> None:
    text = template.bottle_yaml(provider, "my-project")
    VALIDATOR.validate(yaml.safe_load(text))
    assert parse(text.encode(), "bottle.yaml").agent.provider == provider


@pytest.mark.parametrize(
    "text",
    [
        "name: a",
        "{name: A, agent: {}}",
        "{name: a, agent: {imgae: x}}",
        "{name: a, agent: {}, cred_proxy: {}}",
        "{name: a, agent: {privileged: true}}",
        "{name: a, agent: {}, egress: {routes: [{host: x.test, methods: []}]}}",
        "{name: a, agent: {}, egress: {routes: [{host: x.test, path_allowlist: [v1]}]}}",
        "{name: a, agent: {}, egress: {routes: [{host: x.test, role: nope}]}}",
        "{name: a, agent: {}, egress: {routes: [{host: 'x.test:1'}]}}",
        "{name: a, agent: {}, egress: {routes: [{host: x.test, auth: {scheme: B}}]}}",
        "{name: a, agent: {}, supervise: {wait_seconds: 9999}}",
    ],
)
def test_schema_and_parser_refuse_the_same(text: str) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
    with pytest.raises(InvalidManifest):
        parse(text.encode(), "bottle.yaml")


def test_every_key_says_what_it_is_for() -> None:
    def undescribed(node: dict[str, object], where: str) -> list[str]:
        found: list[str] = []
        properties = node.get("properties", {})
        assert isinstance(properties, dict)
        for name, inner in properties.items():
            found += [] if inner.get("description") else [f"{where}.{name}"]
            found += undescribed(inner, f"{where}.{name}")
        return found

    assert undescribed(json_schema(), "") == []
