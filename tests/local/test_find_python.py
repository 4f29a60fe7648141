"""`find-python.sh`: which Python `make` uses, and what it says when there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "find-python.sh"
TOOLS = ("sh", "id", "cut", "cat", "getent")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the shell's own tools and no Python at all."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        found = next((path / name for path in map(Path, ("/bin", "/usr/bin")) if (path / name).exists()), None)
        if found is not None:
            (folder / name).symlink_to(found)
    return folder


def find(path: str, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": path, "HOME": "/nonexistent", "PYENV_ROOT": "/nonexistent"} | environ
    return subprocess.run(["/bin/sh", str(SCRIPT)], env=env, capture_output=True, text=True, timeout=30, check=False)


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def real(path: Path) -> Path:
    """A program that runs this test's own Python."""
    script(path, f'exec "{os.path.realpath(sys.executable)}" "$@"')
    return path


def test_a_python_on_path_is_taken(tools: Path, tmp_path: Path) -> None:
    wanted = real(tmp_path / "bin/python3.13")
    assert find(f"{tools}:{tmp_path}/bin").stdout.strip() == str(wanted)


def test_a_shim_that_exists_and_fails_is_passed_over(tools: Path, tmp_path: Path) -> None:
    script(tmp_path / "shims/python3", "exit 127")
    script(tmp_path / "shims/python3.13", "echo not found >&2; exit 127")
    wanted = real(tmp_path / "later/python3")
    assert find(f"{tools}:{tmp_path}/shims:{tmp_path}/later").stdout.strip() == str(wanted)


def test_one_that_is_too_old_is_passed_over(tools: Path, tmp_path: Path) -> None:
    script(tmp_path / "old/python3", "exit 1")  # what `sys.exit(version < 3.13)` of an old one does
    wanted = real(tmp_path / "pyenv/versions/3.13.1/bin/python")
    assert find(f"{tools}:{tmp_path}/old", PYENV_ROOT=f"{tmp_path}/pyenv").stdout.strip() == str(wanted)


def test_pyenv_s_versions_are_found_by_its_own_word_even_with_an_empty_home(tools: Path, tmp_path: Path) -> None:
    wanted = real(tmp_path / "root/versions/3.14.0/bin/python")
    script(tmp_path / "bin/pyenv", f'[ "$1" = root ] && echo "{tmp_path}/root"')
    assert find(f"{tools}:{tmp_path}/bin", PYENV_ROOT="", HOME="").stdout.strip() == str(wanted)


def test_pyenv_in_the_home_folder_is_found_without_a_word(tools: Path, tmp_path: Path) -> None:
    wanted = real(tmp_path / ".pyenv/versions/3.13.0/bin/python")
    assert find(str(tools), HOME=str(tmp_path)).stdout.strip() == str(wanted)


def test_older_versions_of_pyenv_are_not_even_tried(tools: Path, tmp_path: Path) -> None:
    real(tmp_path / ".pyenv/versions/3.12.9/bin/python")
    assert find(str(tools), HOME=str(tmp_path)).returncode == 1


def test_uv_is_asked_last(tools: Path, tmp_path: Path) -> None:
    wanted = real(tmp_path / "uv-python")
    script(tmp_path / "bin/uv", f'[ "$1 $2" = "python find" ] && echo "{wanted}"')
    assert find(f"{tools}:{tmp_path}/bin").stdout.strip() == str(wanted)


def test_without_any_it_says_what_to_install(tools: Path) -> None:
    found = find(str(tools))
    assert (found.returncode, found.stdout) == (1, "")
    for words in ("no Python >= 3.13 found", "uv python install", "pyenv install", "apt install", "brew install"):
        assert words in found.stderr


def test_one_that_is_named_outright_wins_or_is_refused(tools: Path, tmp_path: Path) -> None:
    wanted = real(tmp_path / "mine")
    assert find(str(tools), BOTTLE_TUI_PYTHON=str(wanted)).stdout.strip() == str(wanted)
    refused = find(str(tools), BOTTLE_TUI_PYTHON=f"{tmp_path}/nothing")
    assert refused.returncode == 1
    assert "BOTTLE_TUI_PYTHON" in refused.stderr
