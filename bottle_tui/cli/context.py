"""What every command gets: its words, its output, and the world, built when first used."""

import argparse
import os
from functools import cached_property

from bottle_tui.cli.output import Output
from bottle_tui.cli.world import build_world, chosen_runtime
from bottle_tui.ports import World


class Context:
    """One run of one command."""

    def __init__(self, args: argparse.Namespace, out: Output) -> None:
        self.args = args
        self.out = out

    @cached_property
    def world(self) -> World:
        """The ports of this process."""
        return build_world()

    @property
    def runtime(self) -> str:
        """The runtime chosen for a new bottle."""
        return chosen_runtime(self.args.runtime, os.environ)
