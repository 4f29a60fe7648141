"""A bottle for a benchmark, gone when it is done."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.parts import engine, outside
from tests.e2e.parts.bottle import Bottle, manifest

_NUMBERS = itertools.count()


@contextmanager
def bottle(name: str, *, hop: bool = False, **keys: Any) -> Iterator[Bottle]:
    """A running bottle with the outside world joined."""
    run = f"e2e-p{os.getpid()}-{name}{next(_NUMBERS)}"
    image = engine.build("agent")
    with tempfile.TemporaryDirectory() as folder:
        world = outside.start(f"{run}-outside")
        found = Bottle(run, Path(folder), world, {"BOTTLE_TUI_PIPELOCK": "hop"} if hop else {})
        (found.folder / "outside.pem").write_bytes(world.authority)
        found.write(manifest(run, image, **keys))
        try:
            done = found.up()
            assert done.code == 0, done
            yield found
        finally:
            found.down("--purge")
            world.remove()
            engine.sweep(run)
