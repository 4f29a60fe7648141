"""One local bottle for the tests that leave it as they found it, and a maker for those that do not."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import bottles

from bottle_tui.adapters.home import DiskHome
from bottle_tui.adapters.local import LocalRuntime
from bottle_tui.ports import Launch, Recorded

SLUG = "local-test"


@dataclass
class Running:
    """A bottle and what it was made with."""

    runtime: LocalRuntime
    record: Recorded
    launch: Launch
    home: Path


type Make = Callable[..., Running]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bottles.Upstream]:
    made = bottles.Upstream(tmp_path_factory.mktemp("upstream"), bottles.HOST, "new.example.com")
    yield made
    made.close()


def _maker(upstream: bottles.Upstream, stack: ExitStack) -> Make:
    def make(root: Path, *, command: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> Running:
        home = root / "bottles" / SLUG
        home.mkdir(parents=True)
        where = upstream.stands_for(bottles.HOST, "new.example.com")
        runtime = LocalRuntime(DiskHome(root), environ, upstreams=where)
        launch = bottles.launch(home, upstream.certificate, command=command)
        stack.callback(lambda: runtime.remove(SLUG, None, purge=True))
        return Running(runtime, runtime.launch(launch, lambda line: None), launch, home)

    return make


@pytest.fixture
def make(upstream: bottles.Upstream) -> Iterator[Make]:
    """Makes bottles that end with the test."""
    with ExitStack() as stack:
        yield _maker(upstream, stack)


@pytest.fixture(scope="module")
def bottle(upstream: bottles.Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that a module's tests share."""
    with ExitStack() as stack:
        yield _maker(upstream, stack)(tmp_path_factory.mktemp("home"))
