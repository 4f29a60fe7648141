"""`python -m sidecar_addon supervise`: the container's process, which is PID 1 and so handles its own signals."""

import argparse
import asyncio
import os
import signal
import sys

from sidecar_addon import quiet
from sidecar_addon.supervise.settings import Settings, from_environment


def main(argv: list[str]) -> int:
    """Serve until SIGTERM; SIGHUP reloads. Exit code 1 when the folder or the port cannot be had."""
    # A reload that comes before the loop runs must not end the process: what it announces is loaded at the start.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    argparse.ArgumentParser(prog="sidecar_addon supervise", description=__doc__).parse_args(argv)
    quiet.set_up()
    try:
        asyncio.run(_serve(from_environment(os.environ)))
    except (OSError, ValueError) as error:
        print(f"supervise: cannot start: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    from sidecar_addon.supervise.server import Service

    service = Service(settings)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, service.stop)
    loop.add_signal_handler(signal.SIGINT, service.stop)
    loop.add_signal_handler(signal.SIGHUP, service.reload)
    await service.serve()
