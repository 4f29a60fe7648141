"""What every end-to-end test stands on: an engine, images, the outside world, bottles that are always taken down.

With `CI=true` or `BOTTLE_TUI_E2E=1` a missing engine fails; else the tests are skipped with one line that says so.
"""

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts import outside as outside_world
from tests.e2e.parts.bottle import Bottle, MakeBottle, manifest

HERE = Path(__file__).parent
RUN = f"e2e-p{os.getpid()}"
COUNT: Counter[str] = Counter()
WHY: dict[str, str] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what lies here, gives it time, and skips it all where there is no engine."""
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.e2e)
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(300))
    if not here or config.option.markexpr == "not e2e":
        return
    WHY["no engine"] = engine.missing() or ""
    if WHY["no engine"] and os.environ.get("CI") != "true" and os.environ.get("BOTTLE_TUI_E2E") != "1":
        for item in here:
            item.add_marker(pytest.mark.skip(reason=f"needs a Docker engine: {WHY['no engine']}"))


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Counts what `make test` leaves to `make e2e`."""
    here = [item for item in items if HERE in item.path.parents]
    COUNT["deselected"] += sum(1 for item in here if item.config.option.markexpr == "not e2e")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what only the real pipelock can show where the hop stands in; notes which one a test's bottles have."""
    if HERE not in item.path.parents:
        return
    if item.get_closest_marker("real_pipelock") and pipelock() == "hop":
        pytest.skip("only the real pipelock can show this")
    if "new_bottle" in getattr(item, "fixturenames", ()):
        item.user_properties.append(("pipelock", pipelock()))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts the tests that had a bottle, and with which pipelock."""
    if not report.nodeid.startswith("tests/e2e/"):
        return
    if report.when == "call":
        COUNT[dict(report.user_properties).get("pipelock", "none")] += 1
    elif report.when == "setup" and report.skipped and "only the real pipelock" in str(report.longrepr):
        COUNT["only real"] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The last lines: what ran with which pipelock, and what did not run."""
    if COUNT["deselected"]:
        terminalreporter.write_line(f"{COUNT['deselected']} end-to-end tests need a Docker engine: run `make e2e`.")
    if ran := COUNT["real"] + COUNT["hop"]:
        terminalreporter.write_line(
            f"end to end: {ran} ran; with the real pipelock {COUNT['real']}, with the hop in its place {COUNT['hop']}, "
            f"skipped because only the real one can show it {COUNT['only real']}"
        )
    elif WHY.get("no engine"):
        terminalreporter.write_line(f"The end-to-end tests need a Docker engine: {WHY['no engine']}")


def pipelock() -> str:
    """ "real" or "hop": which one the bottles of this run get."""
    if "pipelock" not in WHY:
        WHY["pipelock"] = "hop" if engine.stand_in() else "real"
    return WHY["pipelock"]


@pytest.fixture(scope="session", autouse=True)
def a_clean_engine() -> Iterator[None]:
    """Fails loudly without an engine; takes away what this run, or a dead one before it, left behind."""
    if WHY.get("no engine"):
        pytest.fail(f"The end-to-end tests need a Docker engine: {WHY['no engine']}", pytrace=False)
    for run in engine.dead_runs():
        engine.sweep(run)
    yield
    engine.sweep(RUN)


@pytest.fixture(scope="session")
def outside(a_clean_engine: None) -> Iterator[outside_world.Outside]:
    """The outside world, one for the whole run."""
    started = outside_world.start(f"{RUN}-outside")
    yield started
    started.remove()


@pytest.fixture(scope="session")
def agent_image(a_clean_engine: None) -> str:
    """curl, Python and the official MCP client."""
    return engine.build("agent")


@pytest.fixture(scope="session")
def programs_image(a_clean_engine: None) -> str:
    """The same with the published Codex and opencode."""
    return engine.build("programs")


@pytest.fixture(scope="session")
def new_bottle(
    outside: outside_world.Outside, agent_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeBottle]:
    """Makes a bottle that is not up yet, its manifest written. All are taken down at the end of the run."""
    made: list[Bottle] = []
    numbers = itertools.count()

    def make(name: str, *, image: str | None = None, environ: dict[str, str] | None = None, **keys: Any) -> Bottle:
        slug = f"{RUN}-{name}{next(numbers)}"
        folder = tmp_path_factory.mktemp(name)
        bottle = Bottle(slug, folder, outside, {**engine.stand_in(), **(environ or {})})
        (folder / "outside.pem").write_bytes(outside.authority)
        bottle.write(manifest(slug, image or agent_image, **keys))
        made.append(bottle)
        return bottle

    yield make
    for bottle in made:
        bottle.down("--purge")


@pytest.fixture(scope="session")
def make_bottle(new_bottle: MakeBottle) -> MakeBottle:
    """Makes a bottle that runs."""

    def make(name: str, **keys: Any) -> Bottle:
        bottle = new_bottle(name, **keys)
        done = bottle.up()
        assert done.code == 0, f"up failed: {done}"
        return bottle

    return make
