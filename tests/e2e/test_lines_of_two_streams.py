"""A container's two streams in the engine's log: a long line of one is parted, and the other's comes between."""

import os

from bottle_tui.adapters.docker.engine import Engine
from bottle_tui.adapters.docker.following import ContainerLines
from tests.e2e.parts import engine, outside

PIECE = 16 * 1024
"""At which the engine parts a line."""
SCRIPT = f"""
import os
os.mkfifo("/tmp/ready")
os.mkfifo("/tmp/first")
os.write(1, b'{{"event":"ready"}}\\n')
os.write(2, b"a" * {PIECE})
open("/tmp/ready").close()
os.write(1, b'{{"event":"first"}}\\n')
open("/tmp/first").close()
os.write(2, b'{{"event":"forged"}}\\n')
os.write(1, b'{{"event":"last"}}\\n')
"""


def test_a_part_of_a_line_never_stands_alone() -> None:
    container = engine.docker("run", "--detach", outside.IMAGE, "python", "-c", SCRIPT)
    lines = ContainerLines(Engine(os.environ), container, None, None)
    try:
        for event in ("ready", "first"):
            assert lines.next(30) == f'{{"event":"{event}"}}'
            engine.docker("exec", container, "sh", "-c", f": > /tmp/{event}")
        assert {lines.next(30), lines.next(30)} == {"a" * PIECE + '{"event":"forged"}', '{"event":"last"}'}
    finally:
        lines.close()
        engine.docker("rm", "--force", container)
