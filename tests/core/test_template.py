"""What `init` makes of a folder and of what is installed."""

import pytest

from bottle_tui.core import template
from bottle_tui.core.manifest import parse


@pytest.mark.parametrize(
    ("folder", "slug"),
    [
        ("My Project", "my-project"),
        ("a" * 50, "a" * 40),
        ("---", "bottle"),
        ("", "bottle"),
        ("café_2", "caf-2"),
        ("x" * 39 + "--y", "x" * 39),
    ],
)
def test_a_folders_name_becomes_a_slug(folder: str, slug: str) -> None:
    assert template.slug(folder) == slug
    assert parse(f"name: {slug}\nagent: {{}}\n".encode(), "f").name == slug


def test_the_installed_program_is_the_provider() -> None:
    assert template.found(lambda name: name if name == "opencode" else None) == "opencode"
    assert template.found(lambda name: None) == "none"


def test_the_build_folder_of_the_manifest_is_where_the_dockerfile_is() -> None:
    files = template.files("claude", "x", manifest="b.yaml")
    build = parse(files["b.yaml"].encode(), "b.yaml").agent.build
    assert build == "./agent"
    assert "agent/Dockerfile" in files


@pytest.mark.parametrize("name", ["2024", "007", "true", "null", "a-1"])
def test_whatever_the_folder_is_called_the_manifest_can_be_read(name: str) -> None:
    assert parse(template.bottle_yaml("none", name).encode(), "bottle.yaml").name == name
