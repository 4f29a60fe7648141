"""A state folder that cannot be used: the doctor says so in one finding, and every command in one line."""

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bottle_tui import cli, services
from tests.cli.conftest import Shell


def at(shell: Shell, root: Path) -> Shell:
    """The same shell with its state folder there."""
    shell.world.home.root = root
    return shell


@contextmanager
def somebody_without_rights() -> Iterator[None]:
    """For root no folder is closed: for a while this is an account that owns nothing."""
    for package in (cli, services):  # read now: that account may not see this checkout either
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def home_findings(shell: Shell) -> list[dict[str, object]]:
    """What the doctor says of the folder, and of any bottle in it."""
    machine = ("python", "runtime", "manifest", "engine", "networks", "closed network")
    said = shell.json("doctor")
    return [each for each in said if each["name"] not in machine and not each["name"].startswith("image ")]


def assert_one_finding(shell: Shell, named: Path) -> None:
    (found,) = home_findings(shell)
    assert (found["name"], found["ok"]) == ("home", False)
    assert str(named) in str(found["text"])
    assert found["remedy"]
    assert shell("doctor") == 1
    assert str(found["remedy"]) in shell.out
    assert "internal error" not in shell.out + shell.err


def test_a_home_that_is_a_file_is_one_finding(shell: Shell) -> None:
    place = shell.folder / "a-file"
    place.write_text("")
    assert_one_finding(at(shell, place), place)


def test_a_home_that_cannot_be_made_is_one_finding(shell: Shell) -> None:
    (shell.folder / "a-file").write_text("")
    place = shell.folder / "a-file" / "home"
    assert_one_finding(at(shell, place), place)


def test_a_home_that_cannot_be_looked_into_is_one_finding(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.up()
    monkeypatch.chdir("/")
    root = shell.world.home.root
    root.parent.chmod(0o000)
    try:
        with somebody_without_rights():
            assert_one_finding(shell, root)
    finally:
        root.parent.chmod(0o700)


def test_a_home_that_cannot_be_written_is_one_finding_whatever_bottles_are_in_it(shell: Shell) -> None:
    shell.up()
    shell.world.home.root.chmod(0o500)
    if os.geteuid() == 0:
        pytest.skip("root may write into a folder without the write bit; the read-only mount stands for it")
    assert_one_finding(shell, shell.world.home.root)


def test_a_home_on_a_read_only_mount_is_one_finding_on_the_command_itself(shell: Shell) -> None:
    shell.up()
    root = shell.world.home.root
    mount = f"mount --bind {root} {root} && mount -o remount,ro,bind {root}"
    inside = ["unshare", "-rm", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*inside, mount], capture_output=True, check=False).returncode:
        pytest.skip("a mount namespace of one's own is not to be had here")
    words = [sys.executable, "-m", "bottle_tui", "--runtime", "local", "doctor"]
    ran = subprocess.run(
        [*inside, f'{mount} && exec "$@"', "sh", *words],
        env={**os.environ, "BOTTLE_TUI_HOME": str(root)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stdout.count("!!") == 1, ran.stdout
    assert f"!!  home: {root} cannot be written" in ran.stdout
    assert "BOTTLE_TUI_HOME" in ran.stdout
    assert "box" not in ran.stdout
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["audit.jsonl", "bottle.json"])
def test_a_file_of_one_bottle_that_cannot_be_read_is_a_finding_with_its_remedy(shell: Shell, name: str) -> None:
    shell.up()
    file = shell.world.home.bottle("box").path / name
    file.unlink(missing_ok=True)
    file.mkdir()
    (found,) = [each for each in shell.json("doctor") if each["ok"] is False]
    assert str(file) in str(found["text"])
    assert "remove" in str(found["remedy"])
    assert shell("doctor") == 1


@pytest.mark.parametrize("words", [("ps",), ("proposals",), ("audit", "show", "box"), ("stop", "box"), ("down", "box")])
def test_a_home_that_cannot_be_looked_into_is_one_line_for_every_command(
    shell: Shell, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.up()
    monkeypatch.chdir("/")
    root = shell.world.home.root
    root.parent.chmod(0o000)
    try:
        with somebody_without_rights():
            assert shell(*words) in (1, 2)
    finally:
        root.parent.chmod(0o700)
    assert shell.err.count("\n") == 1, shell.err
    assert str(root) in shell.err
    assert "internal error" not in shell.err
