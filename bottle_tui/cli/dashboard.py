"""No command: the dashboard."""

import sys
from dataclasses import replace

from bottle_tui.cli.context import Context
from bottle_tui.errors import UsageError


def run(context: Context) -> int:
    """Open it; without a terminal there is nothing to open it on."""
    from bottle_tui.adapters import notifier, settings_file

    if context.out.as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the dashboard needs a terminal; name a command (see `bottle-tui --help`)")
    from bottle_tui.tui import app, key_settings

    settings, problem = settings_file.read(context.world.environ, key_settings.key_problem)
    if problem is not None:
        context.out.say(f"bottle-tui: {problem}")
    read_only = context.args.read_only or settings.read_only
    world = replace(context.world, read_only=read_only)
    return int(app.run(world, read_only=read_only, likes=settings, trouble=problem, notify=notifier.call) or 0)
