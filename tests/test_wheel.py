"""What is installed from a wheel is what a checkout runs: the same images, every file that is read at run time."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from bottle_tui.adapters.docker import images

ROOT = Path(__file__).parent.parent
ASKED = """\
import json
from bottle_tui.adapters.docker import images
import bottle_tui
print(json.dumps([bottle_tui.__file__, {role: images.tag(role, images.context_tar(images.context_files(role)))
                                        for role in images.ROLES}]))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, unpacked as an installer does it."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(folder / "dist"), versions=["standard"]))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, *words: str) -> str:
    """Python with the unpacked wheel before everything else, away from the checkout."""
    environ = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    done = subprocess.run([sys.executable, *words], cwd=site.parent, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_builds_the_very_images_that_a_checkout_builds(unpacked: Path) -> None:
    place, tags = json.loads(run(unpacked, "-c", ASKED))
    assert Path(place).is_relative_to(unpacked), "it is the wheel that was asked"
    assert tags == {role: images.tag(role, images.context_tar(images.context_files(role))) for role in images.ROLES}


def test_every_file_of_the_packages_is_in_the_wheel(unpacked: Path) -> None:
    here = [path for package in ("bottle_tui", "sidecar_addon") for path in (ROOT / package).rglob("*")]
    names = [path.relative_to(ROOT) for path in here if path.is_file() and path.suffix != ".pyc"]
    assert len(names) > 100
    assert [name for name in names if not (unpacked / name).is_file()] == []


def test_the_command_of_a_wheel_answers(unpacked: Path) -> None:
    assert json.loads(run(unpacked, "-m", "bottle_tui", "schema"))["properties"]["egress"]
