"""What every command gets: its words, its output, and the world, built when first used."""

import argparse
import os
from functools import cached_property
from typing import TYPE_CHECKING

from bottle_tui.cli.output import Output

if TYPE_CHECKING:
    from bottle_tui.ports import World


def build_world() -> "World":
    """The ports of this process; what they need is loaded here, so that a status bar's line never waits for it."""
    from bottle_tui.cli import world

    return world.build_world()


class Context:
    """One run of one command."""

    def __init__(self, args: argparse.Namespace, out: Output) -> None:
        self.args = args
        self.out = out

    @cached_property
    def world(self) -> "World":
        """The ports of this process."""
        return build_world()

    @property
    def runtime(self) -> str:
        """The runtime chosen for a new bottle."""
        from bottle_tui.cli.world import chosen_runtime

        return chosen_runtime(self.args.runtime, os.environ)
