"""The house's own rules, checked on what was really imported and written."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
HEAVY = ("textual", "docker", "mitmproxy", "mcp")
DECIDES = ("matching.py", "table.py", "table_parser.py", "block_yaml.py", "times.py")


def loaded_by(*modules: str) -> set[str]:
    """The top-level names that a fresh interpreter holds after importing these modules."""
    program = (
        "import importlib, json, sys\n"
        f"[importlib.import_module(name) for name in {list(modules)!r}]\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=TOP)
    return set(json.loads(ran.stdout))


def modules_of(package: str) -> list[str]:
    found = []
    for path in sorted((TOP / package).rglob("*.py")):
        name = ".".join(path.relative_to(TOP).with_suffix("").parts)
        found.append(name.removesuffix(".__init__"))
    return [name for name in found if not name.endswith("__main__")]


def test_nothing_that_runs_in_a_container_loads_the_host_side() -> None:
    assert "bottle_tui" not in loaded_by(*modules_of("sidecar_addon"))


@pytest.mark.parametrize("package", ["bottle_tui/core", "bottle_tui/services"])
def test_the_lower_layers_load_no_heavy_library(package: str) -> None:
    assert loaded_by(*modules_of(package)).isdisjoint(HEAVY)


def test_the_dashboard_never_loads_what_only_sidecars_need() -> None:
    assert loaded_by(*modules_of("bottle_tui/tui")).isdisjoint({"mcp", "mitmproxy", "docker"})


@pytest.mark.parametrize("module", ["bottle_tui.core", "sidecar_addon.matching"])
def test_core_opens_nothing(module: str) -> None:
    forbidden = {"subprocess", "os", "logging", "socket", "time", "pathlib"}
    folder = TOP / "bottle_tui/core" if module == "bottle_tui.core" else TOP / "sidecar_addon"
    files = folder.rglob("*.py") if module == "bottle_tui.core" else [*(folder / name for name in DECIDES)]
    for path in files:
        names = {
            alias.name.partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        assert names.isdisjoint(forbidden), f"{path.name} imports {names & forbidden}"


def test_a_broad_except_stands_only_at_the_gate_a_worker_and_the_command_line() -> None:
    workers = ("bottle_tui/tui/", "bottle_tui/services/rounds.py")
    allowed = ("sidecar_addon/gate/", *workers, "bottle_tui/cli/main.py")
    found = []
    for path in [*(TOP / "bottle_tui").rglob("*.py"), *(TOP / "sidecar_addon").rglob("*.py")]:
        place = str(path.relative_to(TOP))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not place.startswith(allowed):
                found.append(f"{place}:{node.lineno}")
    assert found == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def test_every_variable_that_is_read_is_described_in_the_settings() -> None:
    read = {
        name
        for path in (TOP / "bottle_tui").rglob("*.py")
        for name in re.findall(r"BOTTLE_TUI_[A-Z]+(?:_[A-Z]+)*", path.read_text())
    }
    described = set(re.findall(r"BOTTLE_TUI_[A-Z_]+", (TOP / "docs" / "settings.md").read_text()))
    assert read - described == set()
    assert described - read == set()
